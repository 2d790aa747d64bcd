-- One row per product and category: the lines of sales added up once. Purchase days and documents
-- are counted by the marks of the lines.
-- grain:  month, product_id, category
-- reads:  sales[0]
-- column: month date not null -- Calendar month of the sale, written as its first day
-- column: product_id text not null -- Product, (unknown) when the line has none
-- column: category text not null -- Category, (unknown) when the line has none
-- column: revenue decimal(28,4) not null -- Sum of line revenue, returns included with their minus
-- column: profit decimal(28,4) -- Revenue minus cost over the lines with a known cost; null if none
-- column: quantity decimal(28,3) -- Sum of the known quantities; null when no line has one
-- column: lines bigint not null -- Number of sales lines, returns included
-- column: return_revenue decimal(28,4) not null -- Sum of revenue of the return lines
-- column: product_documents bigint not null -- Documents with the product that begin in these lines
-- column: category_documents bigint not null -- Likewise with the category
-- column: product_purchases bigint not null -- Clients' purchase days with the product that begin in
--     these lines
-- column: category_purchases bigint not null -- Likewise with the category
select
    month,
    coalesce(product_id, '(unknown)') as product_id,
    coalesce(category, '(unknown)') as category,
    cast(sum(revenue) as decimal(28, 4)) as revenue,
    cast(sum(revenue - cost) as decimal(28, 4)) as profit,
    cast(sum(quantity) as decimal(28, 3)) as quantity,
    count(*) as lines,
    cast(sum(case when kind = 'return' then revenue else 0 end) as decimal(28, 4))
        as return_revenue,
    sum((marks >> 9) & 1) as product_documents,
    sum((marks >> 10) & 1) as category_documents,
    sum((marks >> 1) & 1) as product_purchases,
    sum((marks >> 2) & 1) as category_purchases
from sales
where month between $first_month and $last_month
group by month, coalesce(product_id, '(unknown)'), coalesce(category, '(unknown)')
