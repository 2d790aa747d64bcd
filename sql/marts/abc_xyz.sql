-- One row per entity with lines in the window that ends with the month, and per measure: its total,
-- its ABC and XYZ class, and how stable they are.
-- grain:  month, dimension, measure, entity_id
-- reads:  abc_xyz_class[0], abc_xyz_change[-11..0], abc_xyz[-1]
-- param:  as_of_date date
-- param:  xyz_preset text
-- param:  xyz_x_cv double
-- param:  xyz_y_cv double
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
-- column: months_in_class bigint not null -- Months in a row in this cell, this one included
-- column: changes_12m bigint not null -- How many of the last 12 months have another cell than the
--     month before them, the entity being in the table in both
-- column: distance_to_border double -- Relative distance of the total or the CV to the nearest
--     other class; null in class N and where there is no other class
-- column: is_partial boolean not null -- The month is not over at the as-of date
-- column: xyz_preset text not null -- Preset of the XYZ thresholds
-- column: is_full_window boolean not null -- False while the history is shorter than the window
with changes as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        dimension,
        measure,
        entity_id,
        previous_cell is not null as is_change
    from abc_xyz_change
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
),

-- Every change is told to all months of the range from it on.
changes_told as (
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
                cast(
                    date_part('year', cast($last_month as date)) * 12
                    + date_part('month', cast($last_month as date)) as bigint
                )
            )
        ) as told_number,
        month_number,
        dimension,
        measure,
        entity_id,
        is_change
    from changes
),

changes_by_month as (
    select
        told_number,
        dimension,
        measure,
        entity_id,
        max(month_number) as last_change_number,
        sum(case when is_change and month_number > told_number - 12 then 1 else 0 end)
            as changes_12m
    from changes_told
    group by told_number, dimension, measure, entity_id
),

-- The border of a class is the nearest total of another class: reaching it is reaching that class.
borders as (
    select
        month,
        dimension,
        measure,
        min(case when abc = 'A' then total end) as lowest_a,
        min(case when abc in ('A', 'B') then total end) as lowest_above_c,
        max(case when abc in ('B', 'C') then total end) as highest_below_a,
        max(case when abc = 'C' then total end) as highest_c,
        max(case when xyz = 'X' then cv end) as highest_x,
        max(case when xyz in ('X', 'Y') then cv end) as highest_below_z,
        min(case when xyz in ('Y', 'Z') then cv end) as lowest_above_x,
        min(case when xyz = 'Z' then cv end) as lowest_z
    from abc_xyz_class
    where month between $first_month and $last_month
    group by month, dimension, measure
),

distances as (
    select
        abc_xyz_class.month,
        cast(
            date_part('year', abc_xyz_class.month) * 12
            + date_part('month', abc_xyz_class.month) - 1 as bigint
        ) as month_number,
        abc_xyz_class.dimension,
        abc_xyz_class.measure,
        abc_xyz_class.entity_id,
        abc_xyz_class.total,
        abc_xyz_class.share,
        abc_xyz_class.cumulative_share,
        abc_xyz_class.rank,
        abc_xyz_class.abc,
        abc_xyz_class.mean,
        abc_xyz_class.cv,
        abc_xyz_class.xyz,
        abc_xyz_class.purchase_months,
        abc_xyz_class.xyz_frequency,
        abc_xyz_class.cell,
        abc_xyz_class.is_full_window,
        case abc_xyz_class.abc
            when 'A'
                then
                    cast(abc_xyz_class.total - borders.highest_below_a as double)
                    / cast(borders.highest_below_a as double)
            when 'B'
                then
                    least(
                        cast(borders.lowest_a - abc_xyz_class.total as double)
                        / cast(borders.lowest_a as double),
                        cast(abc_xyz_class.total - borders.highest_c as double)
                        / cast(borders.highest_c as double)
                    )
            when 'C'
                then
                    cast(borders.lowest_above_c - abc_xyz_class.total as double)
                    / cast(borders.lowest_above_c as double)
        end as abc_distance,
        case
            when abc_xyz_class.abc = 'N' then null
            -- By frequency: months with a purchase to gain or lose, relative to the threshold.
            when $xyz_method = 'frequency'
                then
                    least(
                        case
                            when abc_xyz_class.purchase_months >= $xyz_frequency_x_months
                                then abc_xyz_class.purchase_months - $xyz_frequency_x_months + 1
                            else $xyz_frequency_x_months - abc_xyz_class.purchase_months
                        end / cast($xyz_frequency_x_months as double),
                        case
                            when abc_xyz_class.purchase_months >= $xyz_frequency_y_months
                                then abc_xyz_class.purchase_months - $xyz_frequency_y_months + 1
                            else $xyz_frequency_y_months - abc_xyz_class.purchase_months
                        end / cast($xyz_frequency_y_months as double)
                    )
            when $xyz_preset = 'quantile'
                then
                    case abc_xyz_class.xyz
                        when 'X'
                            then
                                (borders.lowest_above_x - abc_xyz_class.cv)
                                / nullif(borders.lowest_above_x, 0)
                        when 'Y'
                            then
                                least(
                                    (abc_xyz_class.cv - borders.highest_x)
                                    / nullif(borders.highest_x, 0),
                                    (borders.lowest_z - abc_xyz_class.cv)
                                    / nullif(borders.lowest_z, 0)
                                )
                        when 'Z'
                            then
                                (abc_xyz_class.cv - borders.highest_below_z)
                                / nullif(borders.highest_below_z, 0)
                    end
            else
                least(
                    abs(abc_xyz_class.cv - $xyz_x_cv) / nullif($xyz_x_cv, 0),
                    abs(abc_xyz_class.cv - $xyz_y_cv) / nullif($xyz_y_cv, 0)
                )
        end as xyz_distance
    from abc_xyz_class
    inner join borders
        on abc_xyz_class.month = borders.month
        and abc_xyz_class.dimension = borders.dimension
        and abc_xyz_class.measure = borders.measure
    where abc_xyz_class.month between $first_month and $last_month
)

select
    distances.month,
    distances.dimension,
    distances.measure,
    distances.entity_id,
    distances.total,
    distances.share,
    distances.cumulative_share,
    distances.rank,
    distances.abc,
    distances.mean,
    distances.cv,
    distances.xyz,
    distances.purchase_months,
    distances.xyz_frequency,
    distances.cell,
    -- A cell older than the changes we see goes on from where it stood before the range.
    case
        when changes_by_month.last_change_number >= cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        )
            then distances.month_number - changes_by_month.last_change_number + 1
        else
            abc_xyz.months_in_class + distances.month_number + 1
            - cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date)) - 1 as bigint
            )
    end as months_in_class,
    coalesce(changes_by_month.changes_12m, 0) as changes_12m,
    least(distances.abc_distance, distances.xyz_distance) as distance_to_border,
    distances.month = date_trunc('month', cast($as_of_date as date))
    and distances.month = date_trunc('month', cast($as_of_date as date) + interval '1 day')
        as is_partial,
    cast($xyz_preset as text) as xyz_preset,
    distances.is_full_window
from distances
left join changes_by_month
    on distances.month_number = changes_by_month.told_number
    and distances.dimension = changes_by_month.dimension
    and distances.measure = changes_by_month.measure
    and distances.entity_id = changes_by_month.entity_id
left join abc_xyz
    on distances.dimension = abc_xyz.dimension
    and distances.measure = abc_xyz.measure
    and distances.entity_id = abc_xyz.entity_id
    and abc_xyz.month = cast($first_month as date) - interval '1 month'
