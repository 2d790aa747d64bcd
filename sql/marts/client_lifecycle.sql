-- One row per client who has ever bought and month from its first purchase on: its place in the
-- life cycle at the end of the month.
-- grain:  month, client_id
-- reads:  client_lifecycle[-1], client_rhythm[0], purchase_month[0], client_borders[..0]
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
with purchase_months as (
    select
        month,
        client_id,
        documents
    from purchase_month
    where month between $first_month and $last_month
),

documents_in_range as (
    select
        purchase_months.month,
        purchase_months.client_id,
        sum(earlier.documents) as documents
    from purchase_months as earlier
    inner join purchase_months on earlier.client_id = purchase_months.client_id
    where earlier.month <= purchase_months.month
    group by purchase_months.month, purchase_months.client_id
),

clients_before as (
    select
        client_id,
        first_purchase_date,
        last_purchase_date,
        purchases,
        documents,
        median_interval_days
    from client_lifecycle
    where month = cast($first_month as date) - interval '1 month'
),

buyers as (
    select
        client_rhythm.month,
        client_rhythm.client_id,
        client_rhythm.first_purchase_date,
        client_rhythm.last_purchase_date,
        client_rhythm.previous_purchase_date,
        client_rhythm.purchases,
        client_rhythm.previous_purchases,
        client_rhythm.median_interval_days
    from client_rhythm
    where client_rhythm.month between $first_month and $last_month
),

-- Buyers of the range, and what was known before it, which is one event more.
events as (
    select
        cast($first_month as date) as month,
        client_id,
        first_purchase_date,
        last_purchase_date,
        last_purchase_date as previous_purchase_date,
        purchases,
        purchases as previous_purchases,
        documents,
        median_interval_days
    from clients_before
    union all
    select
        buyers.month,
        buyers.client_id,
        buyers.first_purchase_date,
        buyers.last_purchase_date,
        buyers.previous_purchase_date,
        buyers.purchases,
        buyers.previous_purchases,
        coalesce(clients_before.documents, 0) + documents_in_range.documents as documents,
        buyers.median_interval_days
    from documents_in_range
    inner join buyers
        on documents_in_range.month = buyers.month
        and documents_in_range.client_id = buyers.client_id
    left join clients_before
        on buyers.client_id = clients_before.client_id
),

-- Few clients have borders of their own, and most bases none.
own_borders as (
    select
        client_id,
        prospective_purchases,
        regular_purchases,
        active_days,
        asleep_days
    from client_borders
    where month <= $last_month
),

bordered_events as (
    select
        events.month,
        events.client_id,
        events.first_purchase_date,
        events.last_purchase_date,
        events.previous_purchase_date,
        events.purchases,
        events.documents,
        events.median_interval_days,
        case
            when
                events.purchases
                >= coalesce(own_borders.regular_purchases, $lifecycle_regular_purchases)
                then 'regular'
            when
                events.purchases
                >= coalesce(own_borders.prospective_purchases, $lifecycle_prospective_purchases)
                then 'prospective'
            else 'new'
        end as count_segment,
        case
            when
                events.previous_purchases
                >= coalesce(own_borders.regular_purchases, $lifecycle_regular_purchases)
                then 'regular'
            when
                events.previous_purchases
                >= coalesce(own_borders.prospective_purchases, $lifecycle_prospective_purchases)
                then 'prospective'
            when events.previous_purchases > 0 then 'new'
        end as previous_count_segment,
        coalesce(own_borders.active_days, $lifecycle_active_days) as active_days,
        coalesce(own_borders.asleep_days, $lifecycle_asleep_days) as asleep_days
    from own_borders
    right join events
        on own_borders.client_id = events.client_id
),

-- An event speaks for every month until the client's next purchase, which names the last purchase
-- day of this one as the previous.
event_months as (
    select
        events.client_id,
        events.first_purchase_date,
        events.last_purchase_date,
        events.previous_purchase_date,
        events.purchases,
        events.documents,
        events.median_interval_days,
        events.count_segment,
        events.previous_count_segment,
        events.active_days,
        events.asleep_days,
        events.month as event_month,
        unnest(
            range(
                cast(
                    date_part('year', events.month) * 12 + date_part('month', events.month) - 1
                    as bigint
                ),
                coalesce(
                    cast(
                        date_part('year', next_events.month) * 12
                        + date_part('month', next_events.month) - 1
                        as bigint
                    ),
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from bordered_events as events
    left join buyers as next_events
        on events.client_id = next_events.client_id
        and events.last_purchase_date = next_events.previous_purchase_date
),

dated_months as (
    select
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        client_id,
        purchases,
        documents,
        first_purchase_date,
        last_purchase_date,
        previous_purchase_date,
        event_month,
        median_interval_days,
        count_segment,
        previous_count_segment,
        active_days,
        asleep_days
    from event_months
),

clients_at_month_end as (
    select
        month,
        client_id,
        purchases,
        documents,
        first_purchase_date,
        last_purchase_date,
        count_segment,
        case when month > event_month then count_segment else previous_count_segment end
            as previous_count_segment,
        active_days,
        asleep_days,
        median_interval_days,
        cast(
            least(cast(month + interval '1 month' - interval '1 day' as date), $as_of_date)
            - last_purchase_date as bigint
        ) as days_since_last_purchase,
        cast(
            month - 1
            - case when month > event_month then last_purchase_date else previous_purchase_date end
            as bigint
        ) as days_since_previous_purchase,
        (
            date_part('year', first_purchase_date) * 12
            + date_part('month', first_purchase_date)
            - date_part('year', $history_first_month) * 12
            - date_part('month', $history_first_month)
        ) < $history_burn_in_months as left_censored,
        month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
    from dated_months
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
        count_segment,
        case
            when days_since_last_purchase <= active_days then 'active'
            when days_since_last_purchase <= asleep_days then 'dozing'
            else 'asleep'
        end as recency_segment,
        previous_count_segment,
        case
            when days_since_previous_purchase <= active_days then 'active'
            when days_since_previous_purchase <= asleep_days then 'dozing'
            when days_since_previous_purchase > asleep_days then 'asleep'
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
