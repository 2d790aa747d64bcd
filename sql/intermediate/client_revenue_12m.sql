-- One row per client and month with a line in the 12 months ending with the month: their net
-- revenue and their profit.
-- grain:  month, client_id
-- reads:  entity_month[-11..0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: revenue_12m decimal(28,4) not null -- Revenue net of returns in the 12 months ending with
--     the month
-- column: profit_12m decimal(28,4) -- Revenue minus cost over the lines with a known cost in these
--     months; null when no line has one
with client_months as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        revenue,
        profit
    from entity_month
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and dimension = 'client'
),

-- A month's revenue belongs to its own window and the eleven that follow.
windows as (
    select
        client_id,
        revenue,
        profit,
        unnest(
            range(
                greatest(
                    month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    month_number + 12,
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from client_months
),

window_sums as (
    select
        client_id,
        month_number,
        sum(revenue) as revenue_12m,
        sum(profit) as profit_12m
    from windows
    group by client_id, month_number
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    client_id,
    cast(revenue_12m as decimal(28, 4)) as revenue_12m,
    cast(profit_12m as decimal(28, 4)) as profit_12m
from window_sums
