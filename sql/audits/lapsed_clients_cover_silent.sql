-- Every client has one row in the first whole month of each silence, with the money of the year
-- before, and names a product that it bought last.
-- audits: lapsed_clients
-- reads:  lapsed_clients[0], client_state[0]
select
    coalesce(client_state.month, lapsed_clients.month) as month,
    coalesce(client_state.client_id, lapsed_clients.client_id) as client_id,
    client_state.last_purchase_month as expected_last_purchase_month,
    lapsed_clients.last_purchase_month,
    lapsed_clients.last_products
from client_state
full join lapsed_clients
    on client_state.month = lapsed_clients.month
    and client_state.client_id = lapsed_clients.client_id
where
    coalesce(client_state.month, lapsed_clients.month) between $first_month and $last_month
    and (
        lapsed_clients.client_id is not null
        or client_state.months_since_last_purchase = 1
    )
    and (
        (client_state.last_purchase_month is distinct from lapsed_clients.last_purchase_month)
        or (client_state.months_since_last_purchase is distinct from 1)
        or coalesce(cardinality(lapsed_clients.last_products), 0) = 0
    )
