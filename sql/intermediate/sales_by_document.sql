-- One row per document of a client and who/where sold it: the lines of sales added up once, so that
-- the dimensions that belong to the document (not to the line) need not read every line again.
-- grain:  month, source_client_id, source, document, manager, department, branch, region, channel
-- reads:  sales[0], canonical_client[all]
-- column: month date not null -- Calendar month of the sale, written as its first day
-- column: client_id text not null -- Canonical client
-- column: source_client_id text not null -- The client that the document names
-- column: source text not null -- The source that delivered the document
-- column: document text not null -- Document number; the sale date where the source gives none
-- column: manager text not null -- Manager, (unknown) when the line has none
-- column: department text not null -- Department, (unknown) when the line has none
-- column: branch text not null -- Branch, (unknown) when the line has none
-- column: region text not null -- Region, (unknown) when the line has none
-- column: channel text not null -- Channel, (unknown) when the line has none
-- column: revenue decimal(28,4) not null -- Sum of line revenue, returns included with their minus
-- column: profit decimal(28,4) -- Revenue minus cost over the lines with a known cost; null if none
-- column: quantity decimal(28,3) -- Sum of the known quantities; null when no line has one
-- column: lines bigint not null -- Number of sales lines, returns included
-- column: return_revenue decimal(28,4) not null -- Sum of revenue of the return lines
-- column: purchase_days bigint not null -- Bit (day of month - 1) set on days with a purchase line
with documents as (
    select
        sales.month,
        sales.client_id as source_client_id,
        sales.source,
        coalesce(sales.document_id, cast(sales.sale_date as text)) as document,
        coalesce(sales.manager, '(unknown)') as manager,
        coalesce(sales.department, '(unknown)') as department,
        coalesce(sales.branch, '(unknown)') as branch,
        coalesce(sales.region, '(unknown)') as region,
        coalesce(sales.channel, '(unknown)') as channel,
        cast(sum(sales.revenue) as decimal(28, 4)) as revenue,
        -- A line without a cost has no profit: it is left out, not counted as all profit.
        cast(sum(sales.revenue - sales.cost) as decimal(28, 4)) as profit,
        cast(sum(sales.quantity) as decimal(28, 3)) as quantity,
        count(*) as lines,
        cast(
            coalesce(sum(case when sales.kind = 'return' then sales.revenue end), 0)
            as decimal(28, 4)
        ) as return_revenue,
        -- Returns are no purchases: only purchase lines set the bit of their day.
        bit_or(
            case
                when sales.is_purchase
                    then cast(1 as bigint) << cast(date_part('day', sales.sale_date) - 1 as bigint)
                else 0
            end
        ) as purchase_days
    from sales
    where sales.month between $first_month and $last_month
    group by
        sales.month,
        sales.client_id,
        sales.source,
        coalesce(sales.document_id, cast(sales.sale_date as text)),
        coalesce(sales.manager, '(unknown)'),
        coalesce(sales.department, '(unknown)'),
        coalesce(sales.branch, '(unknown)'),
        coalesce(sales.region, '(unknown)'),
        coalesce(sales.channel, '(unknown)')
)

-- Links are applied to documents, which are fewer than lines.
select
    documents.month,
    coalesce(canonical_client.canonical_client_id, documents.source_client_id) as client_id,
    documents.source_client_id,
    documents.source,
    documents.document,
    documents.manager,
    documents.department,
    documents.branch,
    documents.region,
    documents.channel,
    documents.revenue,
    documents.profit,
    documents.quantity,
    documents.lines,
    documents.return_revenue,
    documents.purchase_days
from documents
left join canonical_client
    on documents.source_client_id = canonical_client.client_id
