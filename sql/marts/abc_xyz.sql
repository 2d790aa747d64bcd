-- One row per entity with lines in the window that ends with the month, and per measure: its total,
-- its ABC and XYZ class, where it stood a month before, and how stable its cell is.
-- grain:  month, dimension, measure, entity_id
-- reads:  entity_month[0-abc_window_months..0], entity_first_purchase[1-abc_window_months..0],
--     abc_xyz[-11..-1]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  abc_window_months bigint
-- param:  abc_measures text[]
-- param:  abc_dimensions text[]
-- param:  abc_a_share decimal(5,4)
-- param:  abc_b_share decimal(5,4)
-- param:  abc_crossing text
-- param:  xyz_preset text
-- param:  xyz_x_cv double
-- param:  xyz_y_cv double
-- param:  xyz_history text
-- param:  xyz_min_months bigint
-- param:  xyz_method text
-- param:  xyz_frequency_x_months bigint
-- param:  xyz_frequency_y_months bigint
-- column: month date not null -- Last month of the window, written as its first day
-- column: dimension text not null -- What the entity is: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: entity_id text not null -- The entity
-- column: total decimal(28,4) not null -- Sum of the measure over the window
-- column: share double -- Total as a share (0 to 1) of the positive totals; null in class N
-- column: cumulative_share double -- Share of the strictly greater totals and its own; null in N
-- column: rank bigint -- 1 for the greatest total; equal totals share a rank; null in class N
-- column: abc text not null -- A, B or C by share; N when the total is not positive
-- column: mean double not null -- Mean of the measure over the counted months
-- column: cv double -- Population standard deviation over mean; null in XYZ class N
-- column: xyz text not null -- X, Y or Z by variation; N for too few counted months or mean <= 0
-- column: purchase_months bigint not null -- Months of the window with a purchase
-- column: xyz_frequency text not null -- X, Y or Z by the number of months with a purchase
-- column: cell text not null -- ABC letter and XYZ letter of the chosen method, - for no XYZ class
-- column: previous_cell text -- Cell of the month before; null when the entity was not in the table
-- column: previous_total decimal(28,4) -- Total of the month before; null when it was not
-- column: months_in_class bigint not null -- Months in a row in this cell, this one included
-- column: changes_12m bigint not null -- How many of the last 12 months have another cell than the
--     month before them, the entity being in the table in both
-- column: distance_to_border double -- Relative distance of the total or the CV to the nearest
--     other class; null in class N and where there is no other class
-- column: is_partial boolean not null -- The month is not over at the as-of date
-- column: xyz_preset text not null -- Preset of the XYZ thresholds
-- column: is_full_window boolean not null -- False while the history is shorter than the window
with first_purchases as (
    -- Longer than other models: a part of it as a table of its own would write every row twice.
    -- Months are places, counted from the first month of the range, which is 0. A first purchase
    -- before all windows of the range makes none of their months special.
    select
        dimension,
        entity_id,
        cast(
            date_part('year', month) * 12 + date_part('month', month)
            - date_part('year', cast($first_month as date)) * 12
            - date_part('month', cast($first_month as date)) as bigint
        ) as first_purchase_place
    from entity_first_purchase
    where month <= $last_month
),

entity_values as (
    select
        entity_month.dimension,
        unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure,
        entity_month.entity_id,
        cast(
            date_part('year', entity_month.month) * 12 + date_part('month', entity_month.month)
            - date_part('year', cast($first_month as date)) * 12
            - date_part('month', cast($first_month as date)) as bigint
        ) as month_place,
        first_purchases.first_purchase_place,
        entity_month.revenue,
        entity_month.profit,
        entity_month.quantity,
        entity_month.purchases
    -- The shorter list stands first: the engine holds the left side of a join in memory.
    from first_purchases
    right join entity_month
        on first_purchases.dimension = entity_month.dimension
        and first_purchases.entity_id = entity_month.entity_id
        and first_purchases.first_purchase_place > -$abc_window_months
    where
        entity_month.month <= $last_month
        and array_has($abc_dimensions, entity_month.dimension)
),

-- Windows are computed in blocks of twelve, with the one before them. A value belongs to the blocks
-- in which a window holds it: to one, unless the range is longer than a year.
entity_blocks as (
    select
        dimension,
        measure,
        entity_id,
        unnest(
            range(
                greatest(month_place, 0) / 12,
                least(month_place + $abc_window_months, $range_months - 1) / 12 + 1
            )
        ) as block,
        month_place,
        first_purchase_place,
        case measure
            when 'revenue' then revenue
            when 'profit' then profit
            when 'quantity' then cast(quantity as decimal(28, 4))
            when 'purchases' then cast(purchases as decimal(28, 4))
        end as amount,
        case when purchases > 0 then 1 end as purchase
    from entity_values
    where month_place >= -$abc_window_months
),

