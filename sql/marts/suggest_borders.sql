-- Settings that this base suggests: one row per setting, with the present value, the one that the
-- history suggests, the same from either half of it, and the evidence in words.
-- grain:  setting, place
-- reads:  suggest_silence[all], suggest_lost[all], suggest_xyz[all]
-- param:  as_of_date date
-- param:  history_first_month date
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
-- param:  xyz_preset text
-- param:  suggest_dozing_below double
-- param:  suggest_asleep_below double
-- param:  suggest_regular_within double
-- param:  suggest_lost_below double
-- param:  suggest_lost_for_good_below double
-- param:  suggest_least_silences bigint
-- param:  suggest_least_months bigint
-- param:  suggest_least_x_share decimal(5,4)
-- param:  suggest_most_z_share decimal(5,4)
-- column: setting text not null -- Setting of the pipeline file, such as lifecycle.active_days, or
--     lifecycle.b2b.active_days for clients of one type
-- column: place bigint not null -- 1; of churn.lost_after_months also 2, its second item
-- column: current_value text -- Value in use; null where the list has no such item
-- column: suggested_value text -- Value that the whole history suggests; null where it suggests
--     none
-- column: first_half text -- Value that the first half of the history suggests
-- column: second_half text -- Value that the second half suggests
-- column: is_stable boolean not null -- Both halves suggest nearly the same; never for a preset that
--     is suggested because no other one tells anything
-- column: evidence text not null -- What the suggestion rests on, in words
-- column: warning text -- Why to be careful; null where nothing speaks against it
with settings as (
    select
        cast($suggest_dozing_below as double) as dozing_below,
        cast($suggest_asleep_below as double) as asleep_below,
        cast($suggest_regular_within as double) as regular_within,
        cast($suggest_lost_below as double) as lost_below,
        cast($suggest_lost_for_good_below as double) as lost_for_good_below,
        cast($suggest_least_silences as bigint) as least_silences,
        cast($suggest_least_months as bigint) as least_months,
        -- 5.00 is written 5.
        rtrim(
            rtrim(cast(cast(100 * $suggest_least_x_share as decimal(5, 2)) as text), '0'), '.'
        ) as least_x_percent,
        rtrim(
            rtrim(cast(cast(100 * $suggest_most_z_share as decimal(5, 2)) as text), '0'), '.'
        ) as most_z_percent,
        cast(
            date_part('year', cast($as_of_date as date)) * 12
            + date_part('month', cast($as_of_date as date))
            - date_part('year', cast($history_first_month as date)) * 12
            - date_part('month', cast($history_first_month as date)) + 1
            as bigint
        ) as history_months
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
    select 'active_days' as name, nullif(client_type, 'all') as client_type, 1 as place, part, border
    from dozing
    union all
    select 'asleep_days' as name, nullif(client_type, 'all') as client_type, 1 as place, part, border
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
    from (
        values
        ('active_days', 1),
        ('asleep_days', 1),
        ('regular_purchases', 1),
        ('lost_after_months', 1),
        ('lost_after_months', 2)
    ) as setting_names (name, place)
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
),

