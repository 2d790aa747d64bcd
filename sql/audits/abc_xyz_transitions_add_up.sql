-- Movements out of a cell add up to its population a month before, movements into a cell to its
-- population now, in entities and in totals.
-- audits: abc_xyz_transitions
-- reads:  abc_xyz_transitions[0], abc_xyz[-1..0]
with cells as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        cell,
        count(*) as entities,
        sum(total) as total
    from abc_xyz
    where month >= cast($first_month as date) - interval '1 month' and month <= $last_month
    group by month, dimension, measure, cell
),

expected as (
    select
        'from' as side,
        month_number + 1 as month_number,
        dimension,
        measure,
        cell,
        entities,
        total
    from cells
    where
        month_number < cast(
            date_part('year', cast($last_month as date)) * 12
            + date_part('month', cast($last_month as date)) - 1 as bigint
        )
    union all
    select
        'to' as side,
        month_number,
        dimension,
        measure,
        cell,
        entities,
        total
    from cells
    where
        month_number >= cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        )
),

actual as (
    select
        'from' as side,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        from_cell as cell,
        sum(entities) as entities,
        sum(total_before) as total
    from abc_xyz_transitions
    where month between $first_month and $last_month and from_cell not in ('new', 'returned')
    group by month, dimension, measure, from_cell
    union all
    select
        'to' as side,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        to_cell as cell,
        sum(entities) as entities,
        sum(total_after) as total
    from abc_xyz_transitions
    where month between $first_month and $last_month and to_cell <> 'gone'
    group by month, dimension, measure, to_cell
)

select
    make_date(
        coalesce(expected.month_number, actual.month_number) / 12,
        coalesce(expected.month_number, actual.month_number) % 12 + 1,
        1
    ) as month,
    coalesce(expected.dimension, actual.dimension) as dimension,
    coalesce(expected.measure, actual.measure) as measure,
    coalesce(expected.side, actual.side) as side,
    coalesce(expected.cell, actual.cell) as cell,
    expected.entities as population,
    actual.entities as moved_entities,
    expected.total as population_total,
    actual.total as moved_total
from expected
full join actual
    on expected.side = actual.side
    and expected.month_number = actual.month_number
    and expected.dimension = actual.dimension
    and expected.measure = actual.measure
    and expected.cell = actual.cell
where
    (expected.entities is distinct from actual.entities)
    or (expected.total is distinct from actual.total)