-- The windows of the block that hold the value, from the first to the last slot. Returns can come
-- before the first purchase we see. They are part of the total, but not of the months that
-- since_first_purchase counts. A later first purchase is not known yet in the window.
slots as (
    select
        dimension,
        measure,
        entity_id,
        block,
        month_place - 12 * block as from_slot,
        month_place - 12 * block + $abc_window_months - 1 as to_slot,
        case
            when $xyz_history = 'since_first_purchase' and month_place < first_purchase_place
                then
                    least(month_place + $abc_window_months, first_purchase_place)
                    - 12 * block - 1
            else month_place - 12 * block + $abc_window_months - 1
        end as counted_to,
        first_purchase_place,
        amount,
        cast(amount as decimal(39, 4)) * amount as square,
        purchase
    from entity_blocks
),

-- One pass adds up twelve windows: a value is added where its slots say so. Squares of sums of
-- money outgrow 38 digits: they are added up in 256 bits.
blocks as (
    select
        dimension,
        measure,
        entity_id,
        12 * block as block_place,
        min(first_purchase_place) as first_purchase_place,
        make_array(
            sum(amount) filter (where -1 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 0 and 0 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 1 and 1 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 2 and 2 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 3 and 3 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 4 and 4 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 5 and 5 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 6 and 6 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 7 and 7 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 8 and 8 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 9 and 9 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 10 and 10 between from_slot and to_slot)
        ) as previous_total_list,
        make_array(
            sum(amount) filter (where $range_months > 0 and 0 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 1 and 1 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 2 and 2 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 3 and 3 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 4 and 4 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 5 and 5 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 6 and 6 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 7 and 7 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 8 and 8 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 9 and 9 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 10 and 10 between from_slot and to_slot),
            sum(amount) filter (where $range_months > 11 and 11 between from_slot and to_slot)
        ) as total_list,
        make_array(
            sum(amount) filter (where $range_months > 0 and 0 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 1 and 1 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 2 and 2 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 3 and 3 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 4 and 4 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 5 and 5 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 6 and 6 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 7 and 7 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 8 and 8 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 9 and 9 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 10 and 10 between from_slot and counted_to),
            sum(amount) filter (where $range_months > 11 and 11 between from_slot and counted_to)
        ) as counted_list,
        make_array(
            sum(square) filter (where $range_months > 0 and 0 between from_slot and counted_to),
            sum(square) filter (where $range_months > 1 and 1 between from_slot and counted_to),
            sum(square) filter (where $range_months > 2 and 2 between from_slot and counted_to),
            sum(square) filter (where $range_months > 3 and 3 between from_slot and counted_to),
            sum(square) filter (where $range_months > 4 and 4 between from_slot and counted_to),
            sum(square) filter (where $range_months > 5 and 5 between from_slot and counted_to),
            sum(square) filter (where $range_months > 6 and 6 between from_slot and counted_to),
            sum(square) filter (where $range_months > 7 and 7 between from_slot and counted_to),
            sum(square) filter (where $range_months > 8 and 8 between from_slot and counted_to),
            sum(square) filter (where $range_months > 9 and 9 between from_slot and counted_to),
            sum(square) filter (where $range_months > 10 and 10 between from_slot and counted_to),
            sum(square) filter (where $range_months > 11 and 11 between from_slot and counted_to)
        ) as square_list,
        make_array(
            sum(purchase) filter (where $range_months > 0 and 0 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 1 and 1 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 2 and 2 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 3 and 3 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 4 and 4 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 5 and 5 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 6 and 6 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 7 and 7 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 8 and 8 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 9 and 9 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 10 and 10 between from_slot and to_slot),
            sum(purchase) filter (where $range_months > 11 and 11 between from_slot and to_slot)
        ) as purchase_list
    from slots
    group by dimension, measure, entity_id, block
),

-- The number stands for the entity and measure when rows are put in order; which one it is does not
-- matter.
series as (
    select
        -- All blocks of a series need one number. Where there is only one, it has one.
        case
            when $range_months <= 12 then cast(row_number() over () as bigint)
            else cast(rank() over (order by dimension, measure, entity_id) as bigint)
        end as series_number,
        cast(array_position($abc_dimensions, dimension) as bigint) * 10
        + cast(array_position($abc_measures, measure) as bigint) as table_number,
        entity_id,
        block_place,
        first_purchase_place,
        previous_total_list,
        total_list,
        counted_list,
        square_list,
        purchase_list
    from blocks
),

