-- The revenue of all cohorts of a month is the revenue of all clients who have ever bought.
-- audits: cohort_retention
-- reads:  cohort_retention[0], entity_first_purchase[..0], entity_month[0]
with revenues as (
    select entity_month.month, entity_month.revenue as expected_revenue, 0 as revenue
    from entity_first_purchase
    inner join entity_month
        on entity_first_purchase.dimension = entity_month.dimension
        and entity_first_purchase.entity_id = entity_month.entity_id
        and entity_first_purchase.month <= entity_month.month
    where
        entity_first_purchase.month <= $last_month
        and entity_month.month between $first_month and $last_month
        and entity_month.dimension = 'client'
    union all
    select month, 0 as expected_revenue, revenue
    from cohort_retention
    where month between $first_month and $last_month
)

select
    month,
    sum(expected_revenue) as expected_revenue,
    sum(revenue) as revenue
from revenues
group by month
having sum(expected_revenue) <> sum(revenue)
