-- One row per entity with lines in the window that ends with the month, and per measure: its total,
-- its share and its ABC and XYZ class.
-- grain:  month, dimension, measure, entity_id
-- reads:  entity_month[1-abc_window_months..0], entity_first_purchase[..0]
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
-- column: is_full_window boolean not null -- False while the history is shorter than the window
with entity_values as (
    select
        entity_month.dimension,
        entity_month.entity_id,
        cast(
            date_part('year', entity_month.month) * 12
            + date_part('month', entity_month.month) - 1 as bigint
        ) as month_number,
        cast(
            date_part('year', entity_first_purchase.month) * 12
            + date_part('month', entity_first_purchase.month) - 1 as bigint
        ) as first_purchase_number,
        case when array_has($abc_measures, 'revenue') then entity_month.revenue end as revenue,
        case when array_has($abc_measures, 'profit') then entity_month.profit end as profit,
        case
            when array_has($abc_measures, 'quantity')
                then cast(entity_month.quantity as decimal(28, 4))
        end as quantity,
        case
            when array_has($abc_measures, 'purchases')
                then cast(entity_month.purchases as decimal(28, 4))
        end as purchases,
        entity_month.purchases > 0 as has_purchase
    from entity_month
    left join entity_first_purchase
        on entity_month.dimension = entity_first_purchase.dimension
        and entity_month.entity_id = entity_first_purchase.entity_id
        and entity_first_purchase.month <= $last_month
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

-- A month of an entity belongs to the windows that end with it or with one of the months after it.
entity_window_values as (
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
        entity_id,
        month_number,
        first_purchase_number,
        revenue,
        profit,
        quantity,
        purchases,
        has_purchase
    from entity_values
),

-- Returns can come before the first purchase we see. They are part of the total, but not of the
-- months that since_first_purchase counts. A later first purchase is not known yet in the window.
entity_counted_values as (
    select
        window_number,
        dimension,
        entity_id,
        case
            when first_purchase_number <= window_number then first_purchase_number
        end as first_purchase_number,
        $xyz_history = 'since_first_purchase'
        and coalesce(
            first_purchase_number <= window_number and month_number < first_purchase_number, false
        ) as is_too_early,
        revenue,
        profit,
        quantity,
        purchases,
        has_purchase
    from entity_window_values
),

-- Squares of sums of money outgrow 38 digits: they are added up in 256 bits.
entity_windows as (
    select
        window_number,
        dimension,
        entity_id,
        min(first_purchase_number) as first_purchase_number,
        sum(case when has_purchase then 1 else 0 end) as purchase_months,
        sum(revenue) as revenue,
        sum(case when not is_too_early then revenue end) as revenue_counted,
        sum(case when not is_too_early then cast(revenue as decimal(39, 4)) * revenue end)
            as revenue_squares,
        sum(profit) as profit,
        sum(case when not is_too_early then profit end) as profit_counted,
        sum(case when not is_too_early then cast(profit as decimal(39, 4)) * profit end)
            as profit_squares,
        sum(quantity) as quantity,
        sum(case when not is_too_early then quantity end) as quantity_counted,
        sum(case when not is_too_early then cast(quantity as decimal(39, 4)) * quantity end)
            as quantity_squares,
        sum(purchases) as purchases,
        sum(case when not is_too_early then purchases end) as purchases_counted,
        sum(case when not is_too_early then cast(purchases as decimal(39, 4)) * purchases end)
            as purchases_squares
    from entity_counted_values
    group by window_number, dimension, entity_id
),

measures as (
    select unnest(arrow_cast($abc_measures, 'List(Utf8)')) as measure
),

-- Months before the first month of the history do not exist: they are not counted as zeros.
measured as (
    select
        entity_windows.window_number,
        entity_windows.dimension,
        measures.measure,
        entity_windows.entity_id,
        entity_windows.first_purchase_number,
        entity_windows.purchase_months,
        least(
            $abc_window_months,
            entity_windows.window_number + 1
            - cast(
                date_part('year', cast($history_first_month as date)) * 12
                + date_part('month', cast($history_first_month as date)) - 1 as bigint
            )
        ) as window_months,
        case measures.measure
            when 'revenue' then entity_windows.revenue
            when 'profit' then entity_windows.profit
            when 'quantity' then entity_windows.quantity
            when 'purchases' then entity_windows.purchases
        end as total,
        case measures.measure
            when 'revenue' then entity_windows.revenue_counted
            when 'profit' then entity_windows.profit_counted
            when 'quantity' then entity_windows.quantity_counted
            when 'purchases' then entity_windows.purchases_counted
        end as counted,
        case measures.measure
            when 'revenue' then entity_windows.revenue_squares
            when 'profit' then entity_windows.profit_squares
            when 'quantity' then entity_windows.quantity_squares
            when 'purchases' then entity_windows.purchases_squares
        end as squares
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from measures
    cross join entity_windows
),

-- Where profit or quantity was unknown in the whole window there is nothing to rank: no row.
counted as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        cast(total as decimal(28, 4)) as total,
        case
            when $xyz_history = 'full_window' or first_purchase_number is null then window_months
            else least(window_months, window_number - first_purchase_number + 1)
        end as counted_months,
        cast(coalesce(counted, 0) as decimal(28, 4)) as counted,
        coalesce(squares, 0) as squares
    from measured
    where total is not null
),

