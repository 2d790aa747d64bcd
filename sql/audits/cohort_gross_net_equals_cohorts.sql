-- Net cohorts are those of churn_cohorts and cohort_retention; of gross ones nobody survives or
-- buys who is not in them.
-- audits: cohort_gross_net
-- reads:  cohort_gross_net[all], churn_cohorts[all], cohort_retention[all]
select
    coalesce(cohort_gross_net.cohort_month, churn_cohorts.cohort_month) as cohort_month,
    coalesce(cohort_gross_net.lost_after_months, churn_cohorts.lost_after_months)
        as lost_after_months,
    coalesce(cohort_gross_net.age, churn_cohorts.age) as age,
    churn_cohorts.cohort_size as expected_cohort_size_net,
    cohort_gross_net.cohort_size_net,
    cohort_gross_net.cohort_size_gross,
    churn_cohorts.at_risk - churn_cohorts.lost as expected_surviving_net,
    cohort_gross_net.surviving_net,
    cohort_gross_net.surviving_gross,
    cohort_retention.clients as expected_buyers_net,
    cohort_gross_net.buyers_net,
    cohort_gross_net.buyers_gross
from cohort_gross_net
full join churn_cohorts
    on cohort_gross_net.lost_after_months = churn_cohorts.lost_after_months
    and cohort_gross_net.cohort_month = churn_cohorts.cohort_month
    and cohort_gross_net.age = churn_cohorts.age
left join cohort_retention
    on cohort_gross_net.cohort_month = cohort_retention.cohort_month
    and cohort_gross_net.age = cohort_retention.age
where
    (coalesce(churn_cohorts.cohort_size, 0) is distinct from cohort_gross_net.cohort_size_net)
    or (
        coalesce(churn_cohorts.at_risk - churn_cohorts.lost, 0)
        is distinct from cohort_gross_net.surviving_net
    )
    or (coalesce(cohort_retention.clients, 0) is distinct from cohort_gross_net.buyers_net)
    or cohort_gross_net.surviving_gross > cohort_gross_net.cohort_size_gross
    or cohort_gross_net.buyers_gross > cohort_gross_net.cohort_size_gross
    or least(cohort_gross_net.surviving_gross, cohort_gross_net.buyers_gross) < 0
