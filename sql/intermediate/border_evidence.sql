-- Borders that the history suggests, as numbers with what they rest on: one row per setting, for all
-- clients and for each type whose silences are known.
-- grain:  setting, place
-- reads:  suggest_silence[all], suggest_lost[all]
-- param:  lifecycle_active_days bigint
-- param:  lifecycle_asleep_days bigint
-- param:  lifecycle_regular_purchases bigint
-- param:  lifecycle_b2b_active_days bigint
-- param:  lifecycle_b2b_asleep_days bigint
-- param:  lifecycle_b2b_regular_purchases bigint
-- param:  lifecycle_b2c_active_days bigint
-- param:  lifecycle_b2c_asleep_days bigint
-- param:  lifecycle_b2c_regular_purchases bigint
-- param:  churn_lost_after_months bigint[]
-- param:  suggest_dozing_below double
-- param:  suggest_asleep_below double
-- param:  suggest_regular_within double
-- param:  suggest_lost_below double
-- param:  suggest_lost_for_good_below double
-- column: setting text not null -- Setting of the pipeline file, such as lifecycle.b2b.active_days
-- column: place bigint not null -- 1; of churn.lost_after_months its items: 2, and more where the list
--     has more, for which nothing is suggested
-- column: name text not null -- Last part of the setting
-- column: current_value bigint -- Value in use; null where the list has no such item
-- column: suggested bigint -- Value that the whole history suggests; null where it suggests none
-- column: first_half bigint -- Value that the first half of the history suggests
-- column: second_half bigint -- Value that the second half suggests
-- column: is_stable boolean not null -- Both halves suggest nearly the same
-- column: silences bigint -- Silences that lasted to the border, or began with this purchase; null
--     where nothing is suggested, like the next three
-- column: bought bigint -- Those of them that a purchase within the horizon ended
-- column: unfinished bigint -- Those of them that are open and younger than the horizon
-- column: probability double -- Probability to buy again within the horizon, by Kaplan and Meier
-- column: before_purchases bigint -- Of a border of purchases the number before it; with the next
--     four what the suggested one is better than
-- column: before_silences bigint -- Silences that began with that purchase
-- column: before_bought bigint -- Those of them that a purchase within the horizon ended
-- column: before_unfinished bigint -- Those of them that are open and younger than the horizon
-- column: before_probability double -- Probability to buy again after that purchase
with settings as (
    select
        cast($suggest_dozing_below as double) as dozing_below,
        cast($suggest_asleep_below as double) as asleep_below,
        cast($suggest_regular_within as double) as regular_within,
        cast($suggest_lost_below as double) as lost_below,
        cast($suggest_lost_for_good_below as double) as lost_for_good_below
),

dozing as (
    select
        suggest_silence.client_type,
        suggest_silence.part,
        min(suggest_silence.days_silent) as border
    from settings
    inner join suggest_silence
        on suggest_silence.probability < settings.dozing_below
    where
        suggest_silence.purchases = 0
        and suggest_silence.horizon_days = 90
        and suggest_silence.days_silent > 0
    group by suggest_silence.client_type, suggest_silence.part
),

asleep as (
    select
        suggest_silence.client_type,
        suggest_silence.part,
        min(suggest_silence.days_silent) as border
    from settings
    inner join suggest_silence
        on suggest_silence.probability < settings.asleep_below
    inner join dozing
        on suggest_silence.client_type = dozing.client_type
        and suggest_silence.part = dozing.part
        and suggest_silence.days_silent > dozing.border
    where suggest_silence.purchases = 0 and suggest_silence.horizon_days = 90
    group by suggest_silence.client_type, suggest_silence.part
),

regular as (
    select here.client_type, here.part, min(here.purchases) as border
    from settings
    cross join suggest_silence as here
    inner join suggest_silence as most
        on here.client_type = most.client_type
        and here.part = most.part
        and here.horizon_days = most.horizon_days
        and here.days_silent = most.days_silent
        and most.purchases = 10
    where
        here.purchases >= 3
        and here.horizon_days = 365
        and here.days_silent = 0
        and here.probability >= most.probability - settings.regular_within
    group by here.client_type, here.part
),

lost as (
    select suggest_lost.part, min(suggest_lost.months_silent) as border
    from settings
    inner join suggest_lost
        on suggest_lost.probability < settings.lost_below
    group by suggest_lost.part
),

lost_for_good as (
    select suggest_lost.part, min(suggest_lost.months_silent) as border
    from settings
    inner join suggest_lost
        on suggest_lost.probability < settings.lost_for_good_below
    inner join lost
        on suggest_lost.part = lost.part
        and suggest_lost.months_silent > lost.border
    group by suggest_lost.part
),

-- Months of loss are the same for all types, for which null stands.
borders as (
    select
        'active_days' as name,
        nullif(client_type, 'all') as client_type,
        1 as place,
        part,
        border
    from dozing
    union all
    select
        'asleep_days' as name,
        nullif(client_type, 'all') as client_type,
        1 as place,
        part,
        border
    from asleep
    union all
    select
        'regular_purchases' as name,
        nullif(client_type, 'all') as client_type,
        1 as place,
        part,
        border
    from regular
    union all
    select 'lost_after_months' as name, null as client_type, 1 as place, part, border
    from lost
    union all
    select 'lost_after_months' as name, null as client_type, 2 as place, part, border
    from lost_for_good
),

