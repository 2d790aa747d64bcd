-- One row per calendar year: how many of those who bought were new and how many had bought before,
-- what each brought, and how the regular clients grew.
-- grain:  year
-- reads:  repeat_sales_month[all], lifecycle_matrix[all]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- column: year date not null -- Calendar year, written as its first day
-- column: buyers bigint not null -- Clients with a purchase in the year
-- column: new bigint not null -- Those of them with their first purchase in the year
-- column: new_left_censored bigint not null -- New clients who may be older than the history
-- column: new_again bigint not null -- New clients who bought on a second day in the same year
-- column: repeat bigint not null -- Buyers who had bought in an earlier year
-- column: repeat_share double -- Repeat divided by buyers; null when nobody bought
-- column: new_again_share double -- new_again divided by new; null without new clients
-- column: purchases bigint not null -- Purchase days of all buyers
-- column: revenue decimal(28,4) not null -- Revenue of the lines that are no returns
-- column: new_revenue decimal(28,4) not null -- Part of it from the new clients
-- column: repeat_revenue decimal(28,4) not null -- The rest: from clients who had bought before
-- column: repeat_revenue_share double -- repeat_revenue divided by revenue
-- column: regular_start bigint not null -- Regular clients at the end of the year before
-- column: regular_end bigint not null -- Regular clients at the end of the year
-- column: regular_growth double -- Growth of the regular clients; null when there were none
-- column: is_partial boolean not null -- The year is not finished at the as-of date
with years as (
    select
        cast(date_trunc('year', month) as date) as year,
        sum(first_in_year) as buyers,
        sum(new) as new,
        sum(
            case
                when
                    date_part('year', month) * 12 + date_part('month', month)
                    - date_part('year', $history_first_month) * 12
                    - date_part('month', $history_first_month)
                    < $history_burn_in_months
                    then new
                else 0
            end
        ) as new_left_censored,
        sum(new_again) as new_again,
        sum(purchases) as purchases,
        sum(revenue) as revenue,
        sum(new_revenue) as new_revenue,
        max(month) as last_month
    from repeat_sales_month
    group by cast(date_trunc('year', month) as date)
),

regular as (
    select month, sum(clients) as clients
    from lifecycle_matrix
    where count_segment = 'regular'
    group by month
)

select
    years.year,
    years.buyers,
    years.new,
    years.new_left_censored,
    years.new_again,
    years.buyers - years.new as repeat,
    cast(years.buyers - years.new as double) / nullif(years.buyers, 0) as repeat_share,
    cast(years.new_again as double) / nullif(years.new, 0) as new_again_share,
    years.purchases,
    cast(years.revenue as decimal(28, 4)) as revenue,
    cast(years.new_revenue as decimal(28, 4)) as new_revenue,
    cast(years.revenue - years.new_revenue as decimal(28, 4)) as repeat_revenue,
    cast(years.revenue - years.new_revenue as double) / nullif(cast(years.revenue as double), 0)
        as repeat_revenue_share,
    coalesce(before.clients, 0) as regular_start,
    coalesce(now.clients, 0) as regular_end,
    cast(coalesce(now.clients, 0) - before.clients as double) / nullif(before.clients, 0)
        as regular_growth,
    years.year + interval '1 year' - interval '1 day' > $as_of_date as is_partial
from years
left join regular as before
    on years.year = cast(before.month + interval '1 month' as date)
left join regular as now
    on years.last_month = now.month
