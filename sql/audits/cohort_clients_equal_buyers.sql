-- The buyers of all cohorts of a month are the clients with a purchase in the month.
-- audits: cohort_retention
-- reads:  cohort_retention[0], purchase_month[0]
with counted as (
    select month, count(*) as expected_clients, 0 as clients
    from purchase_month
    where month between $first_month and $last_month
    group by month
    union all
    select month, 0 as expected_clients, sum(clients) as clients
    from cohort_retention
    where month between $first_month and $last_month
    group by month
)

select
    month,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients
from counted
group by month
having sum(expected_clients) <> sum(clients)
