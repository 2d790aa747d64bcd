-- Survival only falls: the clients at risk are those at risk a month before without its losses, and
-- a new cohort is at risk as a whole.
-- audits: churn_cohorts
-- reads:  churn_cohorts[-1..0]
select
    now.month,
    now.lost_after_months,
    now.cohort_month,
    coalesce(before.at_risk - before.lost, now.cohort_size) as expected_at_risk,
    now.at_risk,
    now.lost
from churn_cohorts as now
left join churn_cohorts as before
    on now.lost_after_months = before.lost_after_months
    and now.cohort_month = before.cohort_month
    and now.age = before.age + 1
    and before.month >= cast($first_month as date) - interval '1 month'
    and before.month < $last_month
where
    now.month between $first_month and $last_month
    and (
        (before.month is null and now.age > 0)
        or coalesce(before.at_risk - before.lost, now.cohort_size) <> now.at_risk
        or now.lost > now.at_risk
    )
