-- One row per client, turn of its life and month: what it bought when it appeared (in each of the
-- three months from its first purchase on), when it went on (in each of the three months after),
-- and when it fell silent (in the three months that end with its last purchase, known two months
-- later).
-- grain:  month, turn, client_id
-- reads:  client_state[0], purchase_month[-4..0], sales[-4..0], canonical_client[all]
-- column: month date not null -- Month in which the turn is known, written as its first day: a
--     month of the three for appeared and continued, the second month without a purchase for silent
-- column: turn text not null -- appeared, continued or silent
-- column: client_id text not null -- Canonical client
-- column: client_name text -- Name of the client in the last of the lines that name it
-- column: first_purchase_date date not null -- First purchase day of the client's life
-- column: last_purchase_date date not null -- Last purchase day up to the end of the month
-- column: purchases bigint not null -- Purchase days in the month, or in the three
-- column: months bigint not null -- How many of these months the client was a client in
-- column: revenue decimal(28,4) not null -- Revenue of the purchase lines, before returns
-- column: products text[] not null -- Products of the purchase lines, in the order of their text
-- column: manager text not null -- Manager of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
with turns as (
    select
        month,
        case
            when first_purchase_month >= month - interval '2 months' then 'appeared'
            else 'continued'
        end as turn,
        client_id,
        first_purchase_date,
        last_purchase_date,
        cast(1 as bigint) as months,
        manager,
        branch,
        region,
        make_array(month) as line_months
    from client_state
    where
        month between $first_month and $last_month
        and months_since_last_purchase = 0
        and first_purchase_month >= month - interval '5 months'
    union all
    select
        month,
        'silent' as turn,
        client_id,
        first_purchase_date,
        last_purchase_date,
        case
            when first_purchase_month = last_purchase_month then cast(1 as bigint)
            when first_purchase_month = last_purchase_month - interval '1 month'
                then cast(2 as bigint)
            else cast(3 as bigint)
        end as months,
        manager,
        branch,
        region,
        make_array(
            cast(month - interval '4 months' as date),
            cast(month - interval '3 months' as date),
            cast(month - interval '2 months' as date)
        ) as line_months
    from client_state
    where month between $first_month and $last_month and months_since_last_purchase = 2
),

turn_months as (
    select
        month,
        turn,
        client_id,
        unnest(line_months) as line_month
    from turns
),

bought_days as (
    select
        turn_months.month,
        turn_months.turn,
        turn_months.client_id,
        sum(purchase_month.purchases) as purchases
    from turn_months
    inner join purchase_month
        on turn_months.client_id = purchase_month.client_id
        and turn_months.line_month = purchase_month.month
        and purchase_month.month >= cast($first_month as date) - interval '4 months'
        and purchase_month.month <= $last_month
    group by turn_months.month, turn_months.turn, turn_months.client_id
),

purchase_lines as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.product_id,
        -- The name of the last day; of several names on one day the greatest.
        case
            when sales.client_name is not null
                then concat(cast(sales.sale_date as text), sales.client_name)
        end as dated_name,
        sales.revenue
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where
        sales.month >= cast($first_month as date) - interval '4 months'
        and sales.month <= $last_month
        and sales.is_purchase
),

bought_products as (
    select
        turn_months.month,
        turn_months.turn,
        turn_months.client_id,
        purchase_lines.product_id,
        max(purchase_lines.dated_name) as dated_name,
        sum(purchase_lines.revenue) as revenue
    from turn_months
    inner join purchase_lines
        on turn_months.client_id = purchase_lines.client_id
        and turn_months.line_month = purchase_lines.month
    group by
        turn_months.month,
        turn_months.turn,
        turn_months.client_id,
        purchase_lines.product_id
),

baskets as (
    select
        month,
        turn,
        client_id,
        max(dated_name) as dated_name,
        sum(revenue) as revenue,
        array_sort(array_agg(product_id) filter (where product_id is not null)) as products
    from bought_products
    group by month, turn, client_id
)

select
    turns.month,
    turns.turn,
    turns.client_id,
    substr(baskets.dated_name, 11) as client_name,
    turns.first_purchase_date,
    turns.last_purchase_date,
    bought_days.purchases,
    turns.months,
    cast(baskets.revenue as decimal(28, 4)) as revenue,
    coalesce(baskets.products, arrow_cast(make_array(), 'List(Utf8)')) as products,
    turns.manager,
    turns.branch,
    turns.region
from turns
inner join baskets
    on turns.month = baskets.month
    and turns.turn = baskets.turn
    and turns.client_id = baskets.client_id
inner join bought_days
    on turns.month = bought_days.month
    and turns.turn = bought_days.turn
    and turns.client_id = bought_days.client_id
