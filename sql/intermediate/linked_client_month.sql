-- One row per client that goes on as another, by confirmed links, and month with purchases of its
-- own, which the results count as the other's.
-- grain:  month, client_id
-- reads:  sales_by_client[0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Client that goes on as another
-- column: last_purchase_date date not null -- Its own last purchase day in the month
select
    sales_by_client.month,
    sales_by_client.source_client_id as client_id,
    -- The highest bit of the days; log2 is exact enough for 31 bits.
    sales_by_client.month
    + cast(floor(log2(bit_or(sales_by_client.purchase_days))) as int) as last_purchase_date
from sales_by_client
inner join canonical_client
    on sales_by_client.source_client_id = canonical_client.client_id
where
    sales_by_client.month between $first_month and $last_month
    and sales_by_client.purchase_days <> 0
group by sales_by_client.month, sales_by_client.source_client_id
