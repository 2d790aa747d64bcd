-- One row per month, client and ground for loss beside silence for N months, in the month in which
-- the ground began. A client may have several grounds, and need not be lost by any rule of N
-- months.
-- grain:  month, client_id, ground
-- reads:  client_state[0], client_class[0], client_contact_grounds[-1..0], client_revenue_12m[0]
-- param:  as_of_date date
-- param:  loss_rhythm_intervals bigint
-- param:  warnings_overdue_purchases bigint
-- column: month date not null -- Month in which the ground began: in force at its end, and not at
--     the end of the month before, or ended by a purchase in between
-- column: client_id text not null -- Canonical client, or a lead who never bought
-- column: ground text not null -- own_rhythm (three purchase days or more, and silent for three
--     times its own median interval), low_nps (0 to 6), open_conflict or asked_without_buying
--     (three or more inquiries)
-- column: since_date date not null -- Day on which the silence reached that length, of the answer,
--     on which the oldest open conflict began, or of the last inquiry
-- column: value double not null -- Silence in median intervals, score of the answer, number of open
--     conflicts, or number of inquiries
-- column: is_lead boolean not null -- It has never bought: no client is lost
-- column: last_purchase_date date -- Last purchase day; null for a lead, like the next two
-- column: months_since_last_purchase bigint -- Months from the last purchase month to this month
-- column: median_interval_days double -- Median days between its purchase days; null for fewer than
--     two
-- column: purchases bigint not null -- Lifetime purchase days: a rhythm of few purchases is a weak
--     one, and one of two is none
-- column: revenue_12m decimal(28,4) not null -- Revenue in the 12 months ending with the month
-- column: profit_12m decimal(28,4) -- Profit in these months; null when no cost is known
-- column: manager text not null -- Manager of the last purchase; (unknown) for a lead, like the
--     next seven
-- column: channel text not null -- Sales channel of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: first_category text not null -- Category of the first purchase
-- column: segment text not null -- Life-cycle segment in the month of the last purchase
-- column: abc text not null -- ABC class by revenue in the month of the last purchase
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with silences as (
    select
        client_state.month,
        client_state.client_id,
        client_state.last_purchase_date,
        client_state.median_interval_days,
        client_state.median_interval_days * $loss_rhythm_intervals as days_allowed,
        cast(
            least(
                cast(client_state.month + interval '1 month' - interval '1 day' as date),
                $as_of_date
            ) - client_state.last_purchase_date as bigint
        ) as days_silent,
        cast(client_state.month - client_state.last_purchase_date - 1 as bigint)
            as days_silent_before
    from client_state
    where
        client_state.month between $first_month and $last_month
        -- Two purchases are one interval, which is no rhythm.
        and client_state.purchases >= $warnings_overdue_purchases
        and client_state.median_interval_days is not null
),

contact_grounds as (
    select
        month,
        client_id,
        unnest(make_array('low_nps', 'open_conflict', 'asked_without_buying')) as ground,
        low_nps,
        nps_score,
        nps_date,
        open_conflict,
        open_conflicts,
        conflict_date,
        asked_without_buying,
        inquiries,
        last_inquiry_date
    from client_contact_grounds
    where
        month >= cast($first_month as date) - interval '1 month'
        and month <= $last_month
),

contact_grounds_in_force as (
    select
        month,
        client_id,
        ground,
        case ground
            when 'low_nps' then nps_date
            when 'open_conflict' then conflict_date
            else last_inquiry_date
        end as since_date,
        cast(
            case ground
                when 'low_nps' then nps_score
                when 'open_conflict' then open_conflicts
                else inquiries
            end as double
        ) as value
    from contact_grounds
    where
        case ground
            when 'low_nps' then low_nps
            when 'open_conflict' then open_conflict
            else asked_without_buying
        end
),

grounds as (
    select
        month,
        client_id,
        'own_rhythm' as ground,
        last_purchase_date + cast(ceil(days_allowed) as int) as since_date,
        cast(days_silent as double) / median_interval_days as value,
        -- Nothing is known of a purchase that came in between: this is its silence.
        false as was_in_force
    from silences
    where
        days_silent >= days_allowed
        and (days_silent_before < days_allowed or last_purchase_date >= month)
    union all
    select
        now.month,
        now.client_id,
        now.ground,
        now.since_date,
        now.value,
        before.month is not null as was_in_force
    from contact_grounds_in_force as now
    left join contact_grounds_in_force as before
        on now.client_id = before.client_id
        and now.ground = before.ground
        and now.month = before.month + interval '1 month'
    where now.month >= $first_month
)

select
    grounds.month,
    grounds.client_id,
    grounds.ground,
    grounds.since_date,
    grounds.value,
    client_state.client_id is null as is_lead,
    client_state.last_purchase_date,
    client_state.months_since_last_purchase,
    client_state.median_interval_days,
    coalesce(client_state.purchases, 0) as purchases,
    cast(coalesce(client_revenue_12m.revenue_12m, 0) as decimal(28, 4)) as revenue_12m,
    client_revenue_12m.profit_12m,
    coalesce(client_state.manager, '(unknown)') as manager,
    coalesce(client_state.channel, '(unknown)') as channel,
    coalesce(client_state.region, '(unknown)') as region,
    coalesce(client_state.department, '(unknown)') as department,
    coalesce(client_state.branch, '(unknown)') as branch,
    coalesce(client_class.first_category, '(unknown)') as first_category,
    coalesce(client_class.segment, '(unknown)') as segment,
    coalesce(client_class.abc, '(unknown)') as abc,
    grounds.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from grounds
left join client_state
    on grounds.client_id = client_state.client_id
    and grounds.month = client_state.month
    and client_state.month between $first_month and $last_month
left join client_class
    on grounds.client_id = client_class.client_id
    and grounds.month = client_class.month
    and client_class.month between $first_month and $last_month
left join client_revenue_12m
    on grounds.client_id = client_revenue_12m.client_id
    and grounds.month = client_revenue_12m.month
    and client_revenue_12m.month between $first_month and $last_month
where
    not grounds.was_in_force
    or (
        grounds.ground = 'asked_without_buying'
        and coalesce(client_state.last_purchase_date >= grounds.month, false)
    )