windows as (
    select
        series_number,
        table_number,
        entity_id,
        block_place,
        unnest(range(0, 12)) as slot,
        first_purchase_place,
        unnest(previous_total_list) as previous_total,
        unnest(total_list) as total,
        unnest(counted_list) as counted,
        unnest(square_list) as squares,
        unnest(purchase_list) as purchase_months
    from series
),

-- Where profit or quantity was unknown in the whole window there is nothing to rank: no row. Months
-- before the first month of the history do not exist: they are not counted as zeros.
counted as (
    select
        series_number,
        table_number,
        entity_id,
        block_place + slot as place,
        cast(previous_total as decimal(28, 4)) as previous_total,
        cast(total as decimal(28, 4)) as total,
        cast(coalesce(purchase_months, 0) as bigint) as purchase_months,
        cast(coalesce(counted, 0) as decimal(28, 4)) as counted,
        coalesce(squares, 0) as squares,
        least(
            $abc_window_months,
            block_place + slot + 1 + cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date))
                - date_part('year', cast($history_first_month as date)) * 12
                - date_part('month', cast($history_first_month as date)) as bigint
            )
        ) as window_months,
        case
            when $xyz_history = 'since_first_purchase'
            and first_purchase_place <= block_place + slot
                then block_place + slot + 1 - first_purchase_place
        end as months_since_first_purchase
    from windows
    where
        total is not null
        and block_place + slot < $range_months
),

-- CV = sqrt(n * sum(x^2) - sum(x)^2) / sum(x): exact up to the square root. What is only carried
-- along from here on is one column.
varied as (
    select
        1000 * place + table_number as ranking,
        total,
        named_struct(
            'series_number', series_number,
            'entity_id', entity_id,
            'previous_total', previous_total,
            'purchase_months', purchase_months,
            'mean',
            cast(counted as double)
            / cast(least(window_months, months_since_first_purchase) as double)
        ) as kept,
        case
            when
                least(window_months, months_since_first_purchase) >= $xyz_min_months
                and counted > 0
                then cast(counted as double)
        end as counted,
        cast(cast(counted as decimal(39, 4)) * counted as decimal(68, 8)) as squared_sum,
        cast(
            cast(least(window_months, months_since_first_purchase) as decimal(5, 0)) * squares
            - cast(counted as decimal(39, 4)) * counted as decimal(68, 8)
        ) as scaled_variance
    from counted
),

with_cv as (
    select
        ranking,
        total,
        case when total > 0 then total else 0 end as positive_total,
        kept,
        case when counted is not null then sqrt(cast(scaled_variance as double)) / counted end
            as cv,
        case
            when counted is null then 'N'
            when
                scaled_variance
                <= cast($xyz_x_cv as decimal(8, 4)) * cast($xyz_x_cv as decimal(8, 4)) * squared_sum
                then 'X'
            when
                scaled_variance
                <= cast($xyz_y_cv as decimal(8, 4)) * cast($xyz_y_cv as decimal(8, 4)) * squared_sum
                then 'Y'
            else 'Z'
        end as xyz
    from varied
),

-- The running sum without the own total and the equal ones before it is that of the strictly
-- greater totals. Thirds are ranked only when the quantile preset asks for them; equal CVs must
-- share a class, so the last digits, where one CV can come out in two ways, are cut off.
ranked as (
    select
        ranking,
        total,
        kept,
        cv,
        xyz,
        rank() over (partition by ranking order by total desc) as rank,
        sum(positive_total) over (
            partition by ranking
            order by total desc
            rows between unbounded preceding and current row
        ) - cast(
            cast(row_number() over (partition by ranking order by total desc) as bigint)
            - cast(rank() over (partition by ranking order by total desc) as bigint)
            + 1 as decimal(10, 0)
        ) * total as greater_total,
        sum(positive_total) over (partition by ranking) as grand_total,
        case
            when $xyz_preset = 'quantile'
                then
                    cast(
                        rank() over (partition by ranking order by round(cv, 12) asc nulls last)
                        as bigint
                    ) - 1
        end as smaller_cvs,
        case when $xyz_preset = 'quantile' then count(cv) over (partition by ranking) end
            as all_cvs
    from with_cv
),

