-- Every period of all clients starts with the clients and the lost pool of its first month, and has
-- the new, returned and lost of all its months.
-- audits: churn
-- reads:  churn[all]
with months as (
    select
        period as month,
        lost_after_months,
        clients_start,
        new,
        returned,
        lost,
        lost_pool_start
    from churn
    where period_kind = 'month' and cut = 'all'
),

first_months as (
    select
        churn.period_kind,
        churn.period,
        churn.lost_after_months,
        churn.clients_start,
        churn.new,
        churn.returned,
        churn.lost,
        churn.lost_pool_start,
        min(months.month) as first_month,
        sum(months.new) as months_new,
        sum(months.returned) as months_returned,
        sum(months.lost) as months_lost
    from churn
    inner join months
        on churn.lost_after_months = months.lost_after_months
        and churn.period <= months.month
        and case
            when churn.period_kind = 'quarter' then churn.period + interval '3 months'
            else churn.period + interval '1 year'
        end > months.month
    where churn.period_kind <> 'month' and churn.cut = 'all'
    group by
        churn.period_kind,
        churn.period,
        churn.lost_after_months,
        churn.clients_start,
        churn.new,
        churn.returned,
        churn.lost,
        churn.lost_pool_start
)

select
    first_months.period_kind,
    first_months.period,
    first_months.lost_after_months,
    months.clients_start as expected_clients_start,
    first_months.clients_start,
    first_months.months_new as expected_new,
    first_months.new,
    first_months.months_returned as expected_returned,
    first_months.returned,
    first_months.months_lost as expected_lost,
    first_months.lost,
    months.lost_pool_start as expected_lost_pool_start,
    first_months.lost_pool_start
from first_months
inner join months
    on first_months.first_month = months.month
    and first_months.lost_after_months = months.lost_after_months
where
    first_months.clients_start <> months.clients_start
    or first_months.new <> first_months.months_new
    or first_months.returned <> first_months.months_returned
    or first_months.lost <> first_months.months_lost
    or first_months.lost_pool_start <> months.lost_pool_start
