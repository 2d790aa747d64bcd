-- The change of the company is exactly the change of its revenue in entity_month.
-- audits: entity_movements
-- reads:  entity_movements[0], entity_month[-11-movements_months..0]
-- param:  movements_months bigint
with settings as (
    select cast($movements_months as bigint) as movement_months
),

revenue_months as (
    select
        month,
        sum(revenue) as revenue
    from entity_month
    where
        month >= cast($first_month as date)
        - cast(concat(cast(11 + $movements_months as text), ' months') as interval)
        and month <= $last_month
        and dimension = 'region'
    group by month
),

companies as (
    select
        month,
        compare,
        revenue_before,
        revenue_now
    from entity_movements
    where month between $first_month and $last_month and cut = 'all'
),

ages as (
    select
        companies.month,
        companies.compare,
        companies.revenue_before,
        companies.revenue_now,
        settings.movement_months,
        case
            when companies.compare = 'previous' then settings.movement_months
            else 12
        end as months_before,
        date_part('year', companies.month) * 12 + date_part('month', companies.month)
        - date_part('year', revenue_months.month) * 12 - date_part('month', revenue_months.month)
            as age,
        revenue_months.revenue
    from settings
    cross join companies
    cross join revenue_months
),

sums as (
    select
        month,
        compare,
        revenue_before,
        revenue_now,
        sum(
            case
                when age >= months_before and age < months_before + movement_months then revenue
                else 0
            end
        ) as expected_revenue_before,
        sum(case when age >= 0 and age < movement_months then revenue else 0 end)
            as expected_revenue_now
    from ages
    group by month, compare, revenue_before, revenue_now
)

select
    month,
    compare,
    expected_revenue_before,
    revenue_before,
    expected_revenue_now,
    revenue_now
from sums
where
    expected_revenue_before <> revenue_before
    or expected_revenue_now <> revenue_now
