-- One row per movement between two cells from the month before to this month. Every entity that is
-- in either month is in exactly one row.
-- grain:  month, dimension, measure, from_cell, to_cell
-- reads:  abc_xyz[-1..0], abc_xyz_first[0]
-- param:  as_of_date date
-- column: month date not null -- Month moved to, written as its first day
-- column: dimension text not null -- What the entities are: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: from_cell text not null -- Cell a month before; new: never in the table before; returned:
--     in the table once, but not a month before
-- column: to_cell text not null -- Cell of the month; gone: no lines in the window any more
-- column: entities bigint not null -- Number of entities that moved
-- column: total_before decimal(28,4) not null -- Sum of their totals a month before, 0 for entering
-- column: total_after decimal(28,4) not null -- Sum of their totals in the month, 0 for gone
-- column: probability double -- Share of the entities of from_cell; null for new and returned
-- column: is_partial boolean not null -- The month is not over at the as-of date
with cells as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        entity_id,
        cell,
        total
    from abc_xyz
    where month between $first_month and $last_month
),

cells_of_next_month as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) as bigint)
            as month_number,
        dimension,
        measure,
        entity_id,
        cell,
        total
    from abc_xyz
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
),

moves as (
    select
        coalesce(cells.month_number, cells_of_next_month.month_number) as month_number,
        coalesce(cells.dimension, cells_of_next_month.dimension) as dimension,
        coalesce(cells.measure, cells_of_next_month.measure) as measure,
        coalesce(cells.entity_id, cells_of_next_month.entity_id) as entity_id,
        cells_of_next_month.cell as from_cell,
        cells.cell as to_cell,
        cells_of_next_month.total as total_before,
        cells.total as total_after
    from cells
    full join cells_of_next_month
        on cells.month_number = cells_of_next_month.month_number
        and cells.dimension = cells_of_next_month.dimension
        and cells.measure = cells_of_next_month.measure
        and cells.entity_id = cells_of_next_month.entity_id
),

first_months as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        entity_id
    from abc_xyz_first
    where month between $first_month and $last_month
),

named_moves as (
    select
        moves.month_number,
        moves.dimension,
        moves.measure,
        case
            when moves.from_cell is not null then moves.from_cell
            when first_months.entity_id is not null then 'new'
            else 'returned'
        end as from_cell,
        coalesce(moves.to_cell, 'gone') as to_cell,
        moves.total_before,
        moves.total_after
    from moves
    left join first_months
        on moves.month_number = first_months.month_number
        and moves.dimension = first_months.dimension
        and moves.measure = first_months.measure
        and moves.entity_id = first_months.entity_id
),

summed_moves as (
    select
        cast(make_date(month_number / 12, month_number % 12 + 1, 1) as date) as month,
        dimension,
        measure,
        from_cell,
        to_cell,
        count(*) as entities,
        cast(coalesce(sum(total_before), 0) as decimal(28, 4)) as total_before,
        cast(coalesce(sum(total_after), 0) as decimal(28, 4)) as total_after
    from named_moves
    group by month_number, dimension, measure, from_cell, to_cell
)

select
    month,
    dimension,
    measure,
    from_cell,
    to_cell,
    entities,
    total_before,
    total_after,
    case
        when from_cell not in ('new', 'returned')
            then
                cast(entities as double)
                / cast(
                    sum(entities) over (
                        partition by month, dimension, measure, from_cell
                    ) as double
                )
    end as probability,
    month = date_trunc('month', cast($as_of_date as date))
    and month = date_trunc('month', cast($as_of_date as date) + interval '1 day') as is_partial
from summed_moves
