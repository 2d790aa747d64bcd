-- At every age a cohort has as many clients as were new in its month, and at age 0 all of them
-- bought.
-- audits: cohort_retention
-- reads:  cohort_retention[0], churn_month[..0]
with new_clients as (
    select month as cohort_month, max(new) as new
    from churn_month
    where cut = 'all'
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
        select month from churn_month where month >= $first_month group by month
    ) as months
        on new_clients.cohort_month <= months.month
    where new_clients.new > 0
)

select
    coalesce(ages.month, cohort_retention.month) as month,
    coalesce(ages.cohort_month, cohort_retention.cohort_month) as cohort_month,
    ages.new as expected_cohort_size,
    cohort_retention.cohort_size,
    cohort_retention.clients
from ages
full join cohort_retention
    on ages.cohort_month = cohort_retention.cohort_month
    and ages.month = cohort_retention.month
where
    ages.month is null
    or cohort_retention.month is null
    or ages.new <> cohort_retention.cohort_size
    or (cohort_retention.age = 0 and cohort_retention.clients <> ages.new)
    or cohort_retention.clients > cohort_retention.cohort_size
