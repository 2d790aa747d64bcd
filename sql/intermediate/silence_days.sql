-- One row per type of client, part of the history, number of purchases and day of silence, 0 to
-- 1,100: how many silences lasted to that day, how many ended on it, and what part of all lasts
-- longer.
-- grain:  client_type, part, purchases, days_silent
-- reads:  silence_month[all], client_state[all], client_types[all]
-- param:  as_of_date date
-- param:  history_first_month date
-- column: client_type text not null -- all, or B2B or B2C where the master data name types
-- column: part text not null -- all, or the first or second half of the history by the month in
--     which the silence began
-- column: purchases bigint not null -- Lifetime purchase days when it began, 10 for 10 and more, 0
--     for all
-- column: days_silent bigint not null -- Day of silence
-- column: at_risk bigint not null -- Silences that lasted to the end of the day before and are
--     known of on the day
-- column: ended bigint not null -- Those of them that a purchase ended on the day
-- column: open bigint not null -- Silences that the as-of date found at this day
-- column: lasting double not null -- Part of all silences that lasts longer, by Kaplan and Meier; 0
--     when the last one known of ended
with settings as (
    select
        cast(1100 as bigint) as most_days,
        -- The month in which the second half of the history begins.
        (
            cast(
                date_part('year', cast($history_first_month as date)) * 12
                + date_part('month', cast($history_first_month as date)) as bigint
            )
            + cast(
                date_part('year', cast($as_of_date as date)) * 12
                + date_part('month', cast($as_of_date as date)) as bigint
            )
        ) / 2 as middle_number
),

-- Silences that ended, and those that are open on the as-of date: known of, and nothing more.
silences as (
    select
        client_type,
        start_month,
        purchases,
        silence_days,
        silences as ended,
        0 as open
    from silence_month
    union all
    select
        coalesce(client_types.client_type, '(unknown)') as client_type,
        cast(date_trunc('month', client_state.last_purchase_date) as date) as start_month,
        least(client_state.purchases, 10) as purchases,
        cast(cast($as_of_date as date) - client_state.last_purchase_date as bigint)
            as silence_days,
        0 as ended,
        1 as open
    from client_types
    right join client_state
        on client_types.client_id = client_state.client_id
    where client_state.month = cast(date_trunc('month', $as_of_date) as date)
),

silence_lengths as (
    select
        silences.client_type,
        case
            when
                cast(
                    date_part('year', silences.start_month) * 12
                    + date_part('month', silences.start_month) as bigint
                ) < settings.middle_number
                then 'first'
            else 'second'
        end as part,
        silences.purchases,
        -- Longer ones are only known to have lasted.
        least(silences.silence_days, settings.most_days + 1) as days_silent,
        sum(silences.ended) as ended,
        sum(silences.open) as open
    from settings
    cross join silences
    group by
        silences.client_type,
        case
            when
                cast(
                    date_part('year', silences.start_month) * 12
                    + date_part('month', silences.start_month) as bigint
                ) < settings.middle_number
                then 'first'
            else 'second'
        end,
        silences.purchases,
        least(silences.silence_days, settings.most_days + 1)
),

group_lengths as (
    select
        case when wholes.is_all_clients then 'all' else silence_lengths.client_type end
            as client_type,
        case when wholes.is_all_history then 'all' else silence_lengths.part end as part,
        case when wholes.is_all_purchases then 0 else silence_lengths.purchases end as purchases,
        silence_lengths.days_silent,
        sum(silence_lengths.ended) as ended,
        sum(silence_lengths.open) as open
    from (
        values
        (true, true, true),
        (true, true, false),
        (true, false, true),
        (true, false, false),
        (false, true, true),
        (false, true, false),
        (false, false, true),
        (false, false, false)
    ) as wholes (is_all_clients, is_all_history, is_all_purchases)
    cross join silence_lengths
    where wholes.is_all_clients or silence_lengths.client_type <> '(unknown)'
    group by
        case when wholes.is_all_clients then 'all' else silence_lengths.client_type end,
        case when wholes.is_all_history then 'all' else silence_lengths.part end,
        case when wholes.is_all_purchases then 0 else silence_lengths.purchases end,
        silence_lengths.days_silent
),

groups as (
    select client_type, part, purchases
    from group_lengths
    group by client_type, part, purchases
),

group_days as (
    select
        groups.client_type,
        groups.part,
        groups.purchases,
        unnest(range(0, settings.most_days + 2)) as days_silent
    from settings
    cross join groups
),

filled_days as (
    select
        group_days.client_type,
        group_days.part,
        group_days.purchases,
        group_days.days_silent,
        coalesce(group_lengths.ended, 0) as ended,
        coalesce(group_lengths.open, 0) as open
    from group_days
    left join group_lengths
        on group_days.client_type = group_lengths.client_type
        and group_days.part = group_lengths.part
        and group_days.purchases = group_lengths.purchases
        and group_days.days_silent = group_lengths.days_silent
),

days_at_risk as (
    select
        client_type,
        part,
        purchases,
        days_silent,
        ended,
        open,
        sum(ended + open) over (
            partition by client_type, part, purchases order by days_silent desc
        ) as at_risk
    from filled_days
)

select
    days_at_risk.client_type,
    days_at_risk.part,
    days_at_risk.purchases,
    days_at_risk.days_silent,
    days_at_risk.at_risk,
    days_at_risk.ended,
    days_at_risk.open,
    -- The product over all days so far, as a sum of logarithms in the order of days.
    exp(
        sum(
            case
                when days_at_risk.ended > 0
                    then ln(
                        cast(days_at_risk.at_risk - days_at_risk.ended as double)
                        / days_at_risk.at_risk
                    )
                else cast(0 as double)
            end
        ) over (
            partition by
                days_at_risk.client_type, days_at_risk.part, days_at_risk.purchases
            order by days_at_risk.days_silent
        )
    ) as lasting
from settings
inner join days_at_risk
    on days_at_risk.days_silent <= settings.most_days
