-- One row per product that any sales line names: the name by which people know it today.
-- grain:  product_id
-- reads:  product_month_names[all]
-- column: product_id text not null -- Product
-- column: product_name text not null -- Name on the last day on which a line named it
-- column: last_named_month date not null -- Month of that day
-- column: names bigint not null -- How many different names it has had at the ends of months: more
--     than one was renamed, or is an id given twice
select
    product_id,
    substr(max(concat(cast(month as text), product_name)), 11) as product_name,
    max(month) as last_named_month,
    count(distinct product_name) as names
from product_month_names
group by product_id
