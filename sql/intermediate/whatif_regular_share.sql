-- The scenario of more regular clients, one row per step: from the counts of today to the revenue
-- and profit if their share were the one of the settings.
-- grain:  step_number
-- reads:  segment_money[all]
-- param:  whatif_regular_share decimal(9,6)
-- column: step_number bigint not null -- Place of the step
-- column: step text not null -- Name of the step
-- column: unit text not null -- clients, purchases, money, share, months or contacts
-- column: how text not null -- Where the value comes from, or from which steps it is computed
-- column: value decimal(28,6) -- Value; null where what it needs is not known
-- column: how_ru text not null -- The same as how, in Russian
-- column: state text not null -- computed, no_clients, or target_reached: the
--     share is there already, so there is nothing to add
with segments as (
    select
        sum(case when count_segment = 'new' then clients end) as new_clients,
        sum(case when count_segment = 'prospective' then clients end) as prospective_clients,
        sum(case when count_segment = 'regular' then clients end) as regular_clients,
        sum(case when count_segment = 'regular' then active end) as regular_active,
        sum(case when count_segment = 'new' then purchases_12m end) as new_purchases,
        sum(case when count_segment = 'prospective' then purchases_12m end)
            as prospective_purchases,
        sum(case when count_segment = 'regular' then purchases_12m end) as regular_purchases,
        sum(revenue_12m) as revenue_12m,
        sum(profit_12m) as profit_12m
    from segment_money
),

regular_inputs as (
    select
        segments.new_clients,
        segments.prospective_clients,
        segments.regular_clients,
        segments.regular_active,
        segments.new_purchases,
        segments.prospective_purchases,
        segments.regular_purchases,
        segments.revenue_12m,
        segments.profit_12m,
        cast($whatif_regular_share as decimal(9, 6)) as target_share
    from segments
),

regular_steps_1 as (
    select
        profit_12m,
        cast(new_clients + prospective_clients + regular_clients as decimal(28, 6)) as s1,
        cast(new_clients as decimal(28, 6)) as s2,
        cast(prospective_clients as decimal(28, 6)) as s3,
        cast(regular_clients as decimal(28, 6)) as s4,
        cast(regular_active as decimal(28, 6)) as s5,
        cast(new_purchases as decimal(28, 6)) as s7,
        cast(prospective_purchases as decimal(28, 6)) as s8,
        cast(regular_purchases as decimal(28, 6)) as s9,
        cast(revenue_12m as decimal(28, 6)) as s12,
        cast(target_share as decimal(28, 6)) as s14
    from regular_inputs
),

regular_steps_2 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s7,
        s8,
        s9,
        s12,
        s14,
        cast(cast(s4 as double) / nullif(cast(s1 as double), 0) as decimal(28, 6)) as s6,
        cast(cast(s9 as double) / nullif(cast(s4 as double), 0) as decimal(28, 6)) as s10,
        cast(cast(s7 + s8 as double) / nullif(cast(s2 + s3 as double), 0) as decimal(28, 6)) as s11,
        cast(cast(s12 as double) / nullif(cast(s7 + s8 + s9 as double), 0) as decimal(28, 6))
            as s13,
        cast(ceil(s14 * s1) as decimal(28, 6)) as s15,
        cast(cast(profit_12m as double) / nullif(cast(s12 as double), 0) as decimal(28, 6)) as s20
    from regular_steps_1
),

regular_steps_3 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s8,
        s9,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s20,
        cast(case when s15 > s4 then s15 - s4 else 0 end as decimal(28, 6)) as s16
    from regular_steps_2
),

regular_steps_4 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s8,
        s9,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s16,
        s20,
        cast(s16 * (s10 - s11) as decimal(28, 6)) as s17
    from regular_steps_3
),

regular_steps_5 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s8,
        s9,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s16,
        s17,
        s20,
        cast(s17 * s13 as decimal(28, 6)) as s18
    from regular_steps_4
),

