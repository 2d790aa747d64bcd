-- One row per client in its first whole month of silence, which follows that of its last purchase,
-- with what it brought in the year before, what it bought, and how it had moved.
-- grain:  month, client_id
-- reads:  client_state[0], client_revenue_12m[-1], client_product_month[-12..-1],
--     client_movements[-1]
-- column: month date not null -- First month without a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: last_purchase_month date not null -- The month before
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending with the month of the last purchase
-- column: profit_12m_before decimal(28,4) -- Profit in these months; null when no cost is known
-- column: last_products text[] not null -- The three products with the greatest revenue bought in
--     the month of the last purchase, greatest first
-- column: main_products text[] not null -- The same for these 12 months, whatever was bought in
--     them; empty when nothing is left of them after returns
-- column: cause text -- Why its revenue fell in the three months ending with the last purchase,
--     against the three before: cause of client_movements. vanished when it had not fallen: it
--     stopped at once. Null when the history is too short to compare
-- column: cause_product_id text -- Product behind that fall
-- column: cause_change decimal(28,4) -- Fall of revenue between these periods, below 0; null when it
--     had not fallen
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

three_products as (
    select
        month,
        client_id,
        max(case when is_last = 1 and last_rank = 1 then product_id end) as last_1,
        max(case when is_last = 1 and last_rank = 2 then product_id end) as last_2,
        max(case when is_last = 1 and last_rank = 3 then product_id end) as last_3,
        max(case when revenue > 0 and main_rank = 1 then product_id end) as main_1,
        max(case when revenue > 0 and main_rank = 2 then product_id end) as main_2,
        max(case when revenue > 0 and main_rank = 3 then product_id end) as main_3
    from ranked
    group by month, client_id
),

product_lists as (
    select
        month,
        client_id,
        array_remove_all(
            make_array(last_1, coalesce(last_2, ''), coalesce(last_3, '')), ''
        ) as last_products,
        array_remove_all(
            make_array(coalesce(main_1, ''), coalesce(main_2, ''), coalesce(main_3, '')), ''
        ) as main_products
    from three_products
),

movements as (
    select
        month,
        client_id,
        case when change < 0 then cause else 'vanished' end as cause,
        case when change < 0 then product_id end as product_id,
        case when change < 0 then change end as change
    from client_movements
    where
        month >= cast($first_month as date) - interval '1 month'
        and month < $last_month
        and compare = 'previous'
)

select
    lapsed.month,
    lapsed.client_id,
    lapsed.last_purchase_month,
    client_revenue_12m.revenue_12m as revenue_12m_before,
    client_revenue_12m.profit_12m as profit_12m_before,
    product_lists.last_products,
    product_lists.main_products,
    movements.cause,
    movements.product_id as cause_product_id,
    movements.change as cause_change
from lapsed
left join client_revenue_12m
    on lapsed.client_id = client_revenue_12m.client_id
    and lapsed.last_purchase_month = client_revenue_12m.month
    and client_revenue_12m.month >= cast($first_month as date) - interval '1 month'
    and client_revenue_12m.month < $last_month
left join product_lists
    on lapsed.month = product_lists.month
    and lapsed.client_id = product_lists.client_id
left join movements
    on lapsed.last_purchase_month = movements.month
    and lapsed.client_id = movements.client_id
