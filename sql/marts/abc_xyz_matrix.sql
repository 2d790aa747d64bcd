-- One row per cell of the ABC-XYZ matrix: how many entities it holds and how much they bring. The
-- nine cells are always there; cells of entities without a class only when they hold someone.
-- grain:  month, dimension, measure, abc, xyz
-- reads:  abc_xyz[0]
-- column: month date not null -- Last month of the window, written as its first day
-- column: dimension text not null -- What the entities are: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: abc text not null -- A, B or C; N for totals that are not positive
-- column: xyz text not null -- X, Y or Z by the method that forms the cell; N for no class
-- column: entities bigint not null -- Number of entities in the cell
-- column: total decimal(28,4) not null -- Sum of their totals
-- column: share_of_entities double -- Share of the entities in A, B and C; null in row N
-- column: share_of_total double -- Share of the total of A, B and C; null in row N
-- column: is_partial boolean not null -- The month is not over at the as-of date
with cells as (
    select
        month,
        dimension,
        measure,
        left(cell, 1) as abc,
        replace(right(cell, 1), '-', 'N') as xyz,
        count(*) as entities,
        sum(total) as total
    from abc_xyz
    where month between $first_month and $last_month
    group by month, dimension, measure, cell
),

tables as (
    select
        month,
        dimension,
        measure,
        sum(case when abc <> 'N' then 1 else 0 end) as entities,
        sum(case when abc <> 'N' then total else 0 end) as total,
        bool_or(is_partial) as is_partial
    from abc_xyz
    where month between $first_month and $last_month
    group by month, dimension, measure
),

abc_letters as (
    select unnest(make_array('A', 'B', 'C')) as abc
),

xyz_letters as (
    select unnest(make_array('X', 'Y', 'Z')) as xyz
),

all_cells as (
    select
        tables.month,
        tables.dimension,
        tables.measure,
        abc_letters.abc,
        xyz_letters.xyz,
        0 as entities,
        0 as total
    from abc_letters
    cross join xyz_letters
    cross join tables
    union all
    select
        month,
        dimension,
        measure,
        abc,
        xyz,
        entities,
        total
    from cells
),

summed_cells as (
    select
        month,
        dimension,
        measure,
        abc,
        xyz,
        sum(entities) as entities,
        cast(sum(total) as decimal(28, 4)) as total
    from all_cells
    group by month, dimension, measure, abc, xyz
)

select
    summed_cells.month,
    summed_cells.dimension,
    summed_cells.measure,
    summed_cells.abc,
    summed_cells.xyz,
    cast(summed_cells.entities as bigint) as entities,
    summed_cells.total,
    case
        when summed_cells.abc <> 'N'
            then cast(summed_cells.entities as double) / nullif(cast(tables.entities as double), 0)
    end as share_of_entities,
    case
        when summed_cells.abc <> 'N'
            then cast(summed_cells.total as double) / nullif(cast(tables.total as double), 0)
    end as share_of_total,
    tables.is_partial
from summed_cells
inner join tables
    on summed_cells.month = tables.month
    and summed_cells.dimension = tables.dimension
    and summed_cells.measure = tables.measure
