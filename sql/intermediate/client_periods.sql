-- One row per month, comparison and client with a line in either period: what the period now and
-- the period before hold, apart for the products that the client kept, dropped and added.
-- grain:  month, compare, client_id
-- reads:  client_product_month[-11-movements_months..0] ordered,
--     purchase_month[-11-movements_months..0]
-- param:  history_first_month date
-- param:  movements_months bigint
-- param:  movements_compare text[]
-- column: month date not null -- Last month of the period now, written as its first day
-- column: compare text not null -- What the period now is compared with: previous, as many months
--     directly before it, or year_ago, the same months a year before
-- column: client_id text not null -- Canonical client
-- column: purchases_before bigint not null -- Purchase days in the period before
-- column: purchases_now bigint not null -- Purchase days in the period now
-- column: revenue_before decimal(28,4) not null -- Revenue net of returns in the period before
-- column: revenue_now decimal(28,4) not null -- Revenue net of returns in the period now
-- column: kept_before decimal(28,4) not null -- Part of revenue_before that is neither of dropped
--     nor of added products
-- column: kept_now decimal(28,4) not null -- Part of revenue_now that is neither of dropped nor of
--     added products
-- column: units_before decimal(28,3) -- Units behind kept_before; null when not all are known
-- column: units_now decimal(28,3) -- Units behind kept_now; null when not all are known
-- column: dropped_change decimal(28,4) not null -- Change of the products bought before and not now
-- column: added_change decimal(28,4) not null -- Change of the products bought now and not before
-- column: stopped_change decimal(28,4) not null -- Change of the products bought in every month of
--     the period before, still bought now, but not in this month, in which the client bought
-- column: products_dropped bigint not null -- Products bought before and not now
-- column: products_added bigint not null -- Products bought now and not before
-- column: fallen_product text -- Amount and product of the largest fall; null when none fell
-- column: risen_product text -- Amount and product of the largest rise; null when none rose
-- column: dropped_product text -- Amount and product of the largest fall by a dropped product
-- column: stopped_product text -- Amount and product of the largest fall by a stopped product
-- column: added_product text -- Amount and product of the largest rise by an added product
with product_months as (
    select
        client_id,
        product_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        revenue,
        quantity,
        is_bought
    from client_product_month
    where
        month >= cast($first_month as date)
        - cast(concat(cast(11 + $movements_months as text), ' months') as interval)
        and month <= $last_month
        -- Between the same months a year ago and the period before lie months of no period.
        and (
            month <= cast($last_month as date) - interval '12 months'
            or month >= cast($first_month as date)
            - cast(concat(cast(2 * $movements_months - 1 as text), ' months') as interval)
        )
),

-- The months of a product in lists, which all have one order, whichever it is. The input comes in
-- the order of clients and products, so one product is held at a time.
series as (
    select
        client_id,
        product_id,
        count(*) as months,
        array_agg(line_month_number) as numbers,
        array_agg(revenue) as revenues,
        array_agg(quantity) as quantities,
        array_agg(is_bought) as are_bought
    from product_months
    group by client_id, product_id
),

lines as (
    select
        client_id,
        case when months > 1 then product_id end as repeated_id,
        case when months = 1 then product_id end as single_id,
        unnest(numbers) as line_month_number,
        unnest(revenues) as revenue,
        unnest(quantities) as quantity,
        unnest(are_bought) as is_bought
    from series
),

-- Many products a client has in one month only of all these. They need not be compared one by one:
-- those of a month are added up, the bought and the others apart, and go on like one product with
-- its largest amounts. Amount and product in one text, of fixed width before the product: its
-- maximum is the largest amount with its product, and leaves no tie.
bundles as (
    select
        client_id,
        repeated_id,
        line_month_number,
        is_bought,
        sum(revenue) as revenue,
        sum(quantity) as quantity,
        bool_or(quantity is null) as is_unknown,
        count(*) as products,
        max(
            case
                when single_id is not null and revenue > 0
                    then
                        concat(
                            cast(cast(revenue + 1000000000000000000 as decimal(28, 4)) as text),
                            single_id
                        )
            end
        ) as positive_product,
        max(
            case
                when single_id is not null and revenue < 0
                    then
                        concat(
                            cast(cast(1000000000000000000 - revenue as decimal(28, 4)) as text),
                            single_id
                        )
            end
        ) as negative_product
    from lines
    group by client_id, repeated_id, line_month_number, is_bought
),

-- A month belongs to the periods now, before and a year ago of months of the range.
product_windows as (
    select
        client_id,
        repeated_id,
        case when repeated_id is null then line_month_number end as single_month_number,
        case when repeated_id is null then is_bought end as is_single_bought,
        line_month_number,
        is_bought,
        revenue,
        quantity,
        is_unknown,
        products,
        positive_product,
        negative_product,
        unnest(
            array_concat(
                range(
                    greatest(
                        line_month_number,
                        cast(
                            date_part('year', $first_month) * 12
                            + date_part('month', $first_month) - 1 as bigint
                        )
                    ),
                    least(
                        line_month_number + 2 * $movements_months,
                        cast(
                            date_part('year', $last_month) * 12
                            + date_part('month', $last_month) as bigint
                        )
                    )
                ),
                range(
                    greatest(
                        line_month_number + greatest(12, 2 * $movements_months),
                        cast(
                            date_part('year', $first_month) * 12
                            + date_part('month', $first_month) - 1 as bigint
                        )
                    ),
                    least(
                        line_month_number + 12 + $movements_months,
                        cast(
                            date_part('year', $last_month) * 12
                            + date_part('month', $last_month) as bigint
                        )
                    )
                )
            )
        ) as month_number
    from bundles
),

