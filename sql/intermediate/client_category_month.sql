-- One row per client, category and month of which somebody estimated what the client buys of the
-- category from all its suppliers, with a line in the month: what it bought from us.
-- grain:  month, client_id, category
-- reads:  sales[0], purchase_potential[-11..0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: category text not null -- Category of products
-- column: revenue decimal(28,4) not null -- Revenue net of returns
with estimates as (
    select
        coalesce(canonical_client.canonical_client_id, purchase_potential.client_id) as client_id,
        purchase_potential.category,
        purchase_potential.month as from_month,
        purchase_potential.period_months
    from purchase_potential
    left join canonical_client
        on purchase_potential.client_id = canonical_client.client_id
    where
        purchase_potential.month >= cast($first_month as date) - interval '11 months'
        and purchase_potential.month <= $last_month
        and purchase_potential.category is not null
),

numbered_estimates as (
    select
        client_id,
        category,
        cast(
            date_part('year', from_month) * 12 + date_part('month', from_month) - 1 as bigint
        ) as month_number,
        period_months
    from estimates
),

-- An estimate speaks of no more than 12 months.
estimate_months as (
    select
        client_id,
        category,
        unnest(range(month_number, month_number + least(period_months, 12))) as month_number
    from numbered_estimates
),

wanted as (
    select
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        client_id,
        category
    from estimate_months
    group by month_number, client_id, category
),

categories as (
    select category
    from wanted
    group by category
),

lines as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.category,
        sales.revenue
    from sales
    left semi join categories
        on sales.category = categories.category
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where sales.month between $first_month and $last_month
)

select
    lines.month,
    lines.client_id,
    lines.category,
    cast(sum(lines.revenue) as decimal(28, 4)) as revenue
from lines
left semi join wanted
    on lines.month = wanted.month
    and lines.client_id = wanted.client_id
    and lines.category = wanted.category
group by lines.month, lines.client_id, lines.category
