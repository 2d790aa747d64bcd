-- The returns counted against the lost pool at the start are the clients listed as returned in the
-- period after a loss before it, each once.
-- audits: churn
-- reads:  churn[all], returned_clients[all]
with listed as (
    select
        period_kinds.period_kind,
        cast(
            case
                when period_kinds.period_kind = 'month' then date_trunc('month', month)
                when period_kinds.period_kind = 'quarter' then date_trunc('quarter', month)
                else date_trunc('year', month)
            end
            as date
        ) as period,
        lost_after_months,
        client_id,
        lost_month
    from (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
    cross join returned_clients
),

counted as (
    select
        period_kind,
        period,
        lost_after_months,
        count(distinct client_id) as expected_returned_of_pool,
        0 as returned_of_pool
    from listed
    where lost_month < period
    group by period_kind, period, lost_after_months
    union all
    select
        period_kind,
        period,
        lost_after_months,
        0 as expected_returned_of_pool,
        returned_of_pool
    from churn
    where cut = 'all'
)

select
    period_kind,
    period,
    lost_after_months,
    sum(expected_returned_of_pool) as expected_returned_of_pool,
    sum(returned_of_pool) as returned_of_pool
from counted
group by period_kind, period, lost_after_months
having sum(expected_returned_of_pool) <> sum(returned_of_pool)
