-- The clients lost by their own rhythm are those with enough purchases whose overdue ratio in the
-- life cycle has reached the limit in the month, or has done so again since a purchase in the month.
-- audits: loss_grounds
-- reads:  loss_grounds[0], client_lifecycle[-1..0]
-- param:  loss_rhythm_intervals bigint
-- param:  warnings_overdue_purchases bigint
with overdue as (
    select
        client_lifecycle.month,
        client_lifecycle.client_id,
        client_lifecycle.last_purchase_date >= client_lifecycle.month as is_buyer
    from client_lifecycle
    where
        client_lifecycle.month >= cast($first_month as date) - interval '1 month'
        and client_lifecycle.month <= $last_month
        and client_lifecycle.purchases >= $warnings_overdue_purchases
        and client_lifecycle.overdue_ratio >= $loss_rhythm_intervals
),

counted as (
    select now.month, now.client_id, 1 as expected, 0 as listed
    from overdue as now
    left join overdue as before
        on now.client_id = before.client_id
        and now.month = before.month + interval '1 month'
    where now.month >= $first_month and (before.month is null or now.is_buyer)
    union all
    select month, client_id, 0 as expected, 1 as listed
    from loss_grounds
    where month between $first_month and $last_month and ground = 'own_rhythm'
)

select
    month,
    client_id,
    sum(expected) as expected,
    sum(listed) as listed
from counted
group by month, client_id
having sum(expected) <> sum(listed)