number_rows as (
    select
        numbers.setting,
        numbers.place,
        cast(numbers.current_value as text) as current_value,
        cast(numbers.suggested as text) as suggested_value,
        cast(numbers.first_half as text) as first_half,
        cast(numbers.second_half as text) as second_half,
        numbers.is_stable,
        case
            when evidence.silences is null then 'the history shows no such border'
            else
                concat(
                    'of ', cast(evidence.silences as text),
                    case
                        when numbers.name = 'regular_purchases'
                            then concat(
                                ' purchases that were the ', cast(numbers.suggested as text),
                                case numbers.suggested
                                    when 3 then 'rd' when 10 then 'th or a later one' else 'th'
                                end,
                                ' of their client '
                            )
                        when numbers.name = 'lost_after_months'
                            then concat(
                                ' silences of ', cast(numbers.suggested as text), ' months '
                            )
                        else
                            concat(' silences of ', cast(numbers.suggested as text), ' days ')
                    end,
                    cast(evidence.bought as text), ' were followed by another within ',
                    case
                        when numbers.name in ('active_days', 'asleep_days')
                            then '90'
                        else '365'
                    end,
                    ' days, of ', cast(evidence.unfinished as text),
                    ' it is not known yet: probability ',
                    cast(cast(evidence.probability as decimal(5, 3)) as text),
                    ', allowing for those not known yet (Kaplan-Meier)',
                    case
                        when evidence_before.silences is not null
                            then concat(
                                '; after the purchase before it (the ',
                                cast(evidence_before.purchases as text),
                                case evidence_before.purchases
                                    when 2 then 'nd' when 3 then 'rd' else 'th'
                                end,
                                ') ', cast(evidence_before.bought as text), ' of ',
                                cast(evidence_before.silences as text), ' were, of ',
                                cast(evidence_before.unfinished as text),
                                ' it is not known yet: probability ',
                                cast(
                                    cast(evidence_before.probability as decimal(5, 3)) as text
                                )
                            )
                        else ''
                    end
                )
        end as evidence,
        nullif(
            concat_ws(
                '; ',
                case when settings.history_months < settings.least_months
                    then concat(
                        'the history has ', cast(settings.history_months as text), ' months only'
                    )
                end,
                case when evidence.silences < settings.least_silences
                    then concat('it rests on ', cast(evidence.silences as text), ' silences only')
                end,
                case
                    when numbers.suggested is null then null
                    when numbers.first_half is null or numbers.second_half is null
                        then 'one half of the history alone suggests nothing'
                    when not numbers.is_stable then 'the halves of the history do not agree'
                end
            ),
            ''
        ) as warning
    from settings
    cross join numbers
    left join evidence
        on numbers.setting = evidence.setting
        and numbers.place = evidence.place
    left join evidence_before
        on numbers.setting = evidence_before.setting
),

-- Of the presets that tell something about clients by revenue, the narrowest; else thirds of the
-- base.
presets as (
    select
        min(case when is_telling then place end) as suggested,
        min(
            case
                when
                    x_share_before >= cast($suggest_least_x_share as double)
                    and z_share_before <= cast($suggest_most_z_share as double)
                    then place
            end
        ) as suggested_before,
        max(x + y + z) as entities
    from (
        values ('classic', 1), ('wide', 2), ('client', 3)
    ) as preset_places (preset, place)
    inner join suggest_xyz
        on preset_places.preset = suggest_xyz.preset
    where suggest_xyz.dimension = 'client' and suggest_xyz.measure = 'revenue'
),

preset_names as (
    select
        case
            when entities is null or entities = 0 then null
            when suggested = 1 then 'classic'
            when suggested = 2 then 'wide'
            when suggested = 3 then 'client'
            else 'quantile'
        end as suggested_value,
        case
            when entities is null or entities = 0 then null
            when suggested_before = 1 then 'classic'
            when suggested_before = 2 then 'wide'
            when suggested_before = 3 then 'client'
            else 'quantile'
        end as value_before,
        coalesce(entities, 0) as entities
    from presets
)

select
    setting,
    place,
    current_value,
    suggested_value,
    first_half,
    second_half,
    is_stable,
    evidence,
    warning
from number_rows
union all
select
    'xyz.preset' as setting,
    cast(1 as bigint) as place,
    $xyz_preset as current_value,
    preset_names.suggested_value,
    preset_names.value_before as first_half,
    preset_names.suggested_value as second_half,
    coalesce(
        preset_names.suggested_value = preset_names.value_before
        and preset_names.suggested_value <> 'quantile',
        false
    ) as is_stable,
    case
        when preset_names.suggested_value is null then 'no client has bought long enough for a class'
        else
            concat(
                case
                    when preset_names.suggested_value = 'quantile'
                        then 'thirds of the clients, since no preset has '
                    else 'the narrowest preset with '
                end,
                settings.least_x_percent, ' % of ', cast(preset_names.entities as text),
                ' clients in X and no more than ', settings.most_z_percent,
                ' % in Z; the halves are the last finished month and the month a year before'
            )
    end as evidence,
    nullif(
        concat_ws(
            '; ',
            case when settings.history_months < settings.least_months
                then concat(
                    'the history has ', cast(settings.history_months as text), ' months only'
                )
            end,
            case when preset_names.suggested_value = 'quantile'
                then 'no preset tells anything: thirds are there whatever the clients do'
            end,
            case when preset_names.suggested_value <> preset_names.value_before
                then 'a year before another one was suggested'
            end
        ),
        ''
    ) as warning
from settings
cross join preset_names
