-- One row per estimate of what a client buys from all its suppliers, in the month in which its
-- period ends: the share that is ours, and how it changed in a year.
-- grain:  month, period_months, client_id, category
-- reads:  purchase_potential[-23..0], entity_month[-23..0], client_category_month[-23..0],
--     client_state[0], canonical_client[all]
-- param:  as_of_date date
-- column: month date not null -- Last month of the period, written as its first day
-- column: period_months bigint not null -- Months in the period: 1, 3, 6 or 12
-- column: client_id text not null -- Canonical client
-- column: category text not null -- Category of products, (all) for all products
-- column: period_start date not null -- First day of the period
-- column: own_revenue decimal(28,4) not null -- What it bought from us in the period, net of
--     returns
-- column: estimated decimal(28,4) not null -- What it is estimated to buy from all suppliers
-- column: share double -- own_revenue divided by estimated; null when nothing is estimated
-- column: own_revenue_before decimal(28,4) -- The same period a year before; null without an
--     estimate for it
-- column: estimated_before decimal(28,4) -- What was estimated for it
-- column: share_before double -- The share a year before
-- column: share_change double -- Share minus share_before
-- column: revenue_change decimal(28,4) -- own_revenue minus own_revenue_before
-- column: missed_revenue decimal(28,4) -- Estimated times share_before, minus own_revenue: what the
--     fall of the share cost; below 0 where it rose
-- column: is_losing_share boolean -- The share falls by 0.01 or more while own_revenue does not: it
--     buys more, but elsewhere; null without a year before
-- column: is_estimate_too_low boolean not null -- It bought more from us than it is estimated to
--     buy at all
-- column: manager text not null -- Manager of its last purchase, (unknown) without one
-- column: branch text not null -- Branch of its last purchase
-- column: region text not null -- Region of its last purchase
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with potentials as (
    select
        coalesce(canonical_client.canonical_client_id, purchase_potential.client_id) as client_id,
        coalesce(purchase_potential.category, '(all)') as category,
        purchase_potential.period_months,
        cast(
            date_part('year', purchase_potential.month) * 12
            + date_part('month', purchase_potential.month) - 1 as bigint
        ) as start_number,
        purchase_potential.amount
    from purchase_potential
    left join canonical_client
        on purchase_potential.client_id = canonical_client.client_id
    where
        purchase_potential.month >= cast($first_month as date) - interval '23 months'
        and purchase_potential.month <= $last_month
),

range_numbers as (
    select
        cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        ) as first_number,
        cast(
            date_part('year', cast($last_month as date)) * 12
            + date_part('month', cast($last_month as date)) - 1 as bigint
        ) as last_number
),

-- Legal entities of one client are estimated each on its own.
estimates as (
    select
        potentials.client_id,
        potentials.category,
        potentials.period_months,
        potentials.start_number,
        sum(potentials.amount) as estimated
    from range_numbers
    inner join potentials
        on potentials.start_number + potentials.period_months - 1
        between range_numbers.first_number - 12 and range_numbers.last_number
    group by
        potentials.client_id,
        potentials.category,
        potentials.period_months,
        potentials.start_number
),

estimated_clients as (
    select client_id
    from estimates
    group by client_id
),

revenues as (
    select
        entity_month.entity_id as client_id,
        '(all)' as category,
        cast(
            date_part('year', entity_month.month) * 12
            + date_part('month', entity_month.month) - 1 as bigint
        ) as month_number,
        entity_month.revenue
    from entity_month
    left semi join estimated_clients
        on entity_month.entity_id = estimated_clients.client_id
    where
        entity_month.month >= cast($first_month as date) - interval '23 months'
        and entity_month.month <= $last_month
        and entity_month.dimension = 'client'
    union all
    select
        client_id,
        category,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        revenue
    from client_category_month
    where
        month >= cast($first_month as date) - interval '23 months'
        and month <= $last_month
),

shares as (
    select
        estimates.client_id,
        estimates.category,
        estimates.period_months,
        estimates.start_number,
        estimates.estimated,
        coalesce(sum(revenues.revenue), 0) as own_revenue
    from estimates
    left join revenues
        on estimates.client_id = revenues.client_id
        and estimates.category = revenues.category
        and revenues.month_number >= estimates.start_number
        and revenues.month_number < estimates.start_number + estimates.period_months
    group by
        estimates.client_id,
        estimates.category,
        estimates.period_months,
        estimates.start_number,
        estimates.estimated
),

compared as (
    select
        now.client_id,
        now.category,
        now.period_months,
        now.start_number,
        now.start_number + now.period_months - 1 as end_number,
        now.own_revenue,
        now.estimated,
        before.own_revenue as own_revenue_before,
        before.estimated as estimated_before
    from range_numbers
    inner join shares as now
        on now.start_number + now.period_months - 1 >= range_numbers.first_number
    left join shares as before
        on now.client_id = before.client_id
        and now.category = before.category
        and now.period_months = before.period_months
        and now.start_number - 12 = before.start_number
),

dated as (
    select
        make_date(cast(end_number / 12 as int), cast(end_number % 12 + 1 as int), 1) as month,
        make_date(cast(start_number / 12 as int), cast(start_number % 12 + 1 as int), 1)
            as period_start,
        period_months,
        client_id,
        category,
        own_revenue,
        estimated,
        own_revenue_before,
        estimated_before
    from compared
)

select
    dated.month,
    dated.period_months,
    dated.client_id,
    dated.category,
    dated.period_start,
    cast(dated.own_revenue as decimal(28, 4)) as own_revenue,
    cast(dated.estimated as decimal(28, 4)) as estimated,
    cast(dated.own_revenue as double) / nullif(cast(dated.estimated as double), 0) as share,
    cast(dated.own_revenue_before as decimal(28, 4)) as own_revenue_before,
    cast(dated.estimated_before as decimal(28, 4)) as estimated_before,
    cast(dated.own_revenue_before as double)
    / nullif(cast(dated.estimated_before as double), 0) as share_before,
    cast(dated.own_revenue as double) / nullif(cast(dated.estimated as double), 0)
    - cast(dated.own_revenue_before as double)
    / nullif(cast(dated.estimated_before as double), 0) as share_change,
    cast(dated.own_revenue - dated.own_revenue_before as decimal(28, 4)) as revenue_change,
    cast(
        cast(dated.estimated as double) * cast(dated.own_revenue_before as double)
        / nullif(cast(dated.estimated_before as double), 0)
        - cast(dated.own_revenue as double)
        as decimal(28, 4)
    ) as missed_revenue,
    -- Shares are compared by products, never by dividing first. A fall by less than 0.01 says more of
    -- the estimate than of the client.
    case
        when dated.estimated > 0 and dated.estimated_before > 0
            then
                cast(
                    dated.own_revenue + dated.estimated * cast(0.01 as decimal(2, 2))
                    as decimal(20, 6)
                ) * cast(dated.estimated_before as decimal(18, 4))
                <= cast(dated.own_revenue_before as decimal(20, 6))
                * cast(dated.estimated as decimal(18, 4))
                and dated.own_revenue >= dated.own_revenue_before
    end as is_losing_share,
    dated.own_revenue > dated.estimated as is_estimate_too_low,
    coalesce(client_state.manager, '(unknown)') as manager,
    coalesce(client_state.branch, '(unknown)') as branch,
    coalesce(client_state.region, '(unknown)') as region,
    dated.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from dated
left join client_state
    on dated.month = client_state.month
    and dated.client_id = client_state.client_id
    and client_state.month between $first_month and $last_month
