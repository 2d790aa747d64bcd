-- The monthly rows of churn, made from clients who came in the month, are those of churn_month, and
-- in a month every loss is one of the clients at its start and every return one of the lost pool.
-- audits: churn
-- reads:  churn[all], churn_month[all]
with months as (
    select
        period as month,
        lost_after_months,
        cut,
        cut_value,
        clients_start,
        new,
        new_left_censored,
        returned,
        lost,
        lost_of_start,
        clients_end,
        returned_of_pool,
        lost_pool_start
    from churn
    where period_kind = 'month'
)

select
    coalesce(churn_month.month, months.month) as month,
    coalesce(churn_month.lost_after_months, months.lost_after_months) as lost_after_months,
    coalesce(churn_month.cut, months.cut) as cut,
    coalesce(churn_month.cut_value, months.cut_value) as cut_value,
    churn_month.clients_start as expected_clients_start,
    months.clients_start,
    churn_month.new as expected_new,
    months.new,
    churn_month.new_left_censored as expected_new_left_censored,
    months.new_left_censored,
    churn_month.returned as expected_returned,
    months.returned,
    churn_month.lost as expected_lost,
    months.lost,
    months.lost_of_start,
    churn_month.clients_end as expected_clients_end,
    months.clients_end,
    months.returned_of_pool,
    churn_month.lost_pool_start as expected_lost_pool_start,
    months.lost_pool_start
from churn_month
full join months
    on churn_month.month = months.month
    and churn_month.lost_after_months = months.lost_after_months
    and churn_month.cut = months.cut
    and churn_month.cut_value = months.cut_value
where
    churn_month.month is null
    or months.month is null
    or churn_month.clients_start <> months.clients_start
    or churn_month.new <> months.new
    or churn_month.new_left_censored <> months.new_left_censored
    or churn_month.returned <> months.returned
    or churn_month.lost <> months.lost
    or churn_month.lost <> months.lost_of_start
    or churn_month.clients_end <> months.clients_end
    or churn_month.returned <> months.returned_of_pool
    or churn_month.lost_pool_start <> months.lost_pool_start