-- Products are compared, nothing is divided: 80 % is 80 %, and equal totals share a class.
classified as (
    select
        ranking,
        total,
        kept,
        rank,
        cast(greater_total as decimal(28, 4)) as greater_total,
        cast(grand_total as decimal(28, 4)) as grand_total,
        case
            when total <= 0 then 'N'
            when $abc_crossing = 'down'
                then
                    case
                        when
                            greater_total = 0
                            or greater_total + total <= $abc_a_share * grand_total
                            then 'A'
                        when greater_total + total <= $abc_b_share * grand_total then 'B'
                        else 'C'
                    end
            when greater_total < $abc_a_share * grand_total then 'A'
            when greater_total < $abc_b_share * grand_total then 'B'
            else 'C'
        end as abc,
        cv,
        case
            when $xyz_preset <> 'quantile' or xyz = 'N' then xyz
            when smaller_cvs * 3 < all_cvs then 'X'
            when smaller_cvs * 3 < all_cvs * 2 then 'Y'
            else 'Z'
        end as xyz,
        case
            when kept['purchase_months'] >= $xyz_frequency_x_months then 'X'
            when kept['purchase_months'] >= $xyz_frequency_y_months then 'Y'
            else 'Z'
        end as xyz_frequency
    from ranked
),

-- The border of a class is the nearest total of another class: reaching it is reaching that class.
bordered as (
    select
        ranking,
        total,
        kept,
        case when abc <> 'N' then cast(total as double) / cast(grand_total as double) end as share,
        case
            when abc <> 'N'
                then cast(greater_total + total as double) / cast(grand_total as double)
        end as cumulative_share,
        case when abc <> 'N' then cast(rank as bigint) end as rank,
        abc,
        cv,
        xyz,
        xyz_frequency,
        -- What is not positive is reported beside the matrix, in one cell.
        case
            when abc = 'N' then 'N-'
            when $xyz_method = 'frequency' then concat(abc, xyz_frequency)
            when xyz = 'N' then concat(abc, '-')
            else concat(abc, xyz)
        end as cell,
        min(case when abc = 'A' then total end) over (partition by ranking) as lowest_a,
        min(case when abc in ('A', 'B') then total end) over (partition by ranking)
            as lowest_above_c,
        max(case when abc in ('B', 'C') then total end) over (partition by ranking)
            as highest_below_a,
        max(case when abc = 'C' then total end) over (partition by ranking) as highest_c,
        max(case when xyz = 'X' then cv end) over (partition by ranking) as highest_x,
        max(case when xyz in ('X', 'Y') then cv end) over (partition by ranking)
            as highest_below_z,
        min(case when xyz in ('Y', 'Z') then cv end) over (partition by ranking)
            as lowest_above_x,
        min(case when xyz = 'Z' then cv end) over (partition by ranking) as lowest_z
    from classified
),

distances as (
    select
        kept['series_number'] as series_number,
        ranking % 1000 as table_number,
        kept['entity_id'] as entity_id,
        ranking / 1000 / 12 as block,
        ranking / 1000 % 12 as slot,
        total,
        share,
        cumulative_share,
        rank,
        kept['mean'] as mean,
        cv,
        xyz,
        kept['purchase_months'] as purchase_months,
        cell,
        kept['previous_total'] as previous_total,
        case abc
            when 'A'
                then cast(total - highest_below_a as double) / cast(highest_below_a as double)
            when 'B'
                then
                    least(
                        cast(lowest_a - total as double) / cast(lowest_a as double),
                        cast(total - highest_c as double) / cast(highest_c as double)
                    )
            when 'C' then cast(lowest_above_c - total as double) / cast(lowest_above_c as double)
        end as abc_distance,
        case
            when abc = 'N' then null
            -- By frequency: months with a purchase to gain or lose, relative to the threshold.
            when $xyz_method = 'frequency'
                then
                    least(
                        case
                            when kept['purchase_months'] >= $xyz_frequency_x_months
                                then kept['purchase_months'] - $xyz_frequency_x_months + 1
                            else $xyz_frequency_x_months - kept['purchase_months']
                        end / cast($xyz_frequency_x_months as double),
                        case
                            when kept['purchase_months'] >= $xyz_frequency_y_months
                                then kept['purchase_months'] - $xyz_frequency_y_months + 1
                            else $xyz_frequency_y_months - kept['purchase_months']
                        end / cast($xyz_frequency_y_months as double)
                    )
            when $xyz_preset = 'quantile'
                then
                    case xyz
                        when 'X' then (lowest_above_x - cv) / nullif(lowest_above_x, 0)
                        when 'Y'
                            then
                                least(
                                    (cv - highest_x) / nullif(highest_x, 0),
                                    (lowest_z - cv) / nullif(lowest_z, 0)
                                )
                        when 'Z' then (cv - highest_below_z) / nullif(highest_below_z, 0)
                    end
            else
                least(
                    abs(cv - $xyz_x_cv) / nullif($xyz_x_cv, 0),
                    abs(cv - $xyz_y_cv) / nullif($xyz_y_cv, 0)
                )
        end as xyz_distance
    from bordered
),