product_ages as (
    select
        client_id,
        repeated_id,
        single_month_number,
        is_single_bought,
        month_number,
        month_number - line_month_number as age,
        month_number - line_month_number < $movements_months as is_now,
        month_number - line_month_number between $movements_months and 2 * $movements_months - 1
            as is_previous,
        month_number - line_month_number between 12 and 11 + $movements_months as is_year_ago,
        is_bought,
        revenue,
        quantity,
        is_unknown,
        products,
        positive_product,
        negative_product
    from product_windows
),

-- What was added up keeps its month and kind: in a group of its own it is dropped or added whole.
product_sums as (
    select
        client_id,
        repeated_id,
        month_number,
        sum(case when is_now then revenue end) as revenue_now,
        sum(case when is_previous then revenue end) as revenue_previous,
        sum(case when is_year_ago then revenue end) as revenue_year_ago,
        sum(case when is_now then quantity end) as quantity_now,
        sum(case when is_previous then quantity end) as quantity_previous,
        sum(case when is_year_ago then quantity end) as quantity_year_ago,
        bool_or(is_now and is_unknown) as is_unknown_now,
        bool_or(is_previous and is_unknown) as is_unknown_previous,
        bool_or(is_year_ago and is_unknown) as is_unknown_year_ago,
        sum(case when is_bought and age = 0 then 1 else 0 end) as months_last,
        sum(case when is_bought and is_now then 1 else 0 end) as months_now,
        sum(case when is_bought and is_previous then 1 else 0 end) as months_previous,
        sum(case when is_bought and is_year_ago then 1 else 0 end) as months_year_ago,
        max(products) as products,
        max(positive_product) as positive_product,
        max(negative_product) as negative_product
    from product_ages
    group by client_id, repeated_id, single_month_number, is_single_bought, month_number
),

beside as (
    select
        unnest(arrow_cast($movements_compare, 'List(Utf8)')) as compare,
        client_id,
        repeated_id,
        month_number,
        revenue_now,
        revenue_previous,
        revenue_year_ago,
        quantity_now,
        quantity_previous,
        quantity_year_ago,
        is_unknown_now,
        is_unknown_previous,
        is_unknown_year_ago,
        months_last,
        months_now,
        months_previous,
        months_year_ago,
        products,
        positive_product,
        negative_product
    from product_sums
),

-- Nothing is compared with months before the history.
compared as (
    select
        compare,
        client_id,
        repeated_id,
        month_number,
        revenue_now,
        case when compare = 'previous' then revenue_previous else revenue_year_ago end
            as revenue_before,
        quantity_now,
        case when compare = 'previous' then quantity_previous else quantity_year_ago end
            as quantity_before,
        is_unknown_now,
        case when compare = 'previous' then is_unknown_previous else is_unknown_year_ago end
            as is_unknown_before,
        months_last > 0 as is_bought_last,
        months_now,
        case when compare = 'previous' then months_previous else months_year_ago end
            as months_before,
        products,
        positive_product,
        negative_product
    from beside
    where
        month_number - case
            when compare = 'previous' then 2 * $movements_months - 1
            else 11 + $movements_months
        end >= date_part('year', $history_first_month) * 12
        + date_part('month', $history_first_month) - 1
),

product_changes as (
    select
        compare,
        client_id,
        repeated_id,
        month_number,
        revenue_now is not null as is_now,
        coalesce(revenue_now, 0) as revenue_now,
        coalesce(revenue_before, 0) as revenue_before,
        coalesce(revenue_now, 0) - coalesce(revenue_before, 0) as change,
        coalesce(quantity_now, 0) as quantity_now,
        coalesce(quantity_before, 0) as quantity_before,
        is_unknown_now,
        is_unknown_before,
        is_bought_last,
        months_before > 0 and months_now = 0 as is_dropped,
        months_before = 0 and months_now > 0 as is_added,
        -- Bought steadily, and no more: what is dropped in the middle of the period now.
        months_before = $movements_months and months_now > 0 and not is_bought_last as is_stopped,
        products,
        positive_product,
        negative_product
    from compared
    where revenue_now is not null or revenue_before is not null
),

