-- One row per month: where the growth of active clients and of their revenue came from. A client is
-- active when it bought in the last lost_after_months months; its revenue is that of these months.
-- grain:  month
-- reads:  client_state[0], entity_month[0-growth_lost_after_months..0]
-- param:  as_of_date date
-- param:  growth_lost_after_months bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: lost_after_months bigint not null -- Months of the window; without a purchase in them a
--     client is lost
-- column: clients_start bigint not null -- Clients active at the end of the month before
-- column: new bigint not null -- Clients with their first purchase in the month
-- column: retained bigint not null -- Active at both ends, without the resumed
-- column: resumed bigint not null -- Active at both ends, bought in the month but not in the one
--     before
-- column: returned bigint not null -- Lost at the end of the month before, bought in the month
-- column: lost bigint not null -- Active at the end of the month before, lost at the end of the
--     month
-- column: clients_end bigint not null -- Clients active at the end of the month
-- column: revenue_start decimal(28,4) not null -- Revenue of the clients active at the start, in
--     the
--     window ending with the month before
-- column: new_revenue decimal(28,4) not null -- Revenue of the new clients at the end
-- column: retained_revenue decimal(28,4) not null -- Revenue of the retained clients at the end
-- column: resumed_revenue decimal(28,4) not null -- Revenue of the resumed clients at the end
-- column: returned_revenue decimal(28,4) not null -- Revenue of the returned clients at the end
-- column: lost_revenue decimal(28,4) not null -- Revenue of the lost clients at the start
-- column: expansion decimal(28,4) not null -- Growth of those retained or resumed who grew
-- column: contraction decimal(28,4) not null -- Decline of those retained or resumed who fell, as a
--     positive amount
-- column: revenue_end decimal(28,4) not null -- Revenue of the clients active at the end
-- column: quick_ratio double -- (new + returned) / lost in clients; null when nobody is lost
-- column: quick_ratio_revenue double -- (new + returned + expansion) / (lost + contraction) in
--     revenue; null when nothing is lost
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with client_months as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        revenue
    from entity_month
    where
        month >= make_date(
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - $growth_lost_after_months
            ) / 12,
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - $growth_lost_after_months
            ) % 12 + 1,
            1
        )
        and month <= $last_month
        and dimension = 'client'
),

-- A month's revenue counts in the windows of its own and the N - 1 months that follow, and as much
-- in the windows that are one month older.
windows as (
    select
        client_id,
        line_month_number,
        revenue,
        unnest(
            range(
                greatest(
                    line_month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    line_month_number + $growth_lost_after_months + 1,
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
        sum(case when month_number > line_month_number then revenue else 0 end) as revenue_before,
        sum(
            case
                when month_number < line_month_number + $growth_lost_after_months then revenue
                else 0
            end
        ) as revenue_now
    from windows
    group by client_id, month_number
),

dated_sums as (
    select
        client_id,
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        cast(revenue_before as decimal(28, 4)) as revenue_before,
        cast(revenue_now as decimal(28, 4)) as revenue_now
    from window_sums
),

active_clients as (
    select
        month,
        client_id,
        case
            when months_since_previous_purchase is null then 'new'
            when months_since_previous_purchase > $growth_lost_after_months then 'returned'
            when months_since_last_purchase >= $growth_lost_after_months then 'lost'
            when months_since_last_purchase = 0 and months_since_previous_purchase > 1
                then 'resumed'
            else 'retained'
        end as movement
    from client_state
    where
        month between $first_month and $last_month
        and (
            months_since_last_purchase = 0
            or months_since_previous_purchase <= $growth_lost_after_months
        )
),

moved_clients as (
    select
        active_clients.month,
        active_clients.movement,
        dated_sums.revenue_before,
        dated_sums.revenue_now
    from active_clients
    inner join dated_sums
        on active_clients.month = dated_sums.month
        and active_clients.client_id = dated_sums.client_id
),

movements as (
    select
        month,
        movement,
        count(*) as clients,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
        sum(case when revenue_now > revenue_before then revenue_now - revenue_before else 0 end)
            as growth,
        sum(case when revenue_now < revenue_before then revenue_before - revenue_now else 0 end)
            as decline
    from moved_clients
    group by month, movement
),

-- Every month has its row, also one in which nobody has bought yet.
months as (
    select
        unnest(
            generate_series(
                cast($first_month as date), cast($last_month as date), interval '1 month'
            )
        ) as month
),

sums as (
    select
        months.month,
        sum(case when movement in ('retained', 'resumed', 'lost') then clients else 0 end)
            as clients_start,
        sum(case when movement = 'new' then clients else 0 end) as new,
        sum(case when movement = 'retained' then clients else 0 end) as retained,
        sum(case when movement = 'resumed' then clients else 0 end) as resumed,
        sum(case when movement = 'returned' then clients else 0 end) as returned,
        sum(case when movement = 'lost' then clients else 0 end) as lost,
        sum(case when movement <> 'lost' then clients else 0 end) as clients_end,
        sum(case when movement in ('retained', 'resumed', 'lost') then revenue_before else 0 end)
            as revenue_start,
        sum(case when movement = 'new' then revenue_now else 0 end) as new_revenue,
        sum(case when movement = 'retained' then revenue_now else 0 end) as retained_revenue,
        sum(case when movement = 'resumed' then revenue_now else 0 end) as resumed_revenue,
        sum(case when movement = 'returned' then revenue_now else 0 end) as returned_revenue,
        sum(case when movement = 'lost' then revenue_before else 0 end) as lost_revenue,
        sum(case when movement in ('retained', 'resumed') then growth else 0 end) as expansion,
        sum(case when movement in ('retained', 'resumed') then decline else 0 end) as contraction,
        sum(case when movement <> 'lost' then revenue_now else 0 end) as revenue_end
    from months
    left join movements on months.month = movements.month
    group by months.month
)

select
    month,
    cast($growth_lost_after_months as bigint) as lost_after_months,
    clients_start,
    new,
    retained,
    resumed,
    returned,
    lost,
    clients_end,
    cast(revenue_start as decimal(28, 4)) as revenue_start,
    cast(new_revenue as decimal(28, 4)) as new_revenue,
    cast(retained_revenue as decimal(28, 4)) as retained_revenue,
    cast(resumed_revenue as decimal(28, 4)) as resumed_revenue,
    cast(returned_revenue as decimal(28, 4)) as returned_revenue,
    cast(lost_revenue as decimal(28, 4)) as lost_revenue,
    cast(expansion as decimal(28, 4)) as expansion,
    cast(contraction as decimal(28, 4)) as contraction,
    cast(revenue_end as decimal(28, 4)) as revenue_end,
    case when lost > 0 then cast(new + returned as double) / lost end as quick_ratio,
    case
        when lost_revenue + contraction > 0
            then cast(new_revenue + returned_revenue + expansion as double)
                / cast(lost_revenue + contraction as double)
    end as quick_ratio_revenue,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from sums
