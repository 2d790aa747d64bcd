-- The scenario of fewer lost clients, one row per step: from the churn of the last 12 finished
-- months to the revenue and profit if it were lower.
-- grain:  step_number
-- reads:  segment_money[all], churn_month[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  whatif_churn_points decimal(9,6)
-- column: step_number bigint not null -- Place of the step
-- column: step text not null -- Name of the step
-- column: unit text not null -- clients, purchases, money, share, months or contacts
-- column: how text not null -- Where the value comes from, or from which steps it is computed
-- column: value decimal(28,6) -- Value; null where what it needs is not known
-- column: how_ru text not null -- The same as how, in Russian
-- column: state text not null -- computed, no_clients, nobody_lost, or
--     held_at_zero: the rate is below churn_points, and cannot fall by so much
with settings as (
    select
        cast($whatif_churn_points as decimal(9, 6)) as churn_points,
        cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        ) as last_month,
        array_min(cast($churn_lost_after_months as bigint[])) as lost_after_months
),

segments as (
    select
        sum(revenue_12m) as revenue_12m,
        sum(profit_12m) as profit_12m
    from segment_money
),

months as (
    select
        coalesce(sum(churn_month.clients_start), 0) as clients_start,
        coalesce(sum(churn_month.lost), 0) as lost,
        coalesce(sum(churn_month.lost_revenue_12m), 0) as lost_revenue
    from settings
    inner join churn_month
        on churn_month.month <= settings.last_month
        and churn_month.month > cast(settings.last_month - interval '12 months' as date)
        and churn_month.lost_after_months = settings.lost_after_months
        and churn_month.cut = 'all'
),

churn_inputs as (
    select
        settings.lost_after_months,
        months.clients_start,
        months.lost,
        months.lost_revenue,
        settings.churn_points,
        segments.revenue_12m,
        segments.profit_12m
    from settings
    cross join segments
    cross join months
),

churn_steps_1 as (
    select
        cast(lost_after_months as decimal(28, 6)) as s1,
        cast(clients_start as decimal(28, 6)) as s2,
        cast(lost as decimal(28, 6)) as s3,
        cast(churn_points as decimal(28, 6)) as s5,
        cast(lost_revenue as decimal(28, 6)) as s9,
        cast(cast(profit_12m as double) / nullif(cast(revenue_12m as double), 0) as decimal(28, 6))
            as s12
    from churn_inputs
),

churn_steps_2 as (
    select
        s1,
        s2,
        s3,
        s5,
        s9,
        s12,
        cast(cast(s3 as double) / nullif(cast(s2 as double), 0) as decimal(28, 6)) as s4,
        cast(cast(s9 as double) / nullif(cast(s3 as double), 0) as decimal(28, 6)) as s10
    from churn_steps_1
),

churn_steps_3 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s9,
        s10,
        s12,
        cast(case when s4 > s5 then s4 - s5 else 0 end as decimal(28, 6)) as s6
    from churn_steps_2
),

churn_steps_4 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s9,
        s10,
        s12,
        cast(s2 * s6 as decimal(28, 6)) as s7
    from churn_steps_3
),

churn_steps_5 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s9,
        s10,
        s12,
        cast(s3 - s7 as decimal(28, 6)) as s8
    from churn_steps_4
),

churn_steps_6 as (
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
        s12,
        cast(s8 * s10 as decimal(28, 6)) as s11
    from churn_steps_5
),

churn_steps as (
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
        cast(s11 * s12 as decimal(28, 6)) as s13
    from churn_steps_6
),

step_values as (
    select
        case
            when s2 = 0 then 'no_clients'
            when s3 = 0 then 'nobody_lost'
            when s4 < s5 then 'held_at_zero'
            else 'computed'
        end as state,
        unnest(range(1, 14)) as step_number,
        unnest(
            make_array(
                s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13
            )
        ) as value
    from churn_steps
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
        1, 'lost_after_months', 'months',
        'smallest of churn.lost_after_months', 'наименьшее из churn.lost_after_months'
    ),
    (
        2, 'clients_at_start', 'clients',
        'clients at the start of each of the last 12 finished months, added up',
        'клиенты на начало каждого из последних 12 законченных месяцев, суммой'
    ),
    (
        3, 'lost_clients', 'clients',
        'clients lost in the 12 months', 'клиенты, потерянные за 12 месяцев'
    ),
    (4, 'monthly_churn', 'share', 'step 3 / step 2', 'шаг 3 / шаг 2'),
    (5, 'churn_points', 'share', 'setting whatif.churn_points', 'настройка whatif.churn_points'),
    (
        6, 'monthly_churn_then', 'share',
        'step 4 - step 5, not below 0', 'шаг 4 - шаг 5, не меньше 0'
    ),
    (7, 'lost_clients_then', 'clients', 'step 2 * step 6', 'шаг 2 * шаг 6'),
    (8, 'clients_kept', 'clients', 'step 3 - step 7', 'шаг 3 - шаг 7'),
    (
        9, 'lost_revenue', 'money',
        'revenue of step 3 in the 12 months before they fell silent',
        'выручка клиентов шага 3 за 12 месяцев до их молчания'
    ),
    (10, 'revenue_per_lost_client', 'money', 'step 9 / step 3', 'шаг 9 / шаг 3'),
    (11, 'added_revenue', 'money', 'step 8 * step 10', 'шаг 8 * шаг 10'),
    (
        12, 'margin', 'share',
        'profit / revenue of all clients in the 12 months',
        'прибыль / выручка всех клиентов за 12 месяцев'
    ),
    (13, 'added_profit', 'money', 'step 11 * step 12', 'шаг 11 * шаг 12')
) as steps (step_number, step, unit, how, how_ru)
inner join step_values
    on steps.step_number = step_values.step_number
