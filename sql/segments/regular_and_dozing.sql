-- Regular clients who are dozing: known for buying, silent for longer than is usual here.
-- reads:  client_lifecycle[0]
select
    month,
    client_id
from client_lifecycle
where
    month between $first_month and $last_month
    and count_segment = 'regular'
    and recency_segment = 'dozing'
