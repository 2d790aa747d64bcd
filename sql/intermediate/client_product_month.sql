-- One row per client, product and month with a line: the client's money and units of the product.
-- grain:  month, client_id, product_id
-- reads:  sales[0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: product_id text not null -- Product, (unknown) gathers the lines that name none
-- column: revenue decimal(28,4) not null -- Sum of line revenue, returns included with their minus
-- column: quantity decimal(28,3) -- Sum of the quantities, returns included with their minus; null
--     when a purchase line has none
-- column: is_bought boolean not null -- The client bought the product in the month; false where it
--     only returned it, or got it for nothing
with client_lines as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        coalesce(sales.product_id, '(unknown)') as product_id,
        sales.revenue,
        sales.quantity,
        sales.is_purchase
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where sales.month between $first_month and $last_month
),

product_sums as (
    select
        month,
        client_id,
        product_id,
        sum(revenue) as revenue,
        sum(quantity) as quantity,
        bool_or(is_purchase and quantity is null) as has_unknown_quantity,
        bool_or(is_purchase) as is_bought
    from client_lines
    group by month, client_id, product_id
)

select
    month,
    client_id,
    product_id,
    cast(revenue as decimal(28, 4)) as revenue,
    -- A correction of a price has no units, and takes none away.
    case
        when not has_unknown_quantity then cast(coalesce(quantity, 0) as decimal(28, 3))
    end as quantity,
    is_bought
from product_sums
