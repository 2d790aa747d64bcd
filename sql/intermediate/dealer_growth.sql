-- One row per month, client of those of its region that grew most in two months, and product of
-- which it buys more a month since: where the basket of a client that falls silent may have gone.
-- grain:  month, client_id, product_id
-- reads:  client_state[0], entity_month[-4..0], client_product_month[-4..0]
-- param:  dealers_most_growing bigint
-- column: month date not null -- Second month of the growth, written as its first day
-- column: client_id text not null -- Canonical client
-- column: product_id text not null -- Product that grew
-- column: region text not null -- Region of its last purchase
-- column: manager text not null -- Manager of its last purchase
-- column: growing_clients bigint not null -- Such clients of the region in the month
-- column: revenue_before decimal(28,4) not null -- Revenue of the client in the three months before
-- column: growth decimal(28,4) not null -- Three times the revenue of the product in the two months,
--     less twice that of the three before
-- column: was_bought boolean not null -- It had bought the product in the three months before
with client_months as (
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
    select month, client_id, product_id, revenue
    from client_product_month
    where
        month >= cast($first_month as date) - interval '4 months'
        and month <= $last_month
        and product_id <> '(unknown)'
),

grown_products as (
    select
        growing_months.month,
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
)

select
    grown_products.month,
    grown_products.client_id,
    grown_products.product_id,
    growing.region,
    growing.manager,
    growing.growing_clients,
    cast(growing.revenue_before as decimal(28, 4)) as revenue_before,
    cast(grown_products.growth as decimal(28, 4)) as growth,
    grown_products.was_bought = 1 as was_bought
from grown_products
inner join growing
    on grown_products.month = growing.month
    and grown_products.client_id = growing.client_id
