-- One row per count of purchases (new, prospective, regular), all three: its clients at the end of
-- the last finished month, and what they bought in the 12 months that end with it.
-- grain:  count_segment
-- reads:  client_lifecycle[all], entity_month[all]
-- param:  as_of_date date
-- column: count_segment text not null -- new, prospective or regular, by lifetime purchases
-- column: clients bigint not null -- Clients in the segment
-- column: active bigint not null -- Those of them who are active
-- column: purchases_12m bigint not null -- Purchase days of the 12 months
-- column: revenue_12m decimal(28,4) not null -- Revenue net of returns in the 12 months
-- column: profit_12m decimal(28,4) -- Profit of the 12 months; null when no cost is known
with clients as (
    -- The month stands in the filter, not in a table to join, so that no other month is read.
    select client_id, count_segment, recency_segment
    from client_lifecycle
    where
        month = cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        )
),

money as (
    select
        entity_id as client_id,
        sum(purchases) as purchases,
        sum(revenue) as revenue,
        sum(profit) as profit
    from entity_month
    where
        dimension = 'client'
        and month >= cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day')
            - interval '12 months'
            as date
        )
        and month < cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') as date
        )
    group by entity_id
)

select
    count_segments.count_segment,
    count(clients.client_id) as clients,
    coalesce(sum(case when clients.recency_segment = 'active' then 1 else 0 end), 0) as active,
    coalesce(sum(money.purchases), 0) as purchases_12m,
    cast(coalesce(sum(money.revenue), 0) as decimal(28, 4)) as revenue_12m,
    cast(sum(money.profit) as decimal(28, 4)) as profit_12m
from (values ('new'), ('prospective'), ('regular')) as count_segments (count_segment)
left join clients
    on count_segments.count_segment = clients.count_segment
left join money
    on clients.client_id = money.client_id
group by count_segments.count_segment
