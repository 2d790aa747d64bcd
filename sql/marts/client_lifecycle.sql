-- One row per client who has ever bought and month from its first purchase on: its place in the
-- life cycle at the end of the month.
-- grain:  month, client_id
-- reads:  client_state[0]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- param:  lifecycle_prospective_purchases bigint
-- param:  lifecycle_regular_purchases bigint
-- param:  lifecycle_active_days bigint
-- param:  lifecycle_asleep_days bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: purchases bigint not null -- Lifetime purchase days up to the end of the month
-- column: documents bigint not null -- Lifetime documents up to the end of the month
-- column: first_purchase_date date not null -- First purchase day
-- column: last_purchase_date date not null -- Last purchase day up to the end of the month
-- column: days_since_last_purchase bigint not null -- Days from the last purchase to the end of the
--     month, or to the as-of date in a partial month
-- column: count_segment text not null -- new, prospective or regular, by lifetime purchases
-- column: recency_segment text not null -- active, dozing or asleep, by days since the last
--     purchase
-- column: segment text not null -- Both together, for example regular_active
-- column: previous_segment text -- Segment at the end of the month before; null in the month of the
--     first purchase
-- column: median_interval_days double -- Median days between the client's consecutive purchase days
--     so far; null with fewer than two purchase days
-- column: overdue_ratio double -- Days since the last purchase divided by the median interval
-- column: left_censored boolean not null -- The first seen purchase lies in the first months of the
--     data, so the client may be older than the history
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with clients_at_month_end as (
    select
        month,
        client_id,
        purchases,
        documents,
        first_purchase_date,
        last_purchase_date,
        previous_purchases,
        previous_purchase_date,
        median_interval_days,
        cast(
            least(cast(month + interval '1 month' - interval '1 day' as date), $as_of_date)
            - last_purchase_date as bigint
        ) as days_since_last_purchase,
        cast(month - previous_purchase_date - 1 as bigint) as days_since_previous_purchase,
        (
            date_part('year', first_purchase_date) * 12
            + date_part('month', first_purchase_date)
            - date_part('year', $history_first_month) * 12
            - date_part('month', $history_first_month)
        ) < $history_burn_in_months as left_censored,
        month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
    from client_state
    where month between $first_month and $last_month
),

-- The same borders twice: for this month end and for the one before.
segments as (
    select
        month,
        client_id,
        purchases,
        documents,
        first_purchase_date,
        last_purchase_date,
        days_since_last_purchase,
        case
            when purchases >= $lifecycle_regular_purchases then 'regular'
            when purchases >= $lifecycle_prospective_purchases then 'prospective'
            else 'new'
        end as count_segment,
        case
            when days_since_last_purchase <= $lifecycle_active_days then 'active'
            when days_since_last_purchase <= $lifecycle_asleep_days then 'dozing'
            else 'asleep'
        end as recency_segment,
        case
            when previous_purchases >= $lifecycle_regular_purchases then 'regular'
            when previous_purchases >= $lifecycle_prospective_purchases then 'prospective'
            when previous_purchases > 0 then 'new'
        end as previous_count_segment,
        case
            when days_since_previous_purchase <= $lifecycle_active_days then 'active'
            when days_since_previous_purchase <= $lifecycle_asleep_days then 'dozing'
            when days_since_previous_purchase > $lifecycle_asleep_days then 'asleep'
        end as previous_recency_segment,
        median_interval_days,
        left_censored,
        is_partial
    from clients_at_month_end
)

select
    month,
    client_id,
    purchases,
    documents,
    first_purchase_date,
    last_purchase_date,
    days_since_last_purchase,
    count_segment,
    recency_segment,
    count_segment || '_' || recency_segment as segment,
    previous_count_segment || '_' || previous_recency_segment as previous_segment,
    median_interval_days,
    cast(days_since_last_purchase as double) / median_interval_days as overdue_ratio,
    left_censored,
    is_partial
from segments
