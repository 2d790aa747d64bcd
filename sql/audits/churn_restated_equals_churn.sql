-- Losses as reported are the losses of churn in every period and cut, split into returned and still
-- lost; so are their revenue and their profit.
-- audits: churn_restated
-- reads:  churn[all], churn_restated[all]
with losses as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        lost as expected_lost,
        0 as lost_as_reported,
        0 as returned_and_still_lost,
        lost_revenue_12m as expected_lost_revenue_12m,
        0 as lost_revenue_12m,
        0 as split_revenue_12m,
        lost_profit_12m as expected_lost_profit_12m,
        cast(null as decimal(28, 4)) as lost_profit_12m,
        cast(null as decimal(28, 4)) as split_profit_12m
    from churn
    union all
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        0 as expected_lost,
        lost_as_reported,
        returned_since + still_lost as returned_and_still_lost,
        0 as expected_lost_revenue_12m,
        lost_revenue_12m,
        returned_since_revenue_12m + still_lost_revenue_12m as split_revenue_12m,
        cast(null as decimal(28, 4)) as expected_lost_profit_12m,
        lost_profit_12m,
        case
            when returned_since_profit_12m is not null or still_lost_profit_12m is not null
                then coalesce(returned_since_profit_12m, 0) + coalesce(still_lost_profit_12m, 0)
        end as split_profit_12m
    from churn_restated
)

select
    period_kind,
    period,
    lost_after_months,
    cut,
    cut_value,
    sum(expected_lost) as expected_lost,
    sum(lost_as_reported) as lost_as_reported,
    sum(returned_and_still_lost) as returned_and_still_lost,
    sum(expected_lost_revenue_12m) as expected_lost_revenue_12m,
    sum(lost_revenue_12m) as lost_revenue_12m,
    sum(split_revenue_12m) as split_revenue_12m,
    sum(expected_lost_profit_12m) as expected_lost_profit_12m,
    sum(lost_profit_12m) as lost_profit_12m,
    sum(split_profit_12m) as split_profit_12m
from losses
group by period_kind, period, lost_after_months, cut, cut_value
having
    sum(expected_lost) <> sum(lost_as_reported)
    or sum(expected_lost) <> sum(returned_and_still_lost)
    or sum(expected_lost_revenue_12m) <> sum(lost_revenue_12m)
    or sum(expected_lost_revenue_12m) <> sum(split_revenue_12m)
    or (sum(expected_lost_profit_12m) is distinct from sum(lost_profit_12m))
    or coalesce(sum(expected_lost_profit_12m), 0) <> coalesce(sum(split_profit_12m), 0)
