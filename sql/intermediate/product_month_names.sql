-- One row per month and product with a line that names it: its name then.
-- grain:  month, product_id
-- reads:  sales[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: product_id text not null -- Product
-- column: product_name text not null -- Name on the last day of the month with one; of several names
--     on that day the greatest as text
with dated_names as (
    select
        month,
        product_id,
        product_name,
        max(sale_date) as last_date
    from sales
    where month between $first_month and $last_month and product_id is not null
    group by month, product_id, product_name
)

select
    month,
    product_id,
    substr(max(concat(cast(last_date as text), trim(product_name))), 11) as product_name
from dated_names
where trim(product_name) <> ''
group by month, product_id
