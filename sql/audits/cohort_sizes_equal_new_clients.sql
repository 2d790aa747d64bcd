-- At every age a cohort has as many clients as were new in its month, and at age 0 all of them
-- bought.
-- audits: cohort_retention
-- reads:  cohort_retention[0], churn_month[..0]
with new_clients as (
    select month as cohort_month, max(new) as new
    from churn_month
    where month <= $last_month and cut = 'all'
    group by month
),

-- A month that could have no row at all is compared too.
ages as (
    select
        new_clients.cohort_month,
        new_clients.new,
        months.month
    from new_clients
    inner join (
        select month
        from churn_month
        where month between $first_month and $last_month
        group by month
    ) as months
        on new_clients.cohort_month <= months.month
    where new_clients.new > 0
),

cohorts as (
    select month, cohort_month, age, cohort_size, clients
    from cohort_retention
    where month between $first_month and $last_month
)

select
    coalesce(ages.month, cohorts.month) as month,
    coalesce(ages.cohort_month, cohorts.cohort_month) as cohort_month,
    ages.new as expected_cohort_size,
    cohorts.cohort_size,
    cohorts.clients
from ages
full join cohorts
    on ages.cohort_month = cohorts.cohort_month
    and ages.month = cohorts.month
where
    ages.month is null
    or cohorts.month is null
    or ages.new <> cohorts.cohort_size
    or (cohorts.age = 0 and cohorts.clients <> ages.new)
    or cohorts.clients > cohorts.cohort_size
