-- Clients who have bought three times or more in their life.
-- reads:  client_lifecycle[0]
select
    month,
    client_id
from client_lifecycle
where
    month between $first_month and $last_month
    and purchases >= 3
