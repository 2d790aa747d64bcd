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
-- column: previous_manager text -- Manager as known at the end of the month before; null in the
--     month of the first purchase, like the four below
-- column: previous_department text -- Department as known at the end of the month before
-- column: previous_branch text -- Branch as known at the end of the month before
-- column: previous_region text -- Region as known at the end of the month before
-- column: previous_channel text -- Sales channel as known at the end of the month before
with buyers as (
    select client_id
    from purchase_month
    where month between $first_month and $last_month
    group by client_id
),

purchase_events as (
    -- What was known before the range is one event more, at its own purchase month.
    select
        client_state.client_id,
        client_state.last_purchase_month as purchase_month,
        client_state.first_purchase_date,
        client_state.last_purchase_date,
        client_state.purchases,
        client_state.documents,
        client_state.longest_gap_months,
        client_state.median_interval_days,
        client_state.manager,
        client_state.department,
        client_state.branch,
        client_state.region,
        client_state.channel
    from client_state
    left semi join buyers on client_state.client_id = buyers.client_id
    where client_state.month = cast($first_month as date) - interval '1 month'
    union all
    select
        purchase_month.client_id,
        purchase_month.month as purchase_month,
        purchase_month.first_purchase_date,
        purchase_month.last_purchase_date,
        purchase_month.purchases,
        purchase_month.documents,
        null as longest_gap_months,
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

numbered_events as (
    select
        client_id,
        purchase_month,
        cast(
            date_part('year', purchase_month) * 12 + date_part('month', purchase_month) - 1
            as bigint
        ) as purchase_month_number,
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
    from purchase_events
),

events_in_order as (
    select
        client_id,
        purchase_month,
        purchase_month_number,
        last_purchase_date,
        purchases as purchases_in_event,
        longest_gap_months,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel,
        first_value(first_purchase_date) over client_events as first_purchase_date,
        sum(purchases) over client_events as purchases,
        sum(documents) over client_events as documents,
        lag(purchase_month_number) over client_events as previous_month_number,
        lead(purchase_month_number) over client_events as next_month_number
    from numbered_events
    window client_events as (partition by client_id order by purchase_month_number)
),

-- Texts of the event before come by a join: windows over texts are slow.
events_with_previous as (
    select
        events.client_id,
        events.purchase_month,
        events.purchase_month_number,
        events.first_purchase_date,
        events.last_purchase_date,
        events.purchases,
        events.purchases_in_event,
        events.documents,
        events.median_interval_days,
        events.manager,
        events.department,
        events.branch,
        events.region,
        events.channel,
        max(
            coalesce(
                events.longest_gap_months,
                events.purchase_month_number - events.previous_month_number,
                0
            )
        ) over (
            partition by events.client_id order by events.purchase_month_number
        ) as longest_gap_months,
        events.previous_month_number,
        events.next_month_number,
        previous.purchase_month as previous_purchase_month,
        previous.last_purchase_date as previous_purchase_date,
        previous.manager as previous_manager,
        previous.department as previous_department,
        previous.branch as previous_branch,
        previous.region as previous_region,
        previous.channel as previous_channel
    from events_in_order as events
    left join numbered_events as previous
        on events.client_id = previous.client_id
        and events.previous_month_number = previous.purchase_month_number
),

-- Whoever buys nothing in the range needs no windows over its events: most clients, at night.
all_events as (
    select
        client_id,
        purchase_month,
        purchase_month_number,
        first_purchase_date,
        last_purchase_date,
        purchases,
        purchases_in_event,
        documents,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel,
        longest_gap_months,
        previous_month_number,
        next_month_number,
        previous_purchase_month,
        previous_purchase_date,
        previous_manager,
        previous_department,
        previous_branch,
        previous_region,
        previous_channel
    from events_with_previous
    union all
    select
        client_state.client_id,
        client_state.last_purchase_month as purchase_month,
        cast(
            date_part('year', client_state.last_purchase_month) * 12
            + date_part('month', client_state.last_purchase_month) - 1
            as bigint
        ) as purchase_month_number,
        client_state.first_purchase_date,
        client_state.last_purchase_date,
        client_state.purchases,
        client_state.purchases as purchases_in_event,
        client_state.documents,
        client_state.median_interval_days,
        client_state.manager,
        client_state.department,
        client_state.branch,
        client_state.region,
        client_state.channel,
        client_state.longest_gap_months,
        cast(null as bigint) as previous_month_number,
        cast(null as bigint) as next_month_number,
        cast(null as date) as previous_purchase_month,
        cast(null as date) as previous_purchase_date,
        cast(null as text) as previous_manager,
        cast(null as text) as previous_department,
        cast(null as text) as previous_branch,
        cast(null as text) as previous_region,
        cast(null as text) as previous_channel
    from client_state
    left anti join buyers on client_state.client_id = buyers.client_id
    where client_state.month = cast($first_month as date) - interval '1 month'
),

-- An event speaks for every month until the next purchase.
months as (
    select
        client_id,
        purchase_month,
        purchase_month_number,
        first_purchase_date,
        last_purchase_date,
        purchases,
        purchases_in_event,
        documents,
        median_interval_days,
        manager,
        department,
        branch,
        region,
        channel,
        longest_gap_months,
        previous_month_number,
        previous_purchase_month,
        previous_purchase_date,
        previous_manager,
        previous_department,
        previous_branch,
        previous_region,
        previous_channel,
        unnest(
            range(
                greatest(
                    purchase_month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                coalesce(
                    next_month_number,
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from all_events
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    client_id,
    first_purchase_date,
    cast(date_trunc('month', first_purchase_date) as date) as first_purchase_month,
    last_purchase_date,
    purchase_month as last_purchase_month,
    case
        when month_number > purchase_month_number then last_purchase_date
        else previous_purchase_date
    end as previous_purchase_date,
    case
        when month_number > purchase_month_number then purchase_month
        else previous_purchase_month
    end as previous_purchase_month,
    month_number - purchase_month_number as months_since_last_purchase,
    case
        when month_number > purchase_month_number then month_number - purchase_month_number
        else month_number - previous_month_number
    end as months_since_previous_purchase,
    longest_gap_months,
    purchases,
    documents,
    case
        when month_number > purchase_month_number then purchases
        else purchases - purchases_in_event
    end as previous_purchases,
    median_interval_days,
    manager,
    department,
    branch,
    region,
    channel,
    case
        when month_number > purchase_month_number then manager else previous_manager
    end as previous_manager,
    case
        when month_number > purchase_month_number then department else previous_department
    end as previous_department,
    case
        when month_number > purchase_month_number then branch else previous_branch
    end as previous_branch,
    case
        when month_number > purchase_month_number then region else previous_region
    end as previous_region,
    case
        when month_number > purchase_month_number then channel else previous_channel
    end as previous_channel
from months