-- CV = sqrt(n * sum(x^2) - sum(x)^2) / sum(x): exact up to the square root.
varied as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        total,
        counted_months,
        counted,
        counted_months >= $xyz_min_months and counted > 0 as has_variation,
        cast(cast(counted as decimal(39, 4)) * counted as decimal(68, 8)) as squared_sum,
        cast(
            cast(counted_months as decimal(5, 0)) * squares
            - cast(counted as decimal(39, 4)) * counted as decimal(68, 8)
        ) as scaled_variance
    from counted
),

with_cv as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        total,
        counted_months,
        counted,
        has_variation,
        squared_sum,
        scaled_variance,
        case
            when has_variation
                then sqrt(cast(scaled_variance as double)) / cast(counted as double)
        end as cv
    from varied
),

-- One running sum over equal totals gives both the strictly greater totals (running sum minus the
-- ties) and the rank. Thirds are ranked only when the quantile preset asks for them; equal CVs must
-- share a class, so the last digits, where one CV can come out in two ways, are cut off.
ranked as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        total,
        counted_months,
        counted,
        has_variation,
        squared_sum,
        scaled_variance,
        cv,
        rank() over (
            partition by window_number, dimension, measure
            order by total desc
        ) as rank,
        count(*) over (
            partition by window_number, dimension, measure
            order by total desc
        ) as rank_of_last_tie,
        sum(case when total > 0 then total else 0 end) over (
            partition by window_number, dimension, measure
            order by total desc
        ) as running_total,
        sum(case when total > 0 then total else 0 end) over (
            partition by window_number, dimension, measure
        ) as grand_total,
        rank() over (
            partition by window_number, dimension, measure
            order by case when $xyz_preset = 'quantile' then round(cv, 12) end asc nulls last
        ) - 1 as smaller_cvs,
        count(cv) over (partition by window_number, dimension, measure) as all_cvs
    from with_cv
),

bordered as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        total,
        counted_months,
        counted,
        has_variation,
        squared_sum,
        scaled_variance,
        cv,
        rank,
        smaller_cvs,
        all_cvs,
        cast(
            running_total - cast(rank_of_last_tie - rank + 1 as decimal(10, 0)) * total
            as decimal(28, 4)
        ) as greater_total,
        cast(grand_total as decimal(28, 4)) as grand_total
    from ranked
),

-- Products are compared, nothing is divided: 80 % is 80 %, and equal totals share a class.
classified as (
    select
        window_number,
        dimension,
        measure,
        entity_id,
        purchase_months,
        window_months,
        total,
        counted_months,
        counted,
        cv,
        rank,
        greater_total,
        grand_total,
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
        case
            when not has_variation then 'N'
            when $xyz_preset = 'quantile'
                then
                    case
                        when smaller_cvs * 3 < all_cvs then 'X'
                        when smaller_cvs * 3 < all_cvs * 2 then 'Y'
                        else 'Z'
                    end
            when
                scaled_variance
                <= cast($xyz_x_cv as decimal(8, 4)) * cast($xyz_x_cv as decimal(8, 4)) * squared_sum
                then 'X'
            when
                scaled_variance
                <= cast($xyz_y_cv as decimal(8, 4)) * cast($xyz_y_cv as decimal(8, 4)) * squared_sum
                then 'Y'
            else 'Z'
        end as xyz,
        case
            when purchase_months >= $xyz_frequency_x_months then 'X'
            when purchase_months >= $xyz_frequency_y_months then 'Y'
            else 'Z'
        end as xyz_frequency
    from bordered
)

select
    cast(make_date(window_number / 12, window_number % 12 + 1, 1) as date) as month,
    dimension,
    measure,
    entity_id,
    total,
    case
        when total > 0 then cast(total as double) / cast(grand_total as double)
    end as share,
    case
        when total > 0 then cast(greater_total + total as double) / cast(grand_total as double)
    end as cumulative_share,
    case when total > 0 then cast(rank as bigint) end as rank,
    abc,
    cast(counted as double) / cast(counted_months as double) as mean,
    cv,
    xyz,
    purchase_months,
    xyz_frequency,
    -- What is not positive is reported beside the matrix, in one cell.
    case
        when abc = 'N' then 'N-'
        when $xyz_method = 'frequency' then concat(abc, xyz_frequency)
        when xyz = 'N' then concat(abc, '-')
        else concat(abc, xyz)
    end as cell,
    window_months >= $abc_window_months as is_full_window
from classified
