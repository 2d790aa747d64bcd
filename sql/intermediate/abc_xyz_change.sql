-- One row per entity whose cell is another one than in the month before, or that was not in the
-- table then. Written once, in the month of the change, so that stability needs no long look back.
-- grain:  month, dimension, measure, entity_id
-- reads:  abc_xyz_class[-1..0]
-- column: month date not null -- Month of the change, written as its first day
-- column: dimension text not null -- What the entity is: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: entity_id text not null -- The entity
-- column: previous_cell text -- Cell of the month before; null when the entity was not in the table
with cells as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        entity_id,
        cell
    from abc_xyz_class
    where month >= cast($first_month as date) - interval '1 month' and month <= $last_month
),

cells_of_next_month as (
    select
        month_number + 1 as month_number,
        dimension,
        measure,
        entity_id,
        cell
    from cells
)

select
    cells.month,
    cells.dimension,
    cells.measure,
    cells.entity_id,
    cells_of_next_month.cell as previous_cell
from cells
left join cells_of_next_month
    on cells.month_number = cells_of_next_month.month_number
    and cells.dimension = cells_of_next_month.dimension
    and cells.measure = cells_of_next_month.measure
    and cells.entity_id = cells_of_next_month.entity_id
where
    cells.month >= $first_month
    and (cells_of_next_month.cell is null or cells_of_next_month.cell <> cells.cell)
