-- Whoever buys in the first six months of its life has a turn with the purchase days of the month.
-- audits: client_turns
-- reads:  client_turns[0], client_state[0], purchase_month[0]
with expected as (
    select
        purchase_month.month,
        purchase_month.client_id,
        purchase_month.purchases
    from purchase_month
    inner join client_state
        on purchase_month.month = client_state.month
        and purchase_month.client_id = client_state.client_id
        and client_state.month between $first_month and $last_month
    where
        purchase_month.month between $first_month and $last_month
        and client_state.first_purchase_month >= purchase_month.month - interval '5 months'
),

turns as (
    select month, client_id, purchases
    from client_turns
    where month between $first_month and $last_month and turn <> 'silent'
)

select
    coalesce(expected.month, turns.month) as month,
    coalesce(expected.client_id, turns.client_id) as client_id,
    expected.purchases as expected_purchases,
    turns.purchases
from expected
full join turns
    on expected.month = turns.month and expected.client_id = turns.client_id
where expected.purchases is distinct from turns.purchases
