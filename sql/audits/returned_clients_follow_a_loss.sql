-- Every return ends exactly one loss that was reported before.
-- audits: returned_clients
-- reads:  returned_clients[0], lost_clients[..-1]
select
    returned_clients.month,
    returned_clients.lost_after_months,
    returned_clients.client_id,
    returned_clients.lost_month as expected_lost_month
from returned_clients
left anti join lost_clients
    on returned_clients.client_id = lost_clients.client_id
    and returned_clients.lost_after_months = lost_clients.lost_after_months
    and returned_clients.lost_month = lost_clients.month
    and lost_clients.month < $last_month
where returned_clients.month between $first_month and $last_month
