-- One row per client and who and where sold to it: the lines of sales added up once, so that nothing
-- but products needs to read every line again. Purchase days and documents are counted by the marks
-- of the lines; those of a dimension count what the client did with that manager, branch …
-- grain:  month, source_client_id, source, manager, department, branch, region, channel
-- reads:  sales[0], canonical_client[all]
-- column: month date not null -- Calendar month of the sale, written as its first day
-- column: client_id text not null -- Canonical client
-- column: source_client_id text not null -- The client that the lines name
-- column: source text not null -- The source that delivered the lines
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
-- column: last_days bigint not null -- Of these days, those whose last purchase line of the client in
--     the source is among the lines
-- column: documents bigint not null -- Documents of the client that begin in these lines
-- column: manager_documents bigint not null -- Documents with the manager that begin in these lines
-- column: department_documents bigint not null -- Likewise with the department
-- column: branch_documents bigint not null -- Likewise with the branch
-- column: region_documents bigint not null -- Likewise with the region
-- column: channel_documents bigint not null -- Likewise with the channel
-- column: manager_purchases bigint not null -- Purchase days with the manager that begin in these
--     lines
-- column: department_purchases bigint not null -- Likewise with the department
-- column: branch_purchases bigint not null -- Likewise with the branch
-- column: region_purchases bigint not null -- Likewise with the region
-- column: channel_purchases bigint not null -- Likewise with the channel
with summed as (
    select
        month,
        client_id as source_client_id,
        source,
        coalesce(manager, '(unknown)') as manager,
        coalesce(department, '(unknown)') as department,
        coalesce(branch, '(unknown)') as branch,
        coalesce(region, '(unknown)') as region,
        coalesce(channel, '(unknown)') as channel,
        sum(revenue) as revenue,
        -- A line without a cost has no profit: it is left out, not counted as all profit.
        sum(revenue - cost) as profit,
        sum(quantity) as quantity,
        count(*) as lines,
        sum(case when kind = 'return' then revenue else 0 end) as return_revenue,
        bit_or(
            case
                when is_purchase
                    then cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint)
                else cast(0 as bigint)
            end
        ) as purchase_days,
        bit_or(
            ((marks >> 16) & 1) << cast(date_part('day', sale_date) - 1 as bigint)
        ) as last_days,
        sum((marks >> 8) & 1) as documents,
        sum((marks >> 11) & 1) as manager_documents,
        sum((marks >> 12) & 1) as department_documents,
        sum((marks >> 13) & 1) as branch_documents,
        sum((marks >> 14) & 1) as region_documents,
        sum((marks >> 15) & 1) as channel_documents,
        sum((marks >> 3) & 1) as manager_purchases,
        sum((marks >> 4) & 1) as department_purchases,
        sum((marks >> 5) & 1) as branch_purchases,
        sum((marks >> 6) & 1) as region_purchases,
        sum((marks >> 7) & 1) as channel_purchases
    from sales
    where month between $first_month and $last_month
    group by
        month,
        client_id,
        source,
        coalesce(manager, '(unknown)'),
        coalesce(department, '(unknown)'),
        coalesce(branch, '(unknown)'),
        coalesce(region, '(unknown)'),
        coalesce(channel, '(unknown)')
)

select
    summed.month,
    coalesce(canonical_client.canonical_client_id, summed.source_client_id) as client_id,
    summed.source_client_id,
    summed.source,
    summed.manager,
    summed.department,
    summed.branch,
    summed.region,
    summed.channel,
    cast(summed.revenue as decimal(28, 4)) as revenue,
    cast(summed.profit as decimal(28, 4)) as profit,
    cast(summed.quantity as decimal(28, 3)) as quantity,
    summed.lines,
    cast(summed.return_revenue as decimal(28, 4)) as return_revenue,
    summed.purchase_days,
    summed.last_days,
    summed.documents,
    summed.manager_documents,
    summed.department_documents,
    summed.branch_documents,
    summed.region_documents,
    summed.channel_documents,
    summed.manager_purchases,
    summed.department_purchases,
    summed.branch_purchases,
    summed.region_purchases,
    summed.channel_purchases
from summed
left join canonical_client
    on summed.source_client_id = canonical_client.client_id
