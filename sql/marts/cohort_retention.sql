-- One row per cohort and age in months: how many clients of the cohort bought, and their revenue.
-- grain:  cohort_month, age
-- reads:  entity_first_purchase[..0], entity_month[0], cohort_retention[-1]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- column: cohort_month date not null -- Month of the first purchase
-- column: age bigint not null -- Months from cohort_month to month, 0 in the cohort month itself
-- column: month date not null -- Calendar month, written as its first day
-- column: cohort_size bigint not null -- Clients who first bought in cohort_month
-- column: clients bigint not null -- Clients of the cohort with a purchase in the month
-- column: retention double not null -- clients divided by cohort_size
-- column: revenue decimal(28,4) not null -- Revenue of the cohort in the month, net of returns
-- column: cumulative_revenue decimal(28,4) not null -- Revenue of the cohort from age 0 on
-- column: cumulative_revenue_per_client double not null -- The same divided by cohort_size
-- column: left_censored boolean not null -- The cohort lies in the first months of the data, so its
--     clients may be older than the history
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with newcomers as (
    select
        entity_id as client_id,
        month as cohort_month
    from entity_first_purchase
    where month <= $last_month and dimension = 'client'
),

cohort_sizes as (
    select
        cohort_month,
        count(*) as cohort_size
    from newcomers
    group by cohort_month
),

-- Every cohort has a row in every month from its own on, also when nobody of it appears.
cohort_months as (
    select
        cohort_month,
        cohort_size,
        unnest(
            generate_series(
                greatest(cohort_month, cast($first_month as date)),
                cast($last_month as date),
                interval '1 month'
            )
        ) as month
    from cohort_sizes
),

client_months as (
    select
        entity_month.month,
        newcomers.cohort_month,
        count(*) filter (where entity_month.purchases > 0) as clients,
        sum(entity_month.revenue) as revenue
    from newcomers
    inner join entity_month on newcomers.client_id = entity_month.entity_id
    where
        entity_month.month between $first_month and $last_month
        and entity_month.dimension = 'client'
        and entity_month.month >= newcomers.cohort_month
    group by entity_month.month, newcomers.cohort_month
),

cohorts as (
    select
        cast(cohort_months.month as date) as month,
        cohort_months.cohort_month,
        cohort_months.cohort_size,
        coalesce(client_months.clients, 0) as clients,
        coalesce(client_months.revenue, 0) as revenue
    from cohort_months
    left join client_months
        on cohort_months.month = client_months.month
        and cohort_months.cohort_month = client_months.cohort_month
),

cumulated as (
    select
        month,
        cohort_month,
        cohort_size,
        clients,
        revenue,
        sum(revenue) over (partition by cohort_month order by month) as revenue_in_range
    from cohorts
),

-- What the cohort had brought before the first month of the range is carried forward.
carried as (
    select
        cumulated.month,
        cumulated.cohort_month,
        cumulated.cohort_size,
        cumulated.clients,
        cumulated.revenue,
        cast(
            cumulated.revenue_in_range + coalesce(cohort_retention.cumulative_revenue, 0)
            as decimal(28, 4)
        ) as cumulative_revenue
    from cumulated
    left join cohort_retention
        on cumulated.cohort_month = cohort_retention.cohort_month
        and cohort_retention.month = cast($first_month as date) - interval '1 month'
)

select
    cohort_month,
    cast(
        date_part('year', month) * 12 + date_part('month', month)
        - date_part('year', cohort_month) * 12 - date_part('month', cohort_month)
        as bigint
    ) as age,
    month,
    cohort_size,
    clients,
    cast(clients as double) / cohort_size as retention,
    cast(revenue as decimal(28, 4)) as revenue,
    cumulative_revenue,
    cast(cumulative_revenue as double) / cohort_size as cumulative_revenue_per_client,
    (
        date_part('year', cohort_month) * 12 + date_part('month', cohort_month)
        - date_part('year', $history_first_month) * 12 - date_part('month', $history_first_month)
    ) < $history_burn_in_months as left_censored,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from carried