by_part as (
    select
        name,
        coalesce(client_type, 'all') as client_type,
        place,
        max(case when part = 'all' then border end) as suggested,
        max(case when part = 'first' then border end) as first_half,
        max(case when part = 'second' then border end) as second_half
    from borders
    group by name, coalesce(client_type, 'all'), place
),

-- Types of clients whose silences are known have settings of their own.
types as (
    select all_types.client_type
    from (values ('all'), ('B2B'), ('B2C')) as all_types (client_type)
    left join (select client_type from suggest_silence group by client_type) as known_types
        on all_types.client_type = known_types.client_type
    where all_types.client_type = 'all' or known_types.client_type is not null
),

setting_names as (
    select name, place
    from (
        values ('active_days', 1), ('asleep_days', 1), ('regular_purchases', 1)
    ) as lifecycle_names (name, place)
    union all
    select
        'lost_after_months' as name,
        unnest(
            range(
                1,
                greatest(
                    cast(array_length(cast($churn_lost_after_months as bigint[])) as bigint), 2
                ) + 1
            )
        ) as place
),

names as (
    select
        concat(
            case when setting_names.name = 'lost_after_months' then 'churn.' else 'lifecycle.' end,
            case when types.client_type = 'all' then '' else lower(types.client_type) || '.' end,
            setting_names.name
        ) as setting,
        setting_names.name,
        setting_names.place,
        types.client_type
    from setting_names
    cross join types
    where types.client_type = 'all' or setting_names.name <> 'lost_after_months'
),

-- Every setting has a row, also where nothing is suggested.
numbers as (
    select
        names.setting,
        names.name,
        names.client_type,
        cast(names.place as bigint) as place,
        case names.setting
            when 'lifecycle.active_days' then $lifecycle_active_days
            when 'lifecycle.asleep_days' then $lifecycle_asleep_days
            when 'lifecycle.regular_purchases' then $lifecycle_regular_purchases
            when 'lifecycle.b2b.active_days' then $lifecycle_b2b_active_days
            when 'lifecycle.b2b.asleep_days' then $lifecycle_b2b_asleep_days
            when 'lifecycle.b2b.regular_purchases' then $lifecycle_b2b_regular_purchases
            when 'lifecycle.b2c.active_days' then $lifecycle_b2c_active_days
            when 'lifecycle.b2c.asleep_days' then $lifecycle_b2c_asleep_days
            when 'lifecycle.b2c.regular_purchases' then $lifecycle_b2c_regular_purchases
            else array_element(cast($churn_lost_after_months as bigint[]), names.place)
        end as current_value,
        by_part.suggested,
        by_part.first_half,
        by_part.second_half,
        -- Of days a quarter, of purchases and months one is nearly the same.
        coalesce(
            case
                when names.name in ('active_days', 'asleep_days')
                    then 4 * abs(by_part.first_half - by_part.second_half) <= by_part.suggested
                else abs(by_part.first_half - by_part.second_half) <= 1
            end,
            false
        ) as is_stable
    from names
    left join by_part
        on names.name = by_part.name
        and names.client_type = by_part.client_type
        and names.place = by_part.place
),

-- The row of evidence at the suggested border.
evidence as (
    select
        numbers.setting,
        numbers.place,
        suggest_silence.silences,
        suggest_silence.bought,
        suggest_silence.unfinished,
        suggest_silence.probability
    from numbers
    inner join suggest_silence
        on numbers.client_type = suggest_silence.client_type
        and suggest_silence.part = 'all'
        and (
            (
                numbers.name in ('active_days', 'asleep_days')
                and suggest_silence.purchases = 0
                and suggest_silence.horizon_days = 90
                and suggest_silence.days_silent = numbers.suggested
            )
            or (
                numbers.name = 'regular_purchases'
                and suggest_silence.purchases = numbers.suggested
                and suggest_silence.horizon_days = 365
                and suggest_silence.days_silent = 0
            )
        )
    union all
    select
        numbers.setting,
        numbers.place,
        suggest_lost.silences,
        suggest_lost.bought,
        suggest_lost.unfinished,
        suggest_lost.probability
    from numbers
    inner join suggest_lost
        on suggest_lost.part = 'all'
        and numbers.name = 'lost_after_months'
        and suggest_lost.months_silent = numbers.suggested
),

-- What the suggested purchase is better than: the one before it.
evidence_before as (
    select
        numbers.setting,
        suggest_silence.purchases,
        suggest_silence.silences,
        suggest_silence.bought,
        suggest_silence.unfinished,
        suggest_silence.probability
    from numbers
    inner join suggest_silence
        on numbers.name = 'regular_purchases'
        and numbers.client_type = suggest_silence.client_type
        and suggest_silence.part = 'all'
        and suggest_silence.purchases = numbers.suggested - 1
        and suggest_silence.horizon_days = 365
        and suggest_silence.days_silent = 0
)

select
    numbers.setting,
    numbers.place,
    numbers.name,
    numbers.current_value,
    numbers.suggested,
    numbers.first_half,
    numbers.second_half,
    numbers.is_stable,
    evidence.silences,
    evidence.bought,
    evidence.unfinished,
    evidence.probability,
    evidence_before.purchases as before_purchases,
    evidence_before.silences as before_silences,
    evidence_before.bought as before_bought,
    evidence_before.unfinished as before_unfinished,
    evidence_before.probability as before_probability
from numbers
left join evidence
    on numbers.setting = evidence.setting
    and numbers.place = evidence.place
left join evidence_before
    on numbers.setting = evidence_before.setting
