-- Every client keeps its row from the first purchase on, and every buyer of the month has one with
-- this month as its last purchase month.
-- audits: client_state
-- reads:  client_state[-1..0], purchase_month[0]
with expected as (
    select cast(month + interval '1 month' as date) as month, client_id, purchases, 0 as is_buyer
    from client_state
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    union all
    select month, client_id, purchases, 1 as is_buyer
    from purchase_month
    where month between $first_month and $last_month
),

expected_clients as (
    select
        month,
        client_id,
        sum(purchases) as expected_purchases,
        max(is_buyer) as is_buyer
    from expected
    group by month, client_id
),

states as (
    select month, client_id, purchases, months_since_last_purchase
    from client_state
    where month between $first_month and $last_month
)

select
    coalesce(expected_clients.month, states.month) as month,
    coalesce(expected_clients.client_id, states.client_id) as client_id,
    expected_clients.expected_purchases,
    states.purchases,
    states.months_since_last_purchase
from expected_clients
full join states
    on expected_clients.month = states.month
    and expected_clients.client_id = states.client_id
where
    expected_clients.client_id is null
    or states.client_id is null
    or expected_clients.expected_purchases <> states.purchases
    or (expected_clients.is_buyer = 1) <> (states.months_since_last_purchase = 0)
