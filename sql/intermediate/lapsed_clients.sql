-- One row per client in its first whole month of silence, which follows that of its last purchase,
-- with what it brought in the year before and what it bought.
-- grain:  month, client_id
-- reads:  client_state[0], client_revenue_12m[-1], client_product_month[-12..-1]
-- column: month date not null -- First month without a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: last_purchase_month date not null -- The month before
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending with the month of the last purchase
-- column: profit_12m_before decimal(28,4) -- Profit in these months; null when no cost is known
-- column: last_products text not null -- The three products with the greatest revenue bought in the
--     month of the last purchase, greatest first
-- column: main_products text not null -- The same for these 12 months, whatever was bought in them
with lapsed as (
    select
        month,
        client_id,
        last_purchase_month
    from client_state
    where month between $first_month and $last_month and months_since_last_purchase = 1
),

products as (
    select
        lapsed.month,
        lapsed.client_id,
        client_product_month.product_id,
        sum(
            case
                when client_product_month.month = lapsed.last_purchase_month
                    then client_product_month.revenue
            end
        ) as last_revenue,
        max(
            case
                when
                    client_product_month.month = lapsed.last_purchase_month
                    and client_product_month.is_bought
                    then 1
                else 0
            end
        ) as is_last,
        sum(client_product_month.revenue) as revenue
    from lapsed
    inner join client_product_month
        on lapsed.client_id = client_product_month.client_id
        and lapsed.month <= client_product_month.month + interval '12 months'
        and lapsed.month > client_product_month.month
    where
        client_product_month.month >= cast($first_month as date) - interval '12 months'
        and client_product_month.month < $last_month
    group by lapsed.month, lapsed.client_id, client_product_month.product_id
),

ranked as (
    select
        month,
        client_id,
        product_id,
        is_last,
        revenue,
        row_number() over (
            partition by month, client_id order by is_last desc, last_revenue desc, product_id
        ) as last_rank,
        row_number() over (
            partition by month, client_id order by revenue desc, product_id
        ) as main_rank
    from products
),

product_lists as (
    select
        month,
        client_id,
        concat_ws(
            ', ',
            max(case when is_last = 1 and last_rank = 1 then product_id end),
            max(case when is_last = 1 and last_rank = 2 then product_id end),
            max(case when is_last = 1 and last_rank = 3 then product_id end)
        ) as last_products,
        concat_ws(
            ', ',
            max(case when revenue > 0 and main_rank = 1 then product_id end),
            max(case when revenue > 0 and main_rank = 2 then product_id end),
            max(case when revenue > 0 and main_rank = 3 then product_id end)
        ) as main_products
    from ranked
    group by month, client_id
)

select
    lapsed.month,
    lapsed.client_id,
    lapsed.last_purchase_month,
    client_revenue_12m.revenue_12m as revenue_12m_before,
    client_revenue_12m.profit_12m as profit_12m_before,
    product_lists.last_products,
    product_lists.main_products
from lapsed
left join client_revenue_12m
    on lapsed.client_id = client_revenue_12m.client_id
    and lapsed.last_purchase_month = client_revenue_12m.month
    and client_revenue_12m.month >= cast($first_month as date) - interval '1 month'
    and client_revenue_12m.month < $last_month
left join product_lists
    on lapsed.month = product_lists.month
    and lapsed.client_id = product_lists.client_id
