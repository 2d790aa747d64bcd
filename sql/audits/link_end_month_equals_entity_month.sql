-- The revenue of all ids of a linked client is that of the client.
-- audits: link_end_month
-- reads:  link_end_month[0], entity_month[0], canonical_client[all]
with linked as (
    select canonical_client_id as client_id
    from canonical_client
    group by canonical_client_id
),

compared as (
    select month, client_id, revenue, 0 as expected_revenue
    from link_end_month
    where month between $first_month and $last_month
    union all
    select
        entity_month.month,
        entity_month.entity_id as client_id,
        0 as revenue,
        entity_month.revenue as expected_revenue
    from entity_month
    inner join linked
        on entity_month.entity_id = linked.client_id
    where
        entity_month.month between $first_month and $last_month
        and entity_month.dimension = 'client'
)

select
    month,
    client_id,
    sum(expected_revenue) as expected_revenue,
    sum(revenue) as revenue
from compared
group by month, client_id
having sum(expected_revenue) <> sum(revenue)