-- What was added up rises by its amounts in the period now, and falls by them in the one before.
keyed_changes as (
    select
        compare,
        client_id,
        month_number,
        revenue_now,
        revenue_before,
        change,
        quantity_now,
        quantity_before,
        is_unknown_now,
        is_unknown_before,
        is_bought_last,
        is_dropped,
        is_added,
        is_stopped,
        products,
        case
            when repeated_id is null
                then case when is_now then negative_product else positive_product end
            when change < 0
                then
                    concat(
                        cast(cast(1000000000000000000 - change as decimal(28, 4)) as text),
                        repeated_id
                    )
        end as fall_key,
        case
            when repeated_id is null
                then case when is_now then positive_product else negative_product end
            when change > 0
                then
                    concat(
                        cast(cast(1000000000000000000 + change as decimal(28, 4)) as text),
                        repeated_id
                    )
        end as rise_key
    from product_changes
),

client_sums as (
    select
        compare,
        client_id,
        month_number,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
        sum(case when is_dropped or is_added then 0 else revenue_before end) as kept_before,
        sum(case when is_dropped or is_added then 0 else revenue_now end) as kept_now,
        sum(case when is_dropped or is_added then 0 else quantity_before end) as units_before,
        sum(case when is_dropped or is_added then 0 else quantity_now end) as units_now,
        bool_or(is_unknown_before and not is_dropped and not is_added) as is_unknown_before,
        bool_or(is_unknown_now and not is_dropped and not is_added) as is_unknown_now,
        sum(case when is_dropped then change else 0 end) as dropped_change,
        sum(case when is_added then change else 0 end) as added_change,
        sum(case when is_stopped then change else 0 end) as stopped_change,
        bool_or(is_bought_last) as is_bought_last,
        sum(case when is_dropped then products else 0 end) as products_dropped,
        sum(case when is_added then products else 0 end) as products_added,
        max(fall_key) as fallen_product,
        max(rise_key) as risen_product,
        max(case when is_dropped then fall_key end) as dropped_product,
        max(case when is_stopped then fall_key end) as stopped_product,
        max(case when is_added then rise_key end) as added_product
    from keyed_changes
    group by compare, client_id, month_number
),

purchase_months as (
    select
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        purchases
    from purchase_month
    where
        month >= cast($first_month as date)
        - cast(concat(cast(11 + $movements_months as text), ' months') as interval)
        and month <= $last_month
),

purchase_windows as (
    select
        client_id,
        line_month_number,
        purchases,
        unnest(
            range(
                greatest(
                    line_month_number,
                    cast(
                        date_part('year', $first_month) * 12
                        + date_part('month', $first_month) - 1 as bigint
                    )
                ),
                least(
                    line_month_number + 12 + $movements_months,
                    cast(
                        date_part('year', $last_month) * 12
                        + date_part('month', $last_month) as bigint
                    )
                )
            )
        ) as month_number
    from purchase_months
),

purchase_ages as (
    select
        client_id,
        month_number,
        month_number - line_month_number < $movements_months as is_now,
        month_number - line_month_number between $movements_months and 2 * $movements_months - 1
            as is_previous,
        month_number - line_month_number between 12 and 11 + $movements_months as is_year_ago,
        purchases
    from purchase_windows
),

purchase_sums as (
    select
        client_id,
        month_number,
        sum(case when is_now then purchases else 0 end) as purchases_now,
        sum(case when is_previous then purchases else 0 end) as purchases_previous,
        sum(case when is_year_ago then purchases else 0 end) as purchases_year_ago
    from purchase_ages
    group by client_id, month_number
)

select
    make_date(
        cast(client_sums.month_number / 12 as int),
        cast(client_sums.month_number % 12 + 1 as int),
        1
    ) as month,
    client_sums.compare,
    client_sums.client_id,
    coalesce(
        case
            when client_sums.compare = 'previous' then purchase_sums.purchases_previous
            else purchase_sums.purchases_year_ago
        end,
        0
    ) as purchases_before,
    coalesce(purchase_sums.purchases_now, 0) as purchases_now,
    cast(client_sums.revenue_before as decimal(28, 4)) as revenue_before,
    cast(client_sums.revenue_now as decimal(28, 4)) as revenue_now,
    cast(client_sums.kept_before as decimal(28, 4)) as kept_before,
    cast(client_sums.kept_now as decimal(28, 4)) as kept_now,
    case
        when not client_sums.is_unknown_before then cast(client_sums.units_before as decimal(28, 3))
    end as units_before,
    case
        when not client_sums.is_unknown_now then cast(client_sums.units_now as decimal(28, 3))
    end as units_now,
    cast(client_sums.dropped_change as decimal(28, 4)) as dropped_change,
    cast(client_sums.added_change as decimal(28, 4)) as added_change,
    case
        when client_sums.is_bought_last then cast(client_sums.stopped_change as decimal(28, 4))
        else cast(0 as decimal(28, 4))
    end as stopped_change,
    client_sums.products_dropped,
    client_sums.products_added,
    client_sums.fallen_product,
    client_sums.risen_product,
    client_sums.dropped_product,
    case when client_sums.is_bought_last then client_sums.stopped_product end as stopped_product,
    client_sums.added_product
from client_sums
left join purchase_sums
    on client_sums.client_id = purchase_sums.client_id
    and client_sums.month_number = purchase_sums.month_number
