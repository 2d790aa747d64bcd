-- The clients who are lost on the as-of date are as many as churn has left in the pool, without the
-- losses of a month that is not over.
-- audits: lost_pool
-- reads:  lost_pool[all], churn_month[all]
-- param:  as_of_date date
with counted as (
    select
        lost_after_months,
        lost_pool_start - returned
        + case
            when
                date_trunc('month', $as_of_date)
                = date_trunc('month', $as_of_date + interval '1 day')
                then 0
            else lost
        end as expected_clients,
        0 as clients
    from churn_month
    where month = cast(date_trunc('month', $as_of_date) as date) and cut = 'all'
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
