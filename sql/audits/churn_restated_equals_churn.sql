-- Losses as reported are the losses of churn in every period and cut, split into returned and still
-- lost.
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
        0 as returned_and_still_lost
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
        returned_since + still_lost as returned_and_still_lost
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
    sum(returned_and_still_lost) as returned_and_still_lost
from losses
group by period_kind, period, lost_after_months, cut, cut_value
having
    sum(expected_lost) <> sum(lost_as_reported)
    or sum(expected_lost) <> sum(returned_and_still_lost)
