-- One row per client in the month of its first purchase: the category it came for.
-- grain:  month, client_id
-- reads:  client_rhythm[0], sales[0], canonical_client[all]
-- column: month date not null -- Month of the first purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: first_category text not null -- Category with the greatest revenue on the first purchase
--     day, (unknown) where the lines name none; of equal ones the first by name
with newcomers as (
    select
        month,
        client_id,
        first_purchase_date
    from client_rhythm
    where
        month between $first_month and $last_month
        and previous_purchase_date is null
),

-- Under these ids their first purchases stand in the sales: few, beside all lines.
source_clients as (
    select
        newcomers.client_id as source_client_id,
        newcomers.month,
        newcomers.client_id,
        newcomers.first_purchase_date
    from newcomers
    left anti join canonical_client
        on newcomers.client_id = canonical_client.client_id
    union all
    select
        canonical_client.client_id as source_client_id,
        newcomers.month,
        newcomers.client_id,
        newcomers.first_purchase_date
    from newcomers
    inner join canonical_client
        on newcomers.client_id = canonical_client.canonical_client_id
),

first_days as (
    select
        source_clients.month,
        source_clients.client_id,
        coalesce(sales.category, '(unknown)') as category,
        sum(sales.revenue) as revenue
    from source_clients
    inner join sales
        on source_clients.source_client_id = sales.client_id
        and source_clients.first_purchase_date = sales.sale_date
        and sales.month between $first_month and $last_month
        and sales.is_purchase
    group by
        source_clients.month, source_clients.client_id, coalesce(sales.category, '(unknown)')
),

greatest_revenues as (
    select
        client_id,
        max(revenue) as revenue
    from first_days
    group by client_id
)

select
    first_days.month,
    first_days.client_id,
    min(first_days.category) as first_category
from first_days
inner join greatest_revenues
    on first_days.client_id = greatest_revenues.client_id
    and first_days.revenue = greatest_revenues.revenue
group by first_days.month, first_days.client_id
