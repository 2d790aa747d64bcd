-- One row per client with a line so far and month from its first line on: its money and lines from
-- the beginning of the data to the end of the month.
-- grain:  month, client_id
-- reads:  client_totals[-1], entity_month[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: revenue decimal(28,4) not null -- Revenue net of returns from the beginning of the data
-- column: lines bigint not null -- Sales lines from the beginning of the data, returns included
with range_numbers as (
    select
        cast(
            date_part('year', cast($first_month as date)) * 12
            + date_part('month', cast($first_month as date)) - 1 as bigint
        ) as first_number,
        cast(
            date_part('year', cast($last_month as date)) * 12
            + date_part('month', cast($last_month as date)) as bigint
        ) as end_number
),

-- What was added up before the range is one amount more, of its first month.
amounts as (
    select
        client_totals.client_id,
        range_numbers.first_number as month_number,
        client_totals.revenue,
        client_totals.lines
    from range_numbers
    cross join client_totals
    where client_totals.month = cast($first_month as date) - interval '1 month'
    union all
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        revenue,
        lines
    from entity_month
    where month between $first_month and $last_month and dimension = 'client'
),

-- An amount counts in its own month and in all that follow.
months as (
    select
        amounts.client_id,
        amounts.revenue,
        amounts.lines,
        unnest(range(amounts.month_number, range_numbers.end_number)) as month_number
    from range_numbers
    cross join amounts
),

sums as (
    select
        client_id,
        month_number,
        sum(revenue) as revenue,
        sum(lines) as lines
    from months
    group by client_id, month_number
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    client_id,
    cast(revenue as decimal(28, 4)) as revenue,
    lines
from sums
