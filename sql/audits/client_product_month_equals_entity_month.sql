-- The products of a client add up to its revenue of the month, and every client has its products.
-- audits: client_product_month
-- reads:  client_product_month[0], entity_month[0]
with product_sums as (
    select
        month,
        client_id,
        sum(revenue) as revenue,
        bool_or(is_bought) as is_buyer
    from client_product_month
    where month between $first_month and $last_month
    group by month, client_id
),

clients as (
    select
        month,
        entity_id as client_id,
        revenue,
        purchases > 0 as is_buyer
    from entity_month
    where month between $first_month and $last_month and dimension = 'client'
)

select
    coalesce(clients.month, product_sums.month) as month,
    coalesce(clients.client_id, product_sums.client_id) as client_id,
    clients.revenue as expected_revenue,
    product_sums.revenue,
    clients.is_buyer as expected_is_buyer,
    product_sums.is_buyer
from clients
full join product_sums
    on clients.month = product_sums.month
    and clients.client_id = product_sums.client_id
where
    (clients.revenue is distinct from product_sums.revenue)
    or (clients.is_buyer is distinct from product_sums.is_buyer)
