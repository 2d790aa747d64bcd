-- Every purchase day begins one silence, and what lasts never grows with the days.
-- audits: silence_days
-- reads:  silence_days[all], repeat_sales_month[all]
with purchases as (
    select coalesce(sum(purchases), 0) as purchases
    from repeat_sales_month
),

beginnings as (
    select coalesce(sum(at_risk), 0) as silences
    from silence_days
    where client_type = 'all' and part = 'all' and purchases = 0 and days_silent = 0
),

in_order as (
    select
        client_type,
        part,
        purchases,
        days_silent,
        at_risk,
        ended,
        open,
        lead(at_risk) over (partition by client_type, part, purchases order by days_silent)
            as at_risk_after,
        lasting,
        lead(lasting) over (partition by client_type, part, purchases order by days_silent)
            as lasting_after
    from silence_days
)

select
    'beginnings' as problem,
    'all' as client_type,
    'all' as part,
    0 as days_silent,
    purchases.purchases as expected,
    beginnings.silences as actual
from purchases
cross join beginnings
where purchases.purchases <> beginnings.silences
union all
select
    'course' as problem,
    client_type,
    part,
    days_silent,
    at_risk - ended - open as expected,
    at_risk_after as actual
from in_order
where at_risk - ended - open <> at_risk_after or lasting_after > lasting
