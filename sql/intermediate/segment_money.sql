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
with settings as (
    select
        cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        ) as last_month
),

clients as (
    select
        client_lifecycle.client_id,
        client_lifecycle.count_segment,
        client_lifecycle.recency_segment
    from client_lifecycle
    inner join settings
        on client_lifecycle.month = settings.last_month
),

money as (
    select
        entity_month.entity_id as client_id,
        sum(entity_month.purchases) as purchases,
        sum(entity_month.revenue) as revenue,
        sum(entity_month.profit) as profit
    from settings
    inner join entity_month
        on entity_month.month <= settings.last_month
        and entity_month.month > cast(settings.last_month - interval '12 months' as date)
    where entity_month.dimension = 'client'
    group by entity_month.entity_id
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
