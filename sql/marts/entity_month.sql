-- One row per entity of a dimension and month with at least one line in the month: its money and
-- counts. Every line is counted once in each of the eight dimensions.
-- grain:  month, dimension, entity_id
-- reads:  sales[0], sales_by_document[0], canonical_client[all]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: dimension text not null -- client, product, category, manager, department, branch, region
--     or channel
-- column: entity_id text not null -- The entity (of clients the canonical one); (unknown) gathers
--     the lines that name none
-- column: revenue decimal(28,4) not null -- Sum of line revenue, returns included with their minus
-- column: profit decimal(28,4) -- Revenue minus cost over the lines with a known cost; null if none
-- column: quantity decimal(28,3) -- Sum of the known quantities; null when no line has one
-- column: purchases bigint not null -- Distinct pairs of client and purchase day of the entity
-- column: documents bigint not null -- Distinct documents with a purchase line of the entity
-- column: lines bigint not null -- Number of sales lines, returns included
-- column: return_revenue decimal(28,4) not null -- Sum of revenue of the return lines, 0 if none
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with documents as (
    select
        month,
        client_id,
        source_client_id,
        source,
        document,
        manager,
        department,
        branch,
        region,
        channel,
        revenue,
        profit,
        quantity,
        lines,
        return_revenue,
        purchase_days
    from sales_by_document
    where month between $first_month and $last_month
),

sales_lines as (
    select
        month,
        source,
        sale_date,
        document_id,
        client_id,
        product_id,
        category,
        kind,
        quantity,
        revenue,
        cost,
        is_purchase
    from sales
    where month between $first_month and $last_month
),

entity_money as (
    select
        month,
        'client' as dimension,
        client_id as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, client_id
    union all
    select
        month,
        'manager' as dimension,
        manager as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, manager
    union all
    select
        month,
        'department' as dimension,
        department as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, department
    union all
    select
        month,
        'branch' as dimension,
        branch as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, branch
    union all
    select
        month,
        'region' as dimension,
        region as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, region
    union all
    select
        month,
        'channel' as dimension,
        channel as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from documents
    group by month, channel
    union all
    select
        month,
        'product' as dimension,
        coalesce(product_id, '(unknown)') as entity_id,
        sum(revenue) as revenue,
        sum(revenue - cost) as profit,
        sum(quantity) as quantity,
        count(*) as lines,
        sum(case when kind = 'return' then revenue else 0 end) as return_revenue
    from sales_lines
    group by month, coalesce(product_id, '(unknown)')
    union all
    select
        month,
        'category' as dimension,
        coalesce(category, '(unknown)') as entity_id,
        sum(revenue) as revenue,
        sum(revenue - cost) as profit,
        sum(quantity) as quantity,
        count(*) as lines,
        sum(case when kind = 'return' then revenue else 0 end) as return_revenue
    from sales_lines
    group by month, coalesce(category, '(unknown)')
),

-- One row per entity and canonical client. A document may be split over several rows (two managers)
-- and several days: it counts once. It belongs to the client that it names, so equal numbers of
-- clients that are counted as one are different documents. Grouped twice inside each dimension,
-- which costs half of grouping the united rows.
purchase_clients as (
    select
        month,
        'client' as dimension,
        client_id as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, client_id, source_client_id, source, document
    ) as client_documents
    group by month, client_id
    union all
    select
        month,
        'manager' as dimension,
        manager as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            manager,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, manager, client_id, source_client_id, source, document
    ) as manager_documents
    group by month, manager, client_id
    union all
    select
        month,
        'department' as dimension,
        department as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            department,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, department, client_id, source_client_id, source, document
    ) as department_documents
    group by month, department, client_id
    union all
    select
        month,
        'branch' as dimension,
        branch as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            branch,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, branch, client_id, source_client_id, source, document
    ) as branch_documents
    group by month, branch, client_id
    union all
    select
        month,
        'region' as dimension,
        region as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            region,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, region, client_id, source_client_id, source, document
    ) as region_documents
    group by month, region, client_id
    union all
    select
        month,
        'channel' as dimension,
        channel as entity_id,
        count(*) as documents,
        bit_or(purchase_days) as purchase_days
    from (
        select
            month,
            channel,
            client_id,
            source_client_id,
            source,
            document,
            bit_or(purchase_days) as purchase_days
        from documents
        where purchase_days <> 0
        group by month, channel, client_id, source_client_id, source, document
    ) as channel_documents
    group by month, channel, client_id
    union all
    select
        product_documents.month,
        'product' as dimension,
        product_documents.entity_id,
        count(*) as documents,
        bit_or(product_documents.purchase_days) as purchase_days
    from (
        select
            month,
            coalesce(product_id, '(unknown)') as entity_id,
            client_id as source_client_id,
            source,
            coalesce(document_id, cast(sale_date as text)) as document,
            bit_or(
                cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint)
            ) as purchase_days
        from sales_lines
        where is_purchase
        group by
            month,
            coalesce(product_id, '(unknown)'),
            client_id,
            source,
            coalesce(document_id, cast(sale_date as text))
    ) as product_documents
    left join canonical_client
        on product_documents.source_client_id = canonical_client.client_id
    group by
        product_documents.month,
        product_documents.entity_id,
        coalesce(canonical_client.canonical_client_id, product_documents.source_client_id)
    union all
    select
        category_documents.month,
        'category' as dimension,
        category_documents.entity_id,
        count(*) as documents,
        bit_or(category_documents.purchase_days) as purchase_days
    from (
        select
            month,
            coalesce(category, '(unknown)') as entity_id,
            client_id as source_client_id,
            source,
            coalesce(document_id, cast(sale_date as text)) as document,
            bit_or(
                cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint)
            ) as purchase_days
        from sales_lines
        where is_purchase
        group by
            month,
            coalesce(category, '(unknown)'),
            client_id,
            source,
            coalesce(document_id, cast(sale_date as text))
    ) as category_documents
    left join canonical_client
        on category_documents.source_client_id = canonical_client.client_id
    group by
        category_documents.month,
        category_documents.entity_id,
        coalesce(canonical_client.canonical_client_id, category_documents.source_client_id)
),

-- The population count of the days, in three steps: pairs, nibbles, bytes.
days_by_pair as (
    select
        month,
        dimension,
        entity_id,
        documents,
        purchase_days - ((purchase_days >> 1) & 1431655765) as days
    from purchase_clients
),

days_by_nibble as (
    select
        month,
        dimension,
        entity_id,
        documents,
        (days & 858993459) + ((days >> 2) & 858993459) as days
    from days_by_pair
),

entity_purchases as (
    select
        month,
        dimension,
        entity_id,
        sum(documents) as documents,
        sum(((((days + (days >> 4)) & 252645135) * 16843009) >> 24) & 255) as purchases
    from days_by_nibble
    group by month, dimension, entity_id
)

select
    entity_money.month,
    entity_money.dimension,
    entity_money.entity_id,
    cast(entity_money.revenue as decimal(28, 4)) as revenue,
    cast(entity_money.profit as decimal(28, 4)) as profit,
    cast(entity_money.quantity as decimal(28, 3)) as quantity,
    cast(coalesce(entity_purchases.purchases, 0) as bigint) as purchases,
    cast(coalesce(entity_purchases.documents, 0) as bigint) as documents,
    cast(entity_money.lines as bigint) as lines,
    cast(entity_money.return_revenue as decimal(28, 4)) as return_revenue,
    entity_money.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from entity_money
left join entity_purchases
    on entity_money.month = entity_purchases.month
    and entity_money.dimension = entity_purchases.dimension
    and entity_money.entity_id = entity_purchases.entity_id
