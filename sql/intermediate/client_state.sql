-- One row per client who has ever bought and month from its first purchase on: what is known of
-- its purchases at the end of the month and at the end of the month before.
-- grain:  month, client_id
-- reads:  client_state[-1], purchase_month[0], client_rhythm[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: first_purchase_date date not null -- First purchase day of the client's life
-- column: first_purchase_month date not null -- Month of the first purchase: the cohort
-- column: last_purchase_date date not null -- Last purchase day up to the end of the month
-- column: last_purchase_month date not null -- Month of the last purchase
-- column: previous_purchase_date date -- Last purchase day as known at the end of the month before;
--     null in the month of the first purchase
-- column: previous_purchase_month date -- Its month; null in the month of the first purchase
-- column: months_since_last_purchase bigint not null -- Months from the last purchase month to this
--     month, 0 when the client bought in this month
-- column: months_since_previous_purchase bigint -- Months from the previous purchase month to this
--     month, at least 1; null in the month of the first purchase
-- column: longest_gap_months bigint not null -- Largest difference between consecutive purchase
--     months so far, 0 with one purchase month
-- column: purchases bigint not null -- Lifetime purchase days
-- column: documents bigint not null -- Lifetime documents
-- column: previous_purchases bigint not null -- Lifetime purchase days at the end of the month
--     before, 0 in the month of the first purchase
-- column: median_interval_days double -- Lifetime median of days between consecutive purchase days;
--     null with fewer than two purchase days
-- column: manager text not null -- Manager of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
with purchase_months as (
    select
        purchase_month.month,
        purchase_month.client_id,
        client_rhythm.first_purchase_date,
        client_rhythm.last_purchase_date,
        client_rhythm.previous_purchase_date,
        client_rhythm.purchases,
        client_rhythm.previous_purchases,
        purchase_month.documents,
        cast(
            date_part('year', client_rhythm.month) * 12
            + date_part('month', client_rhythm.month)
            - date_part('year', client_rhythm.previous_purchase_date) * 12
            - date_part('month', client_rhythm.previous_purchase_date)
            as bigint
        ) as gap_months,
        client_rhythm.median_interval_days,
        purchase_month.manager,
        purchase_month.department,
        purchase_month.branch,
        purchase_month.region,
        purchase_month.channel
    from purchase_month
    inner join client_rhythm
        on purchase_month.client_id = client_rhythm.client_id
        and purchase_month.month = client_rhythm.month
        and client_rhythm.month between $first_month and $last_month
    where purchase_month.month between $first_month and $last_month
),

next_purchases as (
    select
        month,
        client_id,
        previous_purchase_date
    from client_rhythm
    where month between $first_month and $last_month
),

clients_before as (
    select
        client_id,
        first_purchase_date,
        last_purchase_date,
        purchases,
        documents,
        longest_gap_months,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel
    from client_state
    where month = cast($first_month as date) - interval '1 month'
),

sums_in_range as (
    select
        purchase_months.month,
        purchase_months.client_id,
        sum(earlier.documents) as documents,
        max(earlier.gap_months) as longest_gap_months
    from purchase_months as earlier
    inner join purchase_months on earlier.client_id = purchase_months.client_id
    where earlier.month <= purchase_months.month
    group by purchase_months.month, purchase_months.client_id
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
        longest_gap_months,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel
    from clients_before
    union all
    select
        purchase_months.month,
        purchase_months.client_id,
        purchase_months.first_purchase_date,
        purchase_months.last_purchase_date,
        purchase_months.previous_purchase_date,
        purchase_months.purchases,
        purchase_months.previous_purchases,
        coalesce(clients_before.documents, 0) + sums_in_range.documents as documents,
        coalesce(
            greatest(clients_before.longest_gap_months, sums_in_range.longest_gap_months), 0
        ) as longest_gap_months,
        purchase_months.median_interval_days,
        purchase_months.manager,
        purchase_months.department,
        purchase_months.branch,
        purchase_months.region,
        purchase_months.channel
    from sums_in_range
    inner join purchase_months
        on sums_in_range.month = purchase_months.month
        and sums_in_range.client_id = purchase_months.client_id
    left join clients_before
        on purchase_months.client_id = clients_before.client_id
),

-- An event speaks for every month until the client's next purchase, which names the last purchase
-- day of this one as the previous.
event_months as (
    select
        events.month as event_month,
        events.client_id,
        events.first_purchase_date,
        events.last_purchase_date,
        events.previous_purchase_date,
        events.purchases,
        events.previous_purchases,
        events.documents,
        events.longest_gap_months,
        events.median_interval_days,
        events.manager,
        events.department,
        events.branch,
        events.region,
        events.channel,
        unnest(
            range(
                cast(
                    date_part('year', events.month) * 12 + date_part('month', events.month) - 1
                    as bigint
                ),
                coalesce(
                    cast(
                        date_part('year', next_purchases.month) * 12
                        + date_part('month', next_purchases.month) - 1
                        as bigint
                    ),
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from events
    left join next_purchases
        on events.client_id = next_purchases.client_id
        and events.last_purchase_date = next_purchases.previous_purchase_date
),

months as (
    select
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        month_number,
        client_id,
        first_purchase_date,
        last_purchase_date,
        case
            when month_number > event_number then last_purchase_date else previous_purchase_date
        end as previous_purchase_date,
        purchases,
        case when month_number > event_number then purchases else previous_purchases end
            as previous_purchases,
        documents,
        longest_gap_months,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel
    from (
        select
            month_number,
            cast(
                date_part('year', event_month) * 12 + date_part('month', event_month) - 1
                as bigint
            ) as event_number,
            client_id,
            first_purchase_date,
            last_purchase_date,
            previous_purchase_date,
            purchases,
            previous_purchases,
            documents,
            longest_gap_months,
            median_interval_days,
            manager,
            department,
            branch,
            region,
            channel
        from event_months
    ) as numbered_months
)

select
    month,
    client_id,
    first_purchase_date,
    cast(date_trunc('month', first_purchase_date) as date) as first_purchase_month,
    last_purchase_date,
    cast(date_trunc('month', last_purchase_date) as date) as last_purchase_month,
    previous_purchase_date,
    cast(date_trunc('month', previous_purchase_date) as date) as previous_purchase_month,
    cast(
        month_number + 1
        - date_part('year', last_purchase_date) * 12 - date_part('month', last_purchase_date)
        as bigint
    ) as months_since_last_purchase,
    cast(
        month_number + 1
        - date_part('year', previous_purchase_date) * 12
        - date_part('month', previous_purchase_date)
        as bigint
    ) as months_since_previous_purchase,
    longest_gap_months,
    purchases,
    documents,
    previous_purchases,
    median_interval_days,
    manager,
    department,
    branch,
    region,
    channel
from months
