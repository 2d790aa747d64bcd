-- Survival, as the product of the shares that each month left, is the share of the cohort that is
-- left, and lies between its bounds.
-- audits: churn_cohorts
-- reads:  churn_cohorts[-1..0]
select
    now.month,
    now.lost_after_months,
    now.cohort_month,
    now.survival,
    now.survival_low,
    now.survival_high
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
        abs(
            now.survival
            - case
                when now.at_risk = 0 then cast(0 as double)
                else coalesce(before.survival, 1)
                    * (cast(now.at_risk - now.lost as double) / now.at_risk)
            end
        ) > cast(0.000000001 as double)
        or now.survival_low > now.survival
        or now.survival_high < now.survival
        or now.survival_low < 0
        or now.survival_high > 1
    )
