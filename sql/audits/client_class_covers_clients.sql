-- Every client who has ever bought has its classes, of the month in which it last bought.
-- audits: client_class
-- reads:  client_class[0], client_state[0]
select
    coalesce(client_state.month, client_class.month) as month,
    coalesce(client_state.client_id, client_class.client_id) as client_id,
    client_state.last_purchase_month as expected_last_purchase_month,
    client_class.last_purchase_month
from client_state
full join client_class
    on client_state.month = client_class.month
    and client_state.client_id = client_class.client_id
where
    coalesce(client_state.month, client_class.month) between $first_month and $last_month
    and (
        client_state.client_id is null
        or client_class.client_id is null
        or client_state.last_purchase_month <> client_class.last_purchase_month
    )
