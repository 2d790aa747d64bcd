-- One row per client in the month of its first purchase: the category it came for.
-- grain:  month, client_id
-- reads:  client_state[0], sales[0], canonical_client[all]
-- column: month date not null -- Month of the first purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: first_category text not null -- Category with the greatest revenue on the first purchase
--     day, (unknown) where the lines name none; of equal ones the first by name
with newcomers as (
    select
        month,
        client_id,
        first_purchase_date
    from client_state
    where
        month between $first_month and $last_month
        and first_purchase_month = month
),

purchase_days as (
    select
        client_id as source_client_id,
        sale_date,
        coalesce(category, '(unknown)') as category,
        sum(revenue) as revenue
    from sales
    where month between $first_month and $last_month and is_purchase
    group by client_id, sale_date, coalesce(category, '(unknown)')
),

first_days as (
    select
        newcomers.month,
        newcomers.client_id,
        purchase_days.category,
        sum(purchase_days.revenue) as revenue
    from purchase_days
    left join canonical_client
        on purchase_days.source_client_id = canonical_client.client_id
    inner join newcomers
        on coalesce(canonical_client.canonical_client_id, purchase_days.source_client_id)
        = newcomers.client_id
        and purchase_days.sale_date = newcomers.first_purchase_date
    group by newcomers.month, newcomers.client_id, purchase_days.category
),

greatest_revenues as (
    select
        month,
        client_id,
        max(revenue) as revenue
    from first_days
    group by month, client_id
)

select
    first_days.month,
    first_days.client_id,
    min(first_days.category) as first_category
from first_days
inner join greatest_revenues
    on first_days.month = greatest_revenues.month
    and first_days.client_id = greatest_revenues.client_id
    and first_days.revenue = greatest_revenues.revenue
group by first_days.month, first_days.client_id