-- The rows of a block of a series in lists, which all have one order, whichever it is, and their
-- cells as one number: four bits a month, 0 for no row, 1 for AX to 13 for N-. Bits tell the months
-- of a series apart at a third of the cost of windows over twelve rows. Whatever other columns tell
-- is left out and made again at the end.
listed as (
    select
        series_number,
        block,
        min(table_number) as table_number,
        max(entity_id) as entity_id,
        sum(
            (cast(strpos('AXAYAZA-BXBYBZB-CXCYCZC-N-', cell) + 1 as bigint) / 2) << (4 * slot)
        ) as codes,
        named_struct(
            'slot', array_agg(slot),
            'total', array_agg(total),
            'share', array_agg(share),
            'cumulative_share', array_agg(cumulative_share),
            'rank', array_agg(rank),
            'mean', array_agg(mean),
            'cv', array_agg(cv),
            'xyz', array_agg(xyz),
            'purchase_months', array_agg(purchase_months),
            'previous_total', array_agg(previous_total),
            'distance_to_border', array_agg(least(abc_distance, xyz_distance))
        ) as lists
    from distances
    group by series_number, block
),

named as (
    select
        series_number,
        block,
        array_element($abc_dimensions, table_number / 10) as dimension,
        array_element($abc_measures, table_number % 10) as measure,
        entity_id,
        codes,
        lists
    from listed
),

-- What the table says of the months before the range. A change is one bit of four, by its month.
earlier as (
    select
        dimension,
        measure,
        entity_id,
        max(case when month_place = -1 then cell end) as cell,
        max(case when month_place = -1 then months_in_class end) as months,
        sum(
            case when previous_cell <> cell then cast(1 as bigint) << (4 * (month_place + 11)) end
        ) as changes
    from (
        select
            cast(
                date_part('year', month) * 12 + date_part('month', month)
                - date_part('year', cast($first_month as date)) * 12
                - date_part('month', cast($first_month as date)) as bigint
            ) as month_place,
            dimension,
            measure,
            entity_id,
            cell,
            previous_cell,
            months_in_class
        from abc_xyz
        where
            month >= cast($first_month as date) - interval '11 months'
            and month < $first_month
    ) as months
    where month_place = -1 or previous_cell <> cell
    group by dimension, measure, entity_id
),


-- The cells before, each in the place of its next month. A range of up to a year has one block,
-- which takes the cell before it from the table; later blocks take it from the block before them.
compared as (
    select
        named.series_number,
        named.block,
        named.dimension,
        named.measure,
        named.entity_id,
        named.lists,
        named.codes,
        coalesce(earlier.months, 0) as earlier_months,
        coalesce(earlier.changes, 0) as earlier_changes_bits,
        ((named.codes << 4) & 281474976710655)
        | case
            when $range_months <= 12 or named.block = 0
                then
                    cast(
                        strpos('AXAYAZA-BXBYBZB-CXCYCZC-N-', coalesce(earlier.cell, '?')) + 1
                        as bigint
                    ) / 2
            when
                lag(named.block) over (partition by named.series_number order by named.block)
                = named.block - 1
                then
                    lag(named.codes) over (partition by named.series_number order by named.block)
                    >> 44
            else 0
        end as previous_codes
    from earlier
    right join named
        on earlier.dimension = named.dimension
        and earlier.measure = named.measure
        and earlier.entity_id = named.entity_id
),

-- Of each four bits the lowest: whether the cell differs from that before, is there, was there.
flagged as (
    select
        series_number,
        block,
        dimension,
        measure,
        entity_id,
        lists,
        codes,
        earlier_months,
        earlier_changes_bits,
        previous_codes,
        (
            (codes ^ previous_codes)
            | ((codes ^ previous_codes) >> 1)
            | ((codes ^ previous_codes) >> 2)
            | ((codes ^ previous_codes) >> 3)
        )
        & (codes | (codes >> 1) | (codes >> 2) | (codes >> 3))
        & 18764998447377 as starts,
        (
            previous_codes
            | (previous_codes >> 1)
            | (previous_codes >> 2)
            | (previous_codes >> 3)
        ) & 18764998447377 as continuations
    from compared
),

