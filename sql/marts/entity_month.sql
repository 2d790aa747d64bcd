-- One row per entity of a dimension and month with at least one line in the month: its money and
-- counts. Every line is counted once in each of the eight dimensions.
-- grain:  month, dimension, entity_id
-- reads:  sales_by_client[0], sales_by_product[0], purchase_month[0], sales[0]
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
with merged_clients as (
    select
        month,
        client_id
    from purchase_month
    where month between $first_month and $last_month and is_merged
),

-- Marks know the client and source that a line names. Where a client buys under several names or in
-- several sources, one day may have been counted for each: those few clients are counted anew.
merged_rows as (
    select
        sales_by_client.month,
        sales_by_client.client_id,
        sales_by_client.source_client_id,
        sales_by_client.source,
        sales_by_client.manager,
        sales_by_client.department,
        sales_by_client.branch,
        sales_by_client.region,
        sales_by_client.channel,
        sales_by_client.purchase_days,
        sales_by_client.manager_purchases,
        sales_by_client.department_purchases,
        sales_by_client.branch_purchases,
        sales_by_client.region_purchases,
        sales_by_client.channel_purchases
    from sales_by_client
    left semi join merged_clients
        on sales_by_client.client_id = merged_clients.client_id
        and sales_by_client.month = merged_clients.month
    where
        sales_by_client.month between $first_month and $last_month
        and sales_by_client.purchase_days <> 0
),

merged_names as (
    select
        month,
        source,
        source_client_id,
        client_id
    from merged_rows
    group by month, source, source_client_id, client_id
),

merged_lines as (
    select
        sales.month,
        merged_names.client_id,
        sales.product_id,
        sales.category,
        sales.sale_date,
        sales.marks
    from merged_names
    inner join sales
        on merged_names.source_client_id = sales.client_id
        and merged_names.source = sales.source
        and merged_names.month = sales.month
        and sales.is_purchase
        and sales.month between $first_month and $last_month
),

merged_days as (
    select
        merged_rows.month,
        'manager' as dimension,
        merged_rows.manager as entity_id,
        merged_rows.client_id,
        bit_or(merged_rows.purchase_days) as purchase_days,
        sum(merged_rows.manager_purchases) as counted
    from merged_rows
    group by merged_rows.month, merged_rows.manager, merged_rows.client_id
    union all
    select
        merged_rows.month,
        'department' as dimension,
        merged_rows.department as entity_id,
        merged_rows.client_id,
        bit_or(merged_rows.purchase_days) as purchase_days,
        sum(merged_rows.department_purchases) as counted
    from merged_rows
    group by merged_rows.month, merged_rows.department, merged_rows.client_id
    union all
    select
        merged_rows.month,
        'branch' as dimension,
        merged_rows.branch as entity_id,
        merged_rows.client_id,
        bit_or(merged_rows.purchase_days) as purchase_days,
        sum(merged_rows.branch_purchases) as counted
    from merged_rows
    group by merged_rows.month, merged_rows.branch, merged_rows.client_id
    union all
    select
        merged_rows.month,
        'region' as dimension,
        merged_rows.region as entity_id,
        merged_rows.client_id,
        bit_or(merged_rows.purchase_days) as purchase_days,
        sum(merged_rows.region_purchases) as counted
    from merged_rows
    group by merged_rows.month, merged_rows.region, merged_rows.client_id
    union all
    select
        merged_rows.month,
        'channel' as dimension,
        merged_rows.channel as entity_id,
        merged_rows.client_id,
        bit_or(merged_rows.purchase_days) as purchase_days,
        sum(merged_rows.channel_purchases) as counted
    from merged_rows
    group by merged_rows.month, merged_rows.channel, merged_rows.client_id
    union all
    select
        month,
        'product' as dimension,
        coalesce(product_id, '(unknown)') as entity_id,
        client_id,
        bit_or(cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint))
            as purchase_days,
        sum((marks >> 1) & 1) as counted
    from merged_lines
    group by month, coalesce(product_id, '(unknown)'), client_id
    union all
    select
        month,
        'category' as dimension,
        coalesce(category, '(unknown)') as entity_id,
        client_id,
        bit_or(cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint))
            as purchase_days,
        sum((marks >> 2) & 1) as counted
    from merged_lines
    group by month, coalesce(category, '(unknown)'), client_id
),

merged_pairs as (
    select
        month,
        dimension,
        entity_id,
        counted,
        purchase_days - ((purchase_days >> 1) & 1431655765) as days
    from merged_days
),

merged_nibbles as (
    select
        month,
        dimension,
        entity_id,
        counted,
        (days & 858993459) + ((days >> 2) & 858993459) as days
    from merged_pairs
),

surplus as (
    select
        month,
        dimension,
        entity_id,
        sum(counted - (((((days + (days >> 4)) & 252645135) * 16843009) >> 24) & 255))
            as purchases
    from merged_nibbles
    group by month, dimension, entity_id
),

client_days as (
    select
        month,
        client_id as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        bit_or(purchase_days) - ((bit_or(purchase_days) >> 1) & 1431655765) as pairs,
        sum(documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, client_id
),

entities as (
    -- The population count of the days, in three steps: pairs, nibbles, bytes.
    select
        month,
        'client' as dimension,
        entity_id,
        revenue,
        profit,
        quantity,
        (
            (
                (
                    (pairs & 858993459) + ((pairs >> 2) & 858993459)
                    + (((pairs & 858993459) + ((pairs >> 2) & 858993459)) >> 4)
                ) & 252645135
            ) * 16843009 >> 24
        ) & 255 as purchases,
        documents,
        lines,
        return_revenue
    from client_days
    union all
    select
        month,
        'manager' as dimension,
        manager as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(manager_purchases) as purchases,
        sum(manager_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, manager
    union all
    select
        month,
        'department' as dimension,
        department as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(department_purchases) as purchases,
        sum(department_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, department
    union all
    select
        month,
        'branch' as dimension,
        branch as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(branch_purchases) as purchases,
        sum(branch_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, branch
    union all
    select
        month,
        'region' as dimension,
        region as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(region_purchases) as purchases,
        sum(region_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, region
    union all
    select
        month,
        'channel' as dimension,
        channel as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(channel_purchases) as purchases,
        sum(channel_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_client
    where month between $first_month and $last_month
    group by month, channel
    union all
    select
        month,
        'product' as dimension,
        product_id as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(product_purchases) as purchases,
        sum(product_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_product
    where month between $first_month and $last_month
    group by month, product_id
    union all
    select
        month,
        'category' as dimension,
        category as entity_id,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(category_purchases) as purchases,
        sum(category_documents) as documents,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from sales_by_product
    where month between $first_month and $last_month
    group by month, category
)

select
    entities.month,
    entities.dimension,
    entities.entity_id,
    cast(entities.revenue as decimal(28, 4)) as revenue,
    cast(entities.profit as decimal(28, 4)) as profit,
    cast(entities.quantity as decimal(28, 3)) as quantity,
    entities.purchases - coalesce(surplus.purchases, 0) as purchases,
    entities.documents,
    entities.lines,
    cast(entities.return_revenue as decimal(28, 4)) as return_revenue,
    entities.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from entities
left join surplus
    on entities.month = surplus.month
    and entities.dimension = surplus.dimension
    and entities.entity_id = surplus.entity_id
