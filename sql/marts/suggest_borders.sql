-- Settings that this base suggests: one row per setting, with the present value, the one that the
-- history suggests, the same from either half of it, and the evidence in words.
-- grain:  setting, place
-- reads:  border_evidence[all], suggest_xyz[all]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  xyz_preset text
-- param:  suggest_least_silences bigint
-- param:  suggest_least_months bigint
-- param:  suggest_least_x_share decimal(5,4)
-- param:  suggest_most_z_share decimal(5,4)
-- column: setting text not null -- Setting of the pipeline file, such as lifecycle.active_days, or
--     lifecycle.b2b.active_days for clients of one type
-- column: place bigint not null -- 1; of churn.lost_after_months its items: 2, and more where the list
--     has more, for which nothing is suggested
-- column: current_value text -- Value in use; null where the list has no such item
-- column: suggested_value text -- Value that the whole history suggests; null where it suggests
--     none
-- column: first_half text -- Value that the first half of the history suggests
-- column: second_half text -- Value that the second half suggests
-- column: is_stable boolean not null -- Both halves suggest nearly the same; never for a preset that
--     is suggested because no other one tells anything
-- column: evidence text not null -- What the suggestion rests on, in words
-- column: evidence_ru text not null -- The same in Russian
-- column: warning text -- Why to be careful; null where nothing speaks against it
-- column: warning_ru text -- The same in Russian
with settings as (
    select
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

number_rows as (
    select
        border_evidence.setting,
        border_evidence.place,
        cast(border_evidence.current_value as text) as current_value,
        cast(border_evidence.suggested as text) as suggested_value,
        cast(border_evidence.first_half as text) as first_half,
        cast(border_evidence.second_half as text) as second_half,
        border_evidence.is_stable,
        case
            when border_evidence.silences is null then 'the history shows no such border'
            else
                concat(
                    'of ', cast(border_evidence.silences as text),
                    case
                        when border_evidence.name = 'regular_purchases'
                            then concat(
                                ' purchases that were the ',
                                cast(border_evidence.suggested as text),
                                case border_evidence.suggested
                                    when 3 then 'rd' when 10 then 'th or a later one' else 'th'
                                end,
                                ' of their client '
                            )
                        when border_evidence.name = 'lost_after_months'
                            then concat(
                                ' silences of ', cast(border_evidence.suggested as text), ' months '
                            )
                        else
                            concat(
                                ' silences of ', cast(border_evidence.suggested as text), ' days '
                            )
                    end,
                    cast(border_evidence.bought as text), ' were followed by another within ',
                    case
                        when border_evidence.name in ('active_days', 'asleep_days')
                            then '90'
                        else '365'
                    end,
                    ' days, of ', cast(border_evidence.unfinished as text),
                    ' it is not known yet: probability ',
                    cast(cast(border_evidence.probability as decimal(5, 3)) as text),
                    ', allowing for those not known yet (Kaplan-Meier)',
                    case
                        when border_evidence.before_silences is not null
                            then concat(
                                '; after the purchase before it (the ',
                                cast(border_evidence.before_purchases as text),
                                case border_evidence.before_purchases
                                    when 2 then 'nd' when 3 then 'rd' else 'th'
                                end,
                                ') ', cast(border_evidence.before_bought as text), ' of ',
                                cast(border_evidence.before_silences as text), ' were, of ',
                                cast(border_evidence.before_unfinished as text),
                                ' it is not known yet: probability ',
                                cast(
                                    cast(border_evidence.before_probability as decimal(5, 3))
                                    as text
                                )
                            )
                        else ''
                    end
                )
        end as evidence,
        case
            when border_evidence.silences is null then 'такой границы история не показывает'
            else
                concat(
                    case
                        when border_evidence.name = 'regular_purchases'
                            then concat(
                                'покупок № ', cast(border_evidence.suggested as text),
                                case
                                    when border_evidence.suggested = 10 then ' и следующих'
                                    else ''
                                end
                            )
                        when border_evidence.name = 'lost_after_months'
                            then concat(
                                'молчаний в ', cast(border_evidence.suggested as text), ' мес.'
                            )
                        else
                            concat('молчаний в ', cast(border_evidence.suggested as text), ' дн.')
                    end,
                    ': ', cast(border_evidence.silences as text), '; покупка в следующие ',
                    case
                        when border_evidence.name in ('active_days', 'asleep_days')
                            then '90'
                        else '365'
                    end,
                    ' дн. была после ', cast(border_evidence.bought as text), ', ещё не известно о ',
                    cast(border_evidence.unfinished as text), '; вероятность ',
                    cast(cast(border_evidence.probability as decimal(5, 3)) as text),
                    ' с учётом тех, о которых ещё не известно (Каплан — Майер)',
                    case
                        when border_evidence.before_silences is not null
                            then concat(
                                '; после покупки № ',
                                cast(border_evidence.before_purchases as text), ': ',
                                cast(border_evidence.before_bought as text), ' из ',
                                cast(border_evidence.before_silences as text), ', ещё не известно о ',
                                cast(border_evidence.before_unfinished as text), '; вероятность ',
                                cast(
                                    cast(border_evidence.before_probability as decimal(5, 3))
                                    as text
                                )
                            )
                        else ''
                    end
                )
        end as evidence_ru,
        nullif(
            concat_ws(
                '; ',
                case when settings.history_months < settings.least_months
                    then concat(
                        'the history has ', cast(settings.history_months as text), ' months only'
                    )
                end,
                case when border_evidence.silences < settings.least_silences
                    then concat(
                        'it rests on ', cast(border_evidence.silences as text), ' silences only'
                    )
                end,
                case
                    when border_evidence.suggested is null then null
                    when border_evidence.first_half is null or border_evidence.second_half is null
                        then 'one half of the history alone suggests nothing'
                    when not border_evidence.is_stable then 'the halves of the history do not agree'
                end
            ),
            ''
        ) as warning,
        nullif(
            concat_ws(
                '; ',
                case when settings.history_months < settings.least_months
                    then concat('в истории только ', cast(settings.history_months as text), ' мес.')
                end,
                case when border_evidence.silences < settings.least_silences
                    then concat('молчаний только ', cast(border_evidence.silences as text))
                end,
                case
                    when border_evidence.suggested is null then null
                    when border_evidence.first_half is null or border_evidence.second_half is null
                        then 'одна из половин истории ничего не подсказывает'
                    when not border_evidence.is_stable then 'половины истории не сходятся'
                end
            ),
            ''
        ) as warning_ru
    from settings
    cross join border_evidence
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
        max(x_share_before) is not null as is_known_before,
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
            when entities is null or entities = 0 or not is_known_before then null
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
    evidence_ru,
    warning,
    warning_ru
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
    case
        when preset_names.suggested_value is null
            then 'никто из клиентов не покупал достаточно долго для класса'
        else
            concat(
                case
                    when preset_names.suggested_value = 'quantile'
                        then 'трети клиентов: нет набора порогов, при котором '
                    else 'самый узкий набор порогов, при котором '
                end,
                'из клиентов, которых ', cast(preset_names.entities as text), ', в X не меньше ',
                settings.least_x_percent, ' % и в Z не больше ', settings.most_z_percent,
                ' %; половины — последний законченный месяц и месяц годом раньше'
            )
    end as evidence_ru,
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
            case
                when preset_names.suggested_value <> preset_names.value_before
                    then 'a year before another one was suggested'
                when preset_names.suggested_value is not null and preset_names.value_before is null
                    then 'a year before nobody had bought long enough for a class'
            end
        ),
        ''
    ) as warning,
    nullif(
        concat_ws(
            '; ',
            case when settings.history_months < settings.least_months
                then concat('в истории только ', cast(settings.history_months as text), ' мес.')
            end,
            case when preset_names.suggested_value = 'quantile'
                then 'ни один набор ничего не говорит: трети есть всегда'
            end,
            case
                when preset_names.suggested_value <> preset_names.value_before
                    then 'годом раньше подсказывался другой'
                when preset_names.suggested_value is not null and preset_names.value_before is null
                    then 'годом раньше никто не покупал достаточно долго для класса'
            end
        ),
        ''
    ) as warning_ru
from settings
cross join preset_names
