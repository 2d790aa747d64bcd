-- Clients and revenue of the last finished month are those of the life-cycle matrix.
-- audits: segment_money
-- reads:  segment_money[all], lifecycle_matrix[all]
-- param:  as_of_date date
with counted as (
    select
        count_segment,
        clients as expected_clients,
        case when recency_segment = 'active' then clients else 0 end as expected_active,
        revenue_12m as expected_revenue_12m,
        0 as clients,
        0 as active,
        0 as revenue_12m
    from lifecycle_matrix
    where
        month = cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        )
    union all
    select
        count_segment,
        0 as expected_clients,
        0 as expected_active,
        0 as expected_revenue_12m,
        clients,
        active,
        revenue_12m
    from segment_money
)

select
    count_segment,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients,
    sum(expected_active) as expected_active,
    sum(active) as active,
    sum(expected_revenue_12m) as expected_revenue_12m,
    sum(revenue_12m) as revenue_12m
from counted
group by count_segment
having
    sum(expected_clients) <> sum(clients)
    or sum(expected_active) <> sum(active)
    or sum(expected_revenue_12m) <> sum(revenue_12m)
