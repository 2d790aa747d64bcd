-- One row per month and client of a confirmed link, on either end, with a line in the month, under
-- the id that the sales name: what churn would count it by if nobody had linked it.
-- grain:  month, source_client_id
-- reads:  sales_by_client[0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: source_client_id text not null -- Client as the sales name it
-- column: client_id text not null -- Canonical client
-- column: kind text not null -- Kind of its link: successor, dealer or duplicate; of the canonical
--     client, of the first link that leads to it
-- column: is_buyer boolean not null -- It has a purchase in the month
-- column: revenue decimal(28,4) not null -- Revenue net of returns in the month
with linked as (
    select
        client_id as source_client_id,
        canonical_client_id as client_id,
        kind
    from canonical_client
    union all
    select
        canonical_client_id as source_client_id,
        canonical_client_id as client_id,
        min(kind) as kind
    from canonical_client
    group by canonical_client_id
)

select
    sales_by_client.month,
    sales_by_client.source_client_id,
    linked.client_id,
    linked.kind,
    bit_or(sales_by_client.purchase_days) <> 0 as is_buyer,
    cast(sum(sales_by_client.revenue) as decimal(28, 4)) as revenue
from sales_by_client
inner join linked
    on sales_by_client.source_client_id = linked.source_client_id
where sales_by_client.month between $first_month and $last_month
group by
    sales_by_client.month,
    sales_by_client.source_client_id,
    linked.client_id,
    linked.kind
