-- The clients who are lost on the as-of date are as many as churn has left in the pool, without the
-- losses of a month that is not over.
-- audits: lost_pool
-- reads:  lost_pool[all], churn[all]
with last_month as (
    select max(period) as period
    from churn
    where period_kind = 'month'
),

counted as (
    select
        churn.lost_after_months,
        churn.lost_pool_start - churn.returned
        + case when churn.is_partial then 0 else churn.lost end as expected_clients,
        0 as clients
    from last_month
    inner join churn
        on last_month.period = churn.period
    where churn.period_kind = 'month' and churn.cut = 'all'
    union all
    select lost_after_months, 0 as expected_clients, count(*) as clients
    from lost_pool
    group by lost_after_months
)

select
    lost_after_months,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients
from counted
group by lost_after_months
having sum(expected_clients) <> sum(clients)
