-- One row per entity, in the first month in which it is in the ABC-XYZ table of a dimension and
-- measure. Tells an entity that is new from one that returned.
-- grain:  month, dimension, measure, entity_id
-- reads:  abc_xyz[0], abc_xyz_first[..-1]
-- column: month date not null -- First month in the table, written as its first day
-- column: dimension text not null -- What the entity is: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: entity_id text not null -- The entity
-- column: cell text not null -- Its cell in that month
-- column: total decimal(28,4) not null -- Its total in that month
with appeared as (
    -- An entity can appear twice in the range: the text with the month before leaves the first.
    select
        dimension,
        measure,
        entity_id,
        min(concat(cast(month as text), cell, cast(total as text))) as first_row
    from abc_xyz
    where month between $first_month and $last_month and previous_cell is null
    group by dimension, measure, entity_id
)

select
    cast(left(appeared.first_row, 10) as date) as month,
    appeared.dimension,
    appeared.measure,
    appeared.entity_id,
    substr(appeared.first_row, 11, 2) as cell,
    cast(substr(appeared.first_row, 13) as decimal(28, 4)) as total
from appeared
left anti join abc_xyz_first
    on appeared.dimension = abc_xyz_first.dimension
    and appeared.measure = abc_xyz_first.measure
    and appeared.entity_id = abc_xyz_first.entity_id
    and abc_xyz_first.month < $first_month