-- Where the cell of the first month began, if it goes on from before the block, as a place, and the
-- changes of the eleven months before the block.
chained as (
    select
        block,
        dimension,
        measure,
        entity_id,
        lists,
        codes,
        previous_codes,
        starts,
        starts & continuations as changes,
        case
            when $range_months <= 12 then -earlier_months
            else
                coalesce(
                    max(
                        12 * block
                        + cast(floor((log2(cast(nullif(starts, 0) as double)) + 0.5) / 4) as bigint)
                    ) over (
                        partition by series_number
                        order by block
                        rows between unbounded preceding and 1 preceding
                    ),
                    -earlier_months
                )
        end as earlier_start,
        case
            when $range_months <= 12 or block = 0 then earlier_changes_bits
            when lag(block) over (partition by series_number order by block) = block - 1
                then
                    lag(starts & continuations) over (
                        partition by series_number order by block
                    ) >> 4
            else 0
        end as earlier_changes
    from flagged
),

finished as (
    select
        cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        ) as first_number,
        block,
        dimension,
        measure,
        entity_id,
        codes,
        previous_codes,
        starts,
        changes,
        earlier_start,
        earlier_changes,
        unnest(lists['slot']) as slot,
        unnest(lists['total']) as total,
        unnest(lists['share']) as share,
        unnest(lists['cumulative_share']) as cumulative_share,
        unnest(lists['rank']) as rank,
        unnest(lists['mean']) as mean,
        unnest(lists['cv']) as cv,
        unnest(lists['xyz']) as xyz,
        unnest(lists['purchase_months']) as purchase_months,
        unnest(lists['previous_total']) as previous_total,
        unnest(lists['distance_to_border']) as distance_to_border
    from chained
),

dated as (
    select
        make_date(
            cast((first_number + 12 * block + slot) / 12 as int),
            cast((first_number + 12 * block + slot) % 12 + 1 as int),
            1
        ) as month,
        dimension,
        measure,
        entity_id,
        block,
        slot,
        total,
        share,
        cumulative_share,
        rank,
        mean,
        cv,
        xyz,
        purchase_months,
        substr('AXAYAZA-BXBYBZB-CXCYCZC-N-', 2 * ((codes >> (4 * slot)) & 15) - 1, 2) as cell,
        (previous_codes >> (4 * slot)) & 15 as previous_code,
        previous_total,
        starts,
        changes,
        earlier_start,
        earlier_changes,
        distance_to_border
    from finished
)

select
    month,
    dimension,
    measure,
    entity_id,
    total,
    share,
    cumulative_share,
    rank,
    left(cell, 1) as abc,
    mean,
    cv,
    xyz,
    purchase_months,
    case
        when purchase_months >= $xyz_frequency_x_months then 'X'
        when purchase_months >= $xyz_frequency_y_months then 'Y'
        else 'Z'
    end as xyz_frequency,
    cell,
    case
        when previous_code > 0
            then substr('AXAYAZA-BXBYBZB-CXCYCZC-N-', 2 * previous_code - 1, 2)
    end as previous_cell,
    previous_total,
    12 * block + slot + 1 - coalesce(
        12 * block + cast(
            floor(
                (
                    log2(
                        cast(
                            nullif(starts & ((cast(1 as bigint) << (4 * slot + 4)) - 1), 0)
                            as double
                        )
                    ) + 0.5
                ) / 4
            ) as bigint
        ),
        earlier_start
    ) as months_in_class,
    -- A sum of powers of 16 modulo 15 is their number.
    (changes & ((cast(1 as bigint) << (4 * slot + 4)) - 1)) % 15
    + (earlier_changes >> (4 * slot)) % 15 as changes_12m,
    distance_to_border,
    month = date_trunc('month', cast($as_of_date as date))
    and month = date_trunc('month', cast($as_of_date as date) + interval '1 day')
        as is_partial,
    cast($xyz_preset as text) as xyz_preset,
    date_part('year', month) * 12 + date_part('month', month)
    - date_part('year', cast($history_first_month as date)) * 12
    - date_part('month', cast($history_first_month as date)) + 1 >= $abc_window_months
        as is_full_window
from dated
