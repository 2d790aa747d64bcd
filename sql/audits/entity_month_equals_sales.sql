-- Money, quantity and lines of every dimension and month are exactly those of sales.
-- audits: entity_month
-- reads:  entity_month[0], sales[0]
with sales_months as (
    select
        month,
        sum(revenue) as revenue,
        sum(revenue - cost) as profit,
        sum(quantity) as quantity,
        count(*) as lines,
        sum(case when kind = 'return' then revenue else 0 end) as return_revenue
    from sales
    where month between $first_month and $last_month
    group by month
),

dimensions as (
    select
        unnest(
            make_array(
                'client', 'product', 'category', 'manager', 'department', 'branch', 'region',
                'channel'
            )
        ) as dimension
),

expected as (
    select
        sales_months.month,
        dimensions.dimension,
        sales_months.revenue,
        sales_months.profit,
        sales_months.quantity,
        sales_months.lines,
        sales_months.return_revenue
    from dimensions
    cross join sales_months
),

actual as (
    select
        month,
        dimension,
        sum(revenue) as revenue,
        sum(profit) as profit,
        sum(quantity) as quantity,
        sum(lines) as lines,
        sum(return_revenue) as return_revenue
    from entity_month
    where month between $first_month and $last_month
    group by month, dimension
)

select
    coalesce(expected.month, actual.month) as month,
    coalesce(expected.dimension, actual.dimension) as dimension,
    expected.revenue as sales_revenue,
    actual.revenue as entity_revenue,
    expected.profit as sales_profit,
    actual.profit as entity_profit,
    expected.quantity as sales_quantity,
    actual.quantity as entity_quantity,
    expected.lines as sales_lines,
    actual.lines as entity_lines,
    expected.return_revenue as sales_return_revenue,
    actual.return_revenue as entity_return_revenue
from expected
full join actual
    on expected.month = actual.month
    and expected.dimension = actual.dimension
where
    (expected.revenue is distinct from actual.revenue)
    or (expected.profit is distinct from actual.profit)
    or (expected.quantity is distinct from actual.quantity)
    or (expected.lines is distinct from actual.lines)
    or (expected.return_revenue is distinct from actual.return_revenue)
