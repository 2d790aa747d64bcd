-- One row per month, client that has been silent for two months, and client of its region that grew
-- since, with at least one product in common that grew: how much of the one's basket reappears in
-- the other's growth.
-- grain:  month, silent_client_id, dealer_client_id
-- reads:  client_turns[0], client_state[0], entity_month[-4..0], sales[-4..0],
--     canonical_client[all]
-- param:  dealers_most_growing bigint
-- column: month date not null -- Second month without a purchase, written as its first day
-- column: silent_client_id text not null -- Canonical client that is silent
-- column: dealer_client_id text not null -- Canonical client that grew
-- column: region text not null -- Region of both
-- column: growing_clients bigint not null -- Clients of the region that are compared in the month
-- column: products bigint not null -- Products that the silent one bought in its last three months
-- column: grown_products bigint not null -- Of these, the products of which the other buys more a
--     month since
-- column: new_products bigint not null -- Of these, the products that it did not buy before
-- column: silent_revenue decimal(28,4) not null -- Revenue of the silent one in its last three
--     months, returns left out
-- column: silent_months bigint not null -- How many of them it was a client in
-- column: dealer_revenue decimal(28,4) not null -- Revenue of the other in the same three months
-- column: grown_revenue decimal(28,4) not null -- Growth of the other in these products: revenue of
--     the two months since, less two thirds of that of the three months before
-- column: manager text not null -- Manager of the last purchase of the silent one
-- column: dealer_manager text not null -- Manager of the last purchase of the other
with silent as (
    select
        month,
        client_id,
        region,
        manager,
        revenue,
        months,
        products
    from client_turns
    where month between $first_month and $last_month and turn = 'silent'
),

silent_regions as (
    select month, region
    from silent
    group by month, region
),

client_months as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        revenue
    from entity_month
    where
        month >= cast($first_month as date) - interval '4 months'
        and month <= $last_month
        and dimension = 'client'
),

-- A month counts in the five windows that hold it: as one of two after, or of three before.
client_windows as (
    select
        client_id,
        month_number,
        revenue,
        unnest(range(month_number, month_number + 5)) as window_number
    from client_months
),

growth as (
    select
        make_date(
            cast(window_number / 12 as int), cast(window_number % 12 + 1 as int), 1
        ) as month,
        client_id,
        sum(case when month_number <= window_number - 2 then revenue else 0 end) as revenue_before,
        sum(
            case when month_number > window_number - 2 then 3 * revenue else -2 * revenue end
        ) as growth
    from client_windows
    group by window_number, client_id
),

ranked as (
    select
        growth.month,
        growth.client_id,
        growth.revenue_before,
        client_state.region,
        client_state.manager,
        row_number() over (
            partition by growth.month, client_state.region
            order by growth.growth desc, growth.client_id
        ) as place
    from growth
    inner join client_state
        on growth.month = client_state.month
        and growth.client_id = client_state.client_id
        and client_state.month between $first_month and $last_month
    left semi join silent_regions
        on growth.month = silent_regions.month and client_state.region = silent_regions.region
    where
        growth.growth > 0
        and growth.revenue_before > 0
        and client_state.first_purchase_month < growth.month - interval '3 months'
),

growing as (
    select
        ranked.month,
        ranked.client_id,
        ranked.region,
        ranked.manager,
        ranked.revenue_before,
        cast(count(*) over (partition by ranked.month, ranked.region) as bigint)
            as growing_clients
    from ranked
    where ranked.place <= $dealers_most_growing
),

growing_months as (
    select
        month,
        client_id,
        region,
        unnest(
            make_array(
                cast(month - interval '4 months' as date),
                cast(month - interval '3 months' as date),
                cast(month - interval '2 months' as date),
                cast(month - interval '1 month' as date),
                month
            )
        ) as line_month
    from growing
),

product_months as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.product_id,
        sum(sales.revenue) as revenue
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where
        sales.month >= cast($first_month as date) - interval '4 months'
        and sales.month <= $last_month
        and sales.product_id is not null
    group by
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id),
        sales.product_id
),

grown_products as (
    select
        growing_months.month,
        growing_months.region,
        growing_months.client_id,
        product_months.product_id,
        sum(
            case
                when growing_months.line_month >= growing_months.month - interval '1 month'
                    then 3 * product_months.revenue
                else -2 * product_months.revenue
            end
        ) as growth,
        max(
            case
                when growing_months.line_month >= growing_months.month - interval '1 month' then 0
                else 1
            end
        ) as was_bought
    from growing_months
    inner join product_months
        on growing_months.client_id = product_months.client_id
        and growing_months.line_month = product_months.month
    group by
        growing_months.month,
        growing_months.region,
        growing_months.client_id,
        product_months.product_id
    having
        sum(
            case
                when growing_months.line_month >= growing_months.month - interval '1 month'
                    then 3 * product_months.revenue
                else -2 * product_months.revenue
            end
        ) > 0
),

silent_products as (
    select
        month,
        client_id,
        region,
        unnest(products) as product_id
    from silent
),

shared as (
    select
        silent_products.month,
        silent_products.client_id as silent_client_id,
        grown_products.client_id as dealer_client_id,
        count(*) as grown_products,
        sum(1 - grown_products.was_bought) as new_products,
        sum(grown_products.growth) as growth
    from silent_products
    inner join grown_products
        on silent_products.month = grown_products.month
        and silent_products.region = grown_products.region
        and silent_products.product_id = grown_products.product_id
    group by silent_products.month, silent_products.client_id, grown_products.client_id
)

select
    shared.month,
    shared.silent_client_id,
    shared.dealer_client_id,
    silent.region,
    growing.growing_clients,
    cast(array_length(silent.products) as bigint) as products,
    shared.grown_products,
    shared.new_products,
    silent.revenue as silent_revenue,
    silent.months as silent_months,
    cast(growing.revenue_before as decimal(28, 4)) as dealer_revenue,
    cast(shared.growth / 3 as decimal(28, 4)) as grown_revenue,
    silent.manager,
    growing.manager as dealer_manager
from shared
inner join silent
    on shared.month = silent.month and shared.silent_client_id = silent.client_id
inner join growing
    on shared.month = growing.month and shared.dealer_client_id = growing.client_id
