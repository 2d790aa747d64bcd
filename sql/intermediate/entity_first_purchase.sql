-- One row per entity, in the month of its first purchase. Returns are no purchases: an entity that
-- only ever had returns has no row.
-- grain:  month, dimension, entity_id
-- reads:  entity_month[0], entity_first_purchase[..-1]
-- column: month date not null -- Month of the first purchase, written as its first day
-- column: dimension text not null -- What the entity is: client, product, manager and so on
-- column: entity_id text not null -- The entity
with purchased as (
    select
        dimension,
        entity_id,
        min(month) as month
    from entity_month
    where month between $first_month and $last_month and purchases > 0
    group by dimension, entity_id
)

select
    purchased.month,
    purchased.dimension,
    purchased.entity_id
from purchased
left anti join entity_first_purchase
    on purchased.dimension = entity_first_purchase.dimension
    and purchased.entity_id = entity_first_purchase.entity_id
    and entity_first_purchase.month < $first_month
