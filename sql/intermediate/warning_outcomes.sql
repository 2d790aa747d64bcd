-- One row per month and reason of a warning: what became, up to the end of the month, of the
-- clients who were watched and warned three months before; and who of the clients lost in the month
-- had been warned, how early.
-- grain:  month, reason
-- reads:  client_signals[-3], warnings[-12..-1], lost_clients[-2..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- column: month date not null -- Calendar month, written as its first day
-- column: reason text not null -- any, overdue, falling, product_dropped, returns_rising or
--     slipping
-- column: watched bigint not null -- Clients watched three months before
-- column: watched_lost bigint not null -- Those of them lost since, up to the end of the month
-- column: repeat_watched bigint not null -- Those of the watched with at least three purchases then
-- column: repeat_watched_lost bigint not null -- Those of these lost since
-- column: warned bigint not null -- Clients warned for the reason three months before
-- column: warned_lost bigint not null -- Those of them lost since
-- column: warned_value decimal(28,4) not null -- Their value at risk, of all who were warned
-- column: warned_lost_value decimal(28,4) not null -- Value at risk of those of them lost since
-- column: lost bigint not null -- Clients lost in the month
-- column: repeat_lost bigint not null -- Those of them with at least three purchases
-- column: lost_warned bigint not null -- Those of the lost warned in one of the three months before
-- column: lost_warned_early bigint not null -- Those warned already in the month of their last
--     purchase, or before
-- column: lead_months bigint not null -- Sum over lost_warned of the months from the first of their
--     warnings in a row to the loss, at most 12 each
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with lost as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as lost_month_number,
        client_id,
        purchases
    from lost_clients
    where
        month >= cast($first_month as date) - interval '2 months'
        and month <= $last_month
        and lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
),

-- Who is lost within three months is found by the warnings of the three months before.
lost_known as (
    select
        client_id,
        unnest(
            range(
                greatest(
                    lost_month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    lost_month_number + 3,
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from lost
),

watched as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) + 2 as bigint)
            as month_number,
        client_id,
        purchases
    from client_signals
    where
        month >= cast($first_month as date) - interval '3 months'
        and month <= cast($last_month as date) - interval '3 months'
),

watched_sums as (
    select
        watched.month_number,
        count(*) as watched,
        count(lost_known.client_id) as watched_lost,
        sum(case when watched.purchases >= 3 then 1 else 0 end) as repeat_watched,
        sum(case when watched.purchases >= 3 and lost_known.client_id is not null then 1 else 0 end)
            as repeat_watched_lost
    from watched
    left join lost_known
        on watched.month_number = lost_known.month_number
        and watched.client_id = lost_known.client_id
    group by watched.month_number
),

reasons_given as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as warned_month_number,
        client_id,
        value_at_risk,
        unnest(string_to_array(concat('any, ', reasons), ', ')) as reason
    from warnings
    where
        month >= cast($first_month as date) - interval '12 months'
        and month < $last_month
),

warned_sums as (
    select
        reasons_given.warned_month_number + 3 as month_number,
        reasons_given.reason,
        count(*) as warned,
        count(lost_known.client_id) as warned_lost,
        sum(reasons_given.value_at_risk) as warned_value,
        sum(
            case
                when lost_known.client_id is not null then reasons_given.value_at_risk
                else 0
            end
        ) as warned_lost_value
    from reasons_given
    left join lost_known
        on reasons_given.warned_month_number + 3 = lost_known.month_number
        and reasons_given.client_id = lost_known.client_id
    where
        reasons_given.warned_month_number + 3
        between date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
        and date_part('year', $last_month) * 12 + date_part('month', $last_month) - 1
    group by reasons_given.warned_month_number + 3, reasons_given.reason
),

-- Months before the loss with a warning, as bits: bit 0 is the month before it.
lost_masks as (
    select
        lost.lost_month_number as month_number,
        lost.client_id,
        reasons_given.reason,
        bit_or(
            cast(1 as bigint) << (lost.lost_month_number - reasons_given.warned_month_number - 1)
        ) as warned_months
    from lost
    inner join reasons_given
        on lost.client_id = reasons_given.client_id
        and reasons_given.warned_month_number < lost.lost_month_number
        and reasons_given.warned_month_number >= lost.lost_month_number - 12
    where lost.month >= $first_month
    group by lost.lost_month_number, lost.client_id, reasons_given.reason
),

-- The last warning is the lowest bit (log2 is exact for 12 bits); the warnings in a row before it
-- are the ones from there up to the next gap.
lost_runs as (
    select
        month_number,
        reason,
        cast(log2(warned_months & -warned_months) as bigint) as last_bit,
        cast(
            log2(
                (warned_months + (warned_months & -warned_months))
                & -(warned_months + (warned_months & -warned_months))
            ) as bigint
        ) as lead_months
    from lost_masks
),

lost_sums as (
    select
        month_number,
        reason,
        count(*) as lost_warned,
        sum(
            case
                when lead_months >= array_min(cast($churn_lost_after_months as bigint[])) then 1
                else 0
            end
        ) as lost_warned_early,
        sum(lead_months) as lead_months
    from lost_runs
    where last_bit < 3
    group by month_number, reason
),

lost_counts as (
    select
        lost_month_number as month_number,
        count(*) as lost,
        sum(case when purchases >= 3 then 1 else 0 end) as repeat_lost
    from lost
    where month >= $first_month
    group by lost_month_number
),

months as (
    select
        unnest(
            generate_series(
                cast($first_month as date), cast($last_month as date), interval '1 month'
            )
        ) as month
),

month_reasons as (
    select
        months.month,
        cast(
            date_part('year', months.month) * 12 + date_part('month', months.month) - 1 as bigint
        ) as month_number,
        reasons.reason
    from (
        values
        ('any'), ('overdue'), ('falling'), ('product_dropped'), ('returns_rising'), ('slipping')
    ) as reasons (reason)
    cross join months
)

select
    month_reasons.month,
    month_reasons.reason,
    coalesce(watched_sums.watched, 0) as watched,
    coalesce(watched_sums.watched_lost, 0) as watched_lost,
    coalesce(watched_sums.repeat_watched, 0) as repeat_watched,
    coalesce(watched_sums.repeat_watched_lost, 0) as repeat_watched_lost,
    coalesce(warned_sums.warned, 0) as warned,
    coalesce(warned_sums.warned_lost, 0) as warned_lost,
    cast(coalesce(warned_sums.warned_value, 0) as decimal(28, 4)) as warned_value,
    cast(coalesce(warned_sums.warned_lost_value, 0) as decimal(28, 4)) as warned_lost_value,
    coalesce(lost_counts.lost, 0) as lost,
    coalesce(lost_counts.repeat_lost, 0) as repeat_lost,
    coalesce(lost_sums.lost_warned, 0) as lost_warned,
    coalesce(lost_sums.lost_warned_early, 0) as lost_warned_early,
    coalesce(lost_sums.lead_months, 0) as lead_months,
    month_reasons.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from month_reasons
left join watched_sums
    on month_reasons.month_number = watched_sums.month_number
left join warned_sums
    on month_reasons.month_number = warned_sums.month_number
    and month_reasons.reason = warned_sums.reason
left join lost_counts
    on month_reasons.month_number = lost_counts.month_number
left join lost_sums
    on month_reasons.month_number = lost_sums.month_number
    and month_reasons.reason = lost_sums.reason