regular_steps as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s8,
        s9,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s16,
        s17,
        s18,
        s20,
        cast(s12 + s18 as decimal(28, 6)) as s19,
        cast(s18 * s20 as decimal(28, 6)) as s21
    from regular_steps_5
),

step_values as (
    select
        case
            when coalesce(s1, 0) = 0 then 'no_clients'
            when s15 <= s4 then 'target_reached'
            else 'computed'
        end as state,
        unnest(range(1, 22)) as step_number,
        unnest(
            make_array(
                s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
                s16, s17, s18, s19, s20, s21
            )
        ) as value
    from regular_steps
)

select
    step_values.step_number,
    steps.step,
    steps.unit,
    steps.how,
    step_values.value,
    steps.how_ru,
    step_values.state
from (
    values
    (
        1, 'clients', 'clients',
        'clients who have ever bought, at the end of the last finished month',
        'клиенты, покупавшие хоть раз, на конец последнего законченного месяца'
    ),
    (2, 'one_off_clients', 'clients', 'of them with one purchase', 'из них с одной покупкой'),
    (
        3, 'prospective_clients', 'clients',
        'of them with more purchases, but not regular', 'из них купившие не раз, но не постоянные'
    ),
    (4, 'regular_clients', 'clients', 'of them regular', 'из них постоянные'),
    (5, 'regular_active_clients', 'clients', 'of the regular, active', 'из постоянных — активные'),
    (6, 'regular_share', 'share', 'step 4 / step 1', 'шаг 4 / шаг 1'),
    (
        7, 'one_off_purchases', 'purchases',
        'purchase days of step 2 in the 12 months', 'дни с покупкой клиентов шага 2 за 12 месяцев'
    ),
    (
        8, 'prospective_purchases', 'purchases',
        'purchase days of step 3 in the 12 months', 'дни с покупкой клиентов шага 3 за 12 месяцев'
    ),
    (
        9, 'regular_purchases', 'purchases',
        'purchase days of step 4 in the 12 months', 'дни с покупкой клиентов шага 4 за 12 месяцев'
    ),
    (10, 'purchases_per_regular_client', 'purchases', 'step 9 / step 4', 'шаг 9 / шаг 4'),
    (
        11, 'purchases_per_other_client', 'purchases',
        '(step 7 + step 8) / (step 2 + step 3)', '(шаг 7 + шаг 8) / (шаг 2 + шаг 3)'
    ),
    (
        12, 'revenue_today', 'money',
        'their revenue net of returns in the 12 months',
        'их выручка за вычетом возвратов за 12 месяцев'
    ),
    (
        13, 'mean_ticket', 'money',
        'step 12 / (step 7 + step 8 + step 9)', 'шаг 12 / (шаг 7 + шаг 8 + шаг 9)'
    ),
    (14, 'target_share', 'share', 'setting whatif.regular_share', 'настройка whatif.regular_share'),
    (
        15, 'target_regular_clients', 'clients',
        'step 14 * step 1, rounded up', 'шаг 14 * шаг 1, округлено вверх'
    ),
    (
        16, 'clients_to_make_regular', 'clients',
        'step 15 - step 4, not below 0', 'шаг 15 - шаг 4, не меньше 0'
    ),
    (
        17, 'added_purchases', 'purchases',
        'step 16 * (step 10 - step 11)', 'шаг 16 * (шаг 10 - шаг 11)'
    ),
    (18, 'added_revenue', 'money', 'step 17 * step 13', 'шаг 17 * шаг 13'),
    (19, 'revenue_at_target', 'money', 'step 12 + step 18', 'шаг 12 + шаг 18'),
    (20, 'margin', 'share', 'profit in the 12 months / step 12', 'прибыль за 12 месяцев / шаг 12'),
    (21, 'added_profit', 'money', 'step 18 * step 20', 'шаг 18 * шаг 20')
) as steps (step_number, step, unit, how, how_ru)
inner join step_values
    on steps.step_number = step_values.step_number
