-- The entities of the ABC-XYZ table are those with lines and a known measure in the window, each
-- with one cell, and their totals add up to what entity_month says of the window. Those that were
-- in the window of the month before, too, name a cell of that month, and no others.
-- audits: abc_xyz
-- reads:  abc_xyz[0], entity_month[0-abc_window_months..0]
-- param:  abc_window_months bigint
-- param:  abc_measures text[]
-- param:  abc_dimensions text[]
with entity_months as (
    select
        dimension,
        entity_id,
        -- Months are counted from the first month of the range, which is 0.
        cast(
            date_part('year', month) * 12 + date_part('month', month)
            - date_part('year', cast($first_month as date)) * 12
            - date_part('month', cast($first_month as date)) as bigint
        ) as month_place,
        revenue,
        profit,
        cast(quantity as decimal(28, 4)) as quantity,
        cast(purchases as decimal(28, 4)) as purchases
    from entity_month
    where
        month >= cast($first_month as date)
        - cast(concat(cast($abc_window_months as text), ' months') as interval)
        and month <= $last_month
        and array_has($abc_dimensions, dimension)
),

month_sums as (
    select
        dimension,
        month_place,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(purchases) as purchases
    from entity_months
    group by dimension, month_place
),

month_measures as (
    select
        dimension,
        unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure,
        month_place,
        revenue,
        profit,
        quantity,
        purchases
    from month_sums
),

month_totals as (
    select
        dimension,
        measure,
        month_place,
        case measure
            when 'revenue' then revenue
            when 'profit' then profit
            when 'quantity' then quantity
            when 'purchases' then purchases
        end as total
    from month_measures
),

-- A month's amount belongs to the windows that end with it or with one of the months after it.
window_months as (
    select
        dimension,
        measure,
        unnest(
            range(
                greatest(month_place, 0),
                least(month_place + $abc_window_months, $range_months)
            )
        ) as place,
        total
    from month_totals
    where total is not null
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
entity_blocks as (
    select
        dimension,
        entity_id,
        month_place,
        profit,
        quantity,
        unnest(
            range(
                greatest(month_place, 0) / 12,
                least(month_place + $abc_window_months, $range_months - 1) / 12 + 1
            )
        ) as block
    from entity_months
),

entity_slots as (
    select
        dimension,
        entity_id,
        block,
        greatest(month_place - 12 * block + 1, 0) as first_slot,
        least(month_place - 12 * block + $abc_window_months, 12) as last_slot,
        profit,
        quantity
    from entity_blocks
),

entity_bits as (
    select
        dimension,
        entity_id,
        block,
        (cast(1 as bigint) << (last_slot + 1)) - (cast(1 as bigint) << first_slot) as bits,
        profit,
        quantity
    from entity_slots
),

-- Bit k is set when the entity is in slot k: by any line, by a known profit, by a known quantity.
entity_windows as (
    select
        dimension,
        block,
        bit_or(bits) as line_slots,
        bit_or(case when profit is not null then bits else 0 end) as profit_slots,
        bit_or(case when quantity is not null then bits else 0 end) as quantity_slots
    from entity_bits
    group by dimension, entity_id, block
),

measure_windows as (
    select
        dimension,
        unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure,
        block,
        line_slots,
        profit_slots,
        quantity_slots
    from entity_windows
),

measure_slots as (
    select
        dimension,
        measure,
        block,
        case measure
            when 'profit' then profit_slots
            when 'quantity' then quantity_slots
            else line_slots
        end as slots
    from measure_windows
),

block_entities as (
    select
        dimension,
        measure,
        block,
        make_array(
            sum((slots >> 1) & 1),
            sum((slots >> 2) & 1),
            sum((slots >> 3) & 1),
            sum((slots >> 4) & 1),
            sum((slots >> 5) & 1),
            sum((slots >> 6) & 1),
            sum((slots >> 7) & 1),
            sum((slots >> 8) & 1),
            sum((slots >> 9) & 1),
            sum((slots >> 10) & 1),
            sum((slots >> 11) & 1),
            sum((slots >> 12) & 1)
        ) as entities,
        make_array(
            sum((slots >> 1) & slots & 1),
            sum((slots >> 2) & (slots >> 1) & 1),
            sum((slots >> 3) & (slots >> 2) & 1),
            sum((slots >> 4) & (slots >> 3) & 1),
            sum((slots >> 5) & (slots >> 4) & 1),
            sum((slots >> 6) & (slots >> 5) & 1),
            sum((slots >> 7) & (slots >> 6) & 1),
            sum((slots >> 8) & (slots >> 7) & 1),
            sum((slots >> 9) & (slots >> 8) & 1),
            sum((slots >> 10) & (slots >> 9) & 1),
            sum((slots >> 11) & (slots >> 10) & 1),
            sum((slots >> 12) & (slots >> 11) & 1)
        ) as continuing_entities
    from measure_slots
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
