-- The entities of the ABC-XYZ table are those with lines and a known measure in the window, each
-- with one cell, and their totals add up to what entity_month says of the window. Those that were
-- in the window of the month before, too, name a cell of that month, and no others.
-- audits: abc_xyz
-- reads:  abc_xyz[0], entity_month[0-abc_window_months..0]
-- param:  abc_window_months bigint
-- param:  abc_measures text[]
-- param:  abc_dimensions text[]
with entity_values as (
    select
        dimension,
        unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure,
        entity_id,
        -- Months are counted from the first month of the range, which is 0.
        cast(
            date_part('year', month) * 12 + date_part('month', month)
            - date_part('year', cast($first_month as date)) * 12
            - date_part('month', cast($first_month as date)) as bigint
        ) as month_place,
        revenue,
        profit,
        quantity,
        purchases
    from entity_month
    where month <= $last_month and array_has($abc_dimensions, dimension)
),

amounts as (
    select
        dimension,
        measure,
        entity_id,
        month_place,
        case measure
            when 'revenue' then revenue
            when 'profit' then profit
            when 'quantity' then cast(quantity as decimal(28, 4))
            when 'purchases' then cast(purchases as decimal(28, 4))
        end as amount
    from entity_values
    where month_place >= -$abc_window_months
),

-- A month's amount belongs to the windows that end with it or with one of the months after it.
month_totals as (
    select
        dimension,
        measure,
        month_place,
        sum(amount) as total
    from amounts
    where amount is not null
    group by dimension, measure, month_place
),

window_months as (
    select
        dimension,
        measure,
        unnest(
            range(
                greatest(month_place, 0),
                least(
                    month_place + $abc_window_months,
                    cast(
                        date_part('year', cast($last_month as date)) * 12
                        + date_part('month', cast($last_month as date)) + 1
                        - date_part('year', cast($first_month as date)) * 12
                        - date_part('month', cast($first_month as date)) as bigint
                    )
                )
            )
        ) as place,
        total
    from month_totals
),

window_totals as (
    select
        dimension,
        measure,
        place,
        sum(total) as total
    from window_months
    group by dimension, measure, place
),

-- Twelve windows are looked at in one pass, and the one before them as slot 0.
amount_blocks as (
    select
        dimension,
        measure,
        entity_id,
        month_place,
        unnest(
            range(
                greatest(month_place, 0) / 12,
                least(
                    month_place + $abc_window_months,
                    cast(
                        date_part('year', cast($last_month as date)) * 12
                        + date_part('month', cast($last_month as date))
                        - date_part('year', cast($first_month as date)) * 12
                        - date_part('month', cast($first_month as date)) as bigint
                    )
                ) / 12 + 1
            )
        ) as block
    from amounts
    where amount is not null
),

amount_slots as (
    select
        dimension,
        measure,
        entity_id,
        block,
        month_place - 12 * block + 1 as first_slot,
        month_place - 12 * block + $abc_window_months as last_slot
    from amount_blocks
),

entity_slots as (
    select
        dimension,
        measure,
        block,
        max(case when 0 between first_slot and last_slot then 1 end) as is_in_0,
        max(case when 1 between first_slot and last_slot then 1 end) as is_in_1,
        max(case when 2 between first_slot and last_slot then 1 end) as is_in_2,
        max(case when 3 between first_slot and last_slot then 1 end) as is_in_3,
        max(case when 4 between first_slot and last_slot then 1 end) as is_in_4,
        max(case when 5 between first_slot and last_slot then 1 end) as is_in_5,
        max(case when 6 between first_slot and last_slot then 1 end) as is_in_6,
        max(case when 7 between first_slot and last_slot then 1 end) as is_in_7,
        max(case when 8 between first_slot and last_slot then 1 end) as is_in_8,
        max(case when 9 between first_slot and last_slot then 1 end) as is_in_9,
        max(case when 10 between first_slot and last_slot then 1 end) as is_in_10,
        max(case when 11 between first_slot and last_slot then 1 end) as is_in_11,
        max(case when 12 between first_slot and last_slot then 1 end) as is_in_12
    from amount_slots
    group by dimension, measure, entity_id, block
),

block_entities as (
    select
        dimension,
        measure,
        block,
        make_array(
            sum(is_in_1),
            sum(is_in_2),
            sum(is_in_3),
            sum(is_in_4),
            sum(is_in_5),
            sum(is_in_6),
            sum(is_in_7),
            sum(is_in_8),
            sum(is_in_9),
            sum(is_in_10),
            sum(is_in_11),
            sum(is_in_12)
        ) as entities,
        make_array(
            sum(is_in_0 * is_in_1),
            sum(is_in_1 * is_in_2),
            sum(is_in_2 * is_in_3),
            sum(is_in_3 * is_in_4),
            sum(is_in_4 * is_in_5),
            sum(is_in_5 * is_in_6),
            sum(is_in_6 * is_in_7),
            sum(is_in_7 * is_in_8),
            sum(is_in_8 * is_in_9),
            sum(is_in_9 * is_in_10),
            sum(is_in_10 * is_in_11),
            sum(is_in_11 * is_in_12)
        ) as continuing_entities
    from entity_slots
    group by dimension, measure, block
),

window_entities as (
    select
        dimension,
        measure,
        12 * block as block_place,
        unnest(range(0, 12)) as slot,
        unnest(entities) as window_entities,
        unnest(continuing_entities) as continuing_entities
    from block_entities
),

expected as (
    select
        window_totals.dimension,
        window_totals.measure,
        window_totals.place + cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        ) as window_number,
        window_totals.total,
        window_entities.window_entities as entities,
        coalesce(window_entities.continuing_entities, 0) as continuing_entities
    from window_totals
    left join window_entities
        on window_totals.dimension = window_entities.dimension
        and window_totals.measure = window_entities.measure
        and window_totals.place = window_entities.block_place + window_entities.slot
),

actual as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as window_number,
        dimension,
        measure,
        count(*) as entities,
        count(previous_cell) as continuing_entities,
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
    expected.continuing_entities as window_continuing_entities,
    actual.continuing_entities as table_continuing_entities,
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
    or (expected.continuing_entities is distinct from actual.continuing_entities)
    or (expected.total is distinct from actual.total)
