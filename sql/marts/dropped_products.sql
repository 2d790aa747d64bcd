-- One row per month, comparison, client whose revenue fell and product that it dropped: what the
-- product used to bring, and its share of the client's loss.
-- grain:  month, compare, client_id, product_id
-- reads:  client_product_month[-11-movements_months..0], purchase_month[0], client_movements[0]
-- param:  movements_months bigint
-- param:  movements_compare text[]
-- param:  movements_product_share decimal(5,4)
-- column: month date not null -- Last month of the period now, written as its first day
-- column: compare text not null -- What the period now is compared with: previous or year_ago
-- column: client_id text not null -- Canonical client: bought in both periods, and for less now
-- column: product_id text not null -- Product bought in the period before and not now, or bought in
--     every month of the period before and no more in this month; only where its fall is at least 5
--     % of what the client bought in the period before
-- column: manager text not null -- Manager of the client's last purchase
-- column: last_bought_month date not null -- Last month in which the client bought the product
-- column: months_without bigint not null -- Months from that month to this one
-- column: usual_monthly_revenue decimal(28,4) not null -- Mean revenue of the product per month of
--     the period before
-- column: revenue_before decimal(28,4) not null -- Revenue of the product in the period before
-- column: revenue_now decimal(28,4) not null -- Revenue of the product in the period now: what was
--     bought before it was dropped, and returns
-- column: change decimal(28,4) not null -- revenue_now minus revenue_before
-- column: share_of_revenue double not null -- revenue_before as a share of the client's
-- column: share_of_loss double not null -- The product's fall divided by the client's; above 1
--     where other products rose
-- column: is_bought_in_period boolean not null -- The product was dropped within the period now
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with settings as (
    select
        cast($movements_months as bigint) as movement_months,
        cast($movements_product_share as decimal(5, 4)) as movement_product_share
),

fallen_clients as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        compare,
        client_id,
        manager,
        revenue_before,
        change,
        is_partial
    from client_movements
    where
        month between $first_month and $last_month
        and movement = 'stayed'
        and change < 0
        and revenue_before > 0
),

client_list as (
    select client_id
    from fallen_clients
    group by client_id
),

product_months as (
    select
        client_product_month.client_id,
        client_product_month.product_id,
        cast(
            date_part('year', client_product_month.month) * 12
            + date_part('month', client_product_month.month) - 1 as bigint
        ) as line_month_number,
        client_product_month.revenue,
        client_product_month.is_bought
    from client_product_month
    left semi join client_list on client_product_month.client_id = client_list.client_id
    where
        client_product_month.month >= cast($first_month as date)
        - cast(concat(cast(11 + $movements_months as text), ' months') as interval)
        and client_product_month.month <= $last_month
),

product_windows as (
    select
        product_months.client_id,
        product_months.product_id,
        product_months.line_month_number,
        product_months.revenue,
        product_months.is_bought,
        settings.movement_months,
        unnest(
            range(
                greatest(
                    product_months.line_month_number,
                    cast(
                        date_part('year', $first_month) * 12
                        + date_part('month', $first_month) - 1 as bigint
                    )
                ),
                least(
                    product_months.line_month_number + 12 + settings.movement_months,
                    cast(
                        date_part('year', $last_month) * 12
                        + date_part('month', $last_month) as bigint
                    )
                )
            )
        ) as month_number
    from settings
    cross join product_months
),

product_ages as (
    select
        client_id,
        product_id,
        month_number,
        month_number - line_month_number as age,
        month_number - line_month_number < movement_months as is_now,
        month_number - line_month_number between movement_months and 2 * movement_months - 1
            as is_previous,
        month_number - line_month_number between 12 and 11 + movement_months as is_year_ago,
        revenue,
        is_bought
    from product_windows
),

product_sums as (
    select
        client_id,
        product_id,
        month_number,
        min(case when is_bought then age end) as months_without,
        sum(case when is_now then revenue else 0 end) as revenue_now,
        sum(case when is_previous then revenue else 0 end) as revenue_previous,
        sum(case when is_year_ago then revenue else 0 end) as revenue_year_ago,
        sum(case when is_bought and is_now then 1 else 0 end) as months_now,
        sum(case when is_bought and is_previous then 1 else 0 end) as months_previous,
        sum(case when is_bought and is_year_ago then 1 else 0 end) as months_year_ago
    from product_ages
    group by client_id, product_id, month_number
),

-- Who buys the product in this month has not dropped it.
silent_products as (
    select
        compares.compare,
        product_sums.client_id,
        product_sums.product_id,
        product_sums.month_number,
        settings.movement_months,
        product_sums.months_without,
        product_sums.revenue_now,
        case
            when compares.compare = 'previous' then product_sums.revenue_previous
            else product_sums.revenue_year_ago
        end as revenue_before,
        product_sums.months_now,
        case
            when compares.compare = 'previous' then product_sums.months_previous
            else product_sums.months_year_ago
        end as months_before
    from settings
    cross join (
        select unnest(arrow_cast($movements_compare, 'List(Utf8)')) as compare
    ) as compares
    cross join product_sums
    where product_sums.months_without > 0
),

buyers as (
    select month, client_id
    from purchase_month
    where month between $first_month and $last_month
),

dropped as (
    select
        fallen_clients.month,
        fallen_clients.month_number,
        fallen_clients.compare,
        fallen_clients.client_id,
        silent_products.product_id,
        fallen_clients.manager,
        silent_products.months_without,
        silent_products.movement_months,
        silent_products.revenue_before,
        silent_products.revenue_now,
        silent_products.months_now > 0 as is_bought_in_period,
        cast(fallen_clients.revenue_before as double) as client_revenue_before,
        cast(fallen_clients.change as double) as client_change,
        fallen_clients.is_partial
    from settings
    cross join fallen_clients
    inner join silent_products
        on fallen_clients.month_number = silent_products.month_number
        and fallen_clients.compare = silent_products.compare
        and fallen_clients.client_id = silent_products.client_id
    left join buyers
        on fallen_clients.month = buyers.month
        and fallen_clients.client_id = buyers.client_id
    where
        silent_products.revenue_before - silent_products.revenue_now
        >= fallen_clients.revenue_before * settings.movement_product_share
        and silent_products.months_before > 0
        and (
            silent_products.months_now = 0
            -- Within the period only what was bought every month, by who bought other things since.
            or (
                silent_products.months_before = silent_products.movement_months
                and buyers.client_id is not null
                and not fallen_clients.is_partial
            )
        )
)

select
    month,
    compare,
    client_id,
    product_id,
    manager,
    make_date(
        cast((month_number - months_without) / 12 as int),
        cast((month_number - months_without) % 12 + 1 as int),
        1
    ) as last_bought_month,
    months_without,
    cast(round(cast(revenue_before as double) / movement_months, 4) as decimal(28, 4))
        as usual_monthly_revenue,
    cast(revenue_before as decimal(28, 4)) as revenue_before,
    cast(revenue_now as decimal(28, 4)) as revenue_now,
    cast(revenue_now - revenue_before as decimal(28, 4)) as change,
    cast(revenue_before as double) / client_revenue_before as share_of_revenue,
    cast(revenue_now - revenue_before as double) / client_change as share_of_loss,
    is_bought_in_period,
    is_partial
from dropped
