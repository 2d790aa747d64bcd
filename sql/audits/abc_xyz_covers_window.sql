-- The entities of the ABC-XYZ table are those with lines and a known measure in the window, each
-- with one cell, and their totals add up to what entity_month says of the window.
-- audits: abc_xyz
-- reads:  abc_xyz[0], entity_month[1-abc_window_months..0]
-- param:  abc_window_months bigint
-- param:  abc_measures text[]
-- param:  abc_dimensions text[]
with measures as (
    select unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure
),

entity_values as (
    select
        cast(
            date_part('year', entity_month.month) * 12
            + date_part('month', entity_month.month) - 1 as bigint
        ) as month_number,
        entity_month.dimension,
        measures.measure,
        entity_month.entity_id,
        case measures.measure
            when 'revenue' then entity_month.revenue
            when 'profit' then entity_month.profit
            when 'quantity' then cast(entity_month.quantity as decimal(28, 4))
            when 'purchases' then cast(entity_month.purchases as decimal(28, 4))
        end as amount
    from measures
    cross join entity_month
    where
        entity_month.month >= make_date(
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - $abc_window_months
            ) / 12,
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - $abc_window_months
            ) % 12 + 1,
            1
        )
        and entity_month.month <= $last_month
        and array_has($abc_dimensions, entity_month.dimension)
),

window_values as (
    select
        unnest(
            range(
                greatest(
                    month_number,
                    cast(
                        date_part('year', cast($first_month as date)) * 12
                        + date_part('month', cast($first_month as date)) - 1 as bigint
                    )
                ),
                least(
                    month_number + $abc_window_months,
                    cast(
                        date_part('year', cast($last_month as date)) * 12
                        + date_part('month', cast($last_month as date)) as bigint
                    )
                )
            )
        ) as window_number,
        dimension,
        measure,
        entity_id,
        amount
    from entity_values
    where amount is not null
),

expected_entities as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        sum(amount) as total
    from window_values
    group by window_number, dimension, measure, entity_id
),

expected as (
    select
        window_number,
        dimension,
        measure,
        count(*) as entities,
        sum(total) as total
    from expected_entities
    group by window_number, dimension, measure
),

actual as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as window_number,
        dimension,
        measure,
        count(*) as entities,
        sum(
            case
                when left(cell, 1) = abc and right(cell, 1) in ('X', 'Y', 'Z', '-') then 1
                else 0
            end
        ) as entities_in_a_cell,
        sum(total) as total
    from abc_xyz
    where month between $first_month and $last_month
    group by month, dimension, measure
)

select
    make_date(
        coalesce(expected.window_number, actual.window_number) / 12,
        coalesce(expected.window_number, actual.window_number) % 12 + 1,
        1
    ) as month,
    coalesce(expected.dimension, actual.dimension) as dimension,
    coalesce(expected.measure, actual.measure) as measure,
    expected.entities as window_entities,
    actual.entities as table_entities,
    actual.entities_in_a_cell,
    expected.total as window_total,
    actual.total as table_total
from expected
full join actual
    on expected.window_number = actual.window_number
    and expected.dimension = actual.dimension
    and expected.measure = actual.measure
where
    (expected.entities is distinct from actual.entities)
    or (actual.entities is distinct from actual.entities_in_a_cell)
    or (expected.total is distinct from actual.total)
