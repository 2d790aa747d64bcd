-- The scenario of winning back, one row per step: from the clients that are lost to the revenue,
-- profit and cost if some of those who may be called came back.
-- grain:  step_number
-- reads:  segment_money[all], lost_pool[all], costs[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  whatif_win_back_share decimal(9,6)
-- param:  whatif_cost_per_contact decimal(28,6)
-- param:  whatif_contacts_per_client decimal(9,6)
-- column: step_number bigint not null -- Place of the step
-- column: step text not null -- Name of the step
-- column: unit text not null -- clients, purchases, money, share, months or contacts
-- column: how text not null -- Where the value comes from, or from which steps it is computed
-- column: value decimal(28,6) -- Value; null where what it needs is not known
-- column: how_ru text not null -- The same as how, in Russian
-- column: state text not null -- computed, or nobody_to_call
with settings as (
    select
        cast($whatif_win_back_share as decimal(9, 6)) as win_back_share,
        cast($whatif_cost_per_contact as decimal(28, 6)) as cost_per_contact,
        cast($whatif_contacts_per_client as decimal(9, 6)) as contacts_per_client,
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

pool as (
    select
        count(*) as lost_pool,
        coalesce(sum(case when lost_pool.is_closed then 1 else 0 end), 0) as closed,
        coalesce(
            sum(case when not lost_pool.is_closed and lost_pool.do_not_contact then 1 else 0 end), 0
        ) as do_not_contact,
        coalesce(
            sum(
                case
                    when
                        not lost_pool.is_closed
                        and not lost_pool.do_not_contact
                        and lost_pool.purchases = 1
                        then 1
                    else 0
                end
            ),
            0
        ) as one_off,
        coalesce(
            sum(
                case
                    when
                        not lost_pool.is_closed
                        and not lost_pool.do_not_contact
                        and lost_pool.purchases > 1
                        then lost_pool.revenue_12m_before
                    else 0
                end
            ),
            0
        ) as list_revenue
    from settings
    inner join lost_pool
        on settings.lost_after_months = lost_pool.lost_after_months
),

contact_costs as (
    select
        sum(costs.amount) as contact_cost,
        sum(costs.contacts) as contacts
    from settings
    inner join costs
        on costs.month <= settings.last_month
        and costs.month > cast(settings.last_month - interval '12 months' as date)
    where costs.kind = 'contact' and costs.contacts > 0
),

list_inputs as (
    select
        pool.lost_pool,
        pool.closed,
        pool.do_not_contact,
        pool.one_off,
        pool.list_revenue,
        settings.win_back_share,
        settings.contacts_per_client,
        contact_costs.contact_cost,
        contact_costs.contacts,
        settings.cost_per_contact as default_cost,
        segments.revenue_12m,
        segments.profit_12m
    from settings
    cross join segments
    cross join pool
    cross join contact_costs
),

list_steps_1 as (
    select
        cast(lost_pool as decimal(28, 6)) as s1,
        cast(closed as decimal(28, 6)) as s2,
        cast(do_not_contact as decimal(28, 6)) as s3,
        cast(one_off as decimal(28, 6)) as s4,
        cast(list_revenue as decimal(28, 6)) as s6,
        cast(win_back_share as decimal(28, 6)) as s8,
        cast(cast(profit_12m as double) / nullif(cast(revenue_12m as double), 0) as decimal(28, 6))
            as s11,
        cast(contacts_per_client as decimal(28, 6)) as s13,
        coalesce(
            cast(
                cast(contact_cost as double) / nullif(cast(contacts as double), 0)
                as decimal(28, 6)
            ),
            cast(default_cost as decimal(28, 6))
        ) as s14
    from list_inputs
),

list_steps_2 as (
    select
        s1,
        s2,
        s3,
        s4,
        s6,
        s8,
        s11,
        s13,
        s14,
        cast(s1 - s2 - s3 - s4 as decimal(28, 6)) as s5
    from list_steps_1
),

list_steps_3 as (
    select
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s8,
        s11,
        s13,
        s14,
        cast(cast(s6 as double) / nullif(cast(s5 as double), 0) as decimal(28, 6)) as s7,
        cast(s5 * s8 as decimal(28, 6)) as s9,
        cast(s5 * s13 * s14 as decimal(28, 6)) as s15
    from list_steps_2
),

list_steps_4 as (
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
        s11,
        s13,
        s14,
        s15,
        cast(s9 * s7 as decimal(28, 6)) as s10,
        cast(cast(s15 as double) / nullif(cast(s9 as double), 0) as decimal(28, 6)) as s17
    from list_steps_3
),

list_steps_5 as (
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
        s13,
        s14,
        s15,
        s17,
        cast(s10 * s11 as decimal(28, 6)) as s12
    from list_steps_4
),

list_steps as (
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
        s17,
        cast(s12 - s15 as decimal(28, 6)) as s16
    from list_steps_5
),

step_values as (
    select
        case when s5 = 0 then 'nobody_to_call' else 'computed' end as state,
        unnest(range(1, 18)) as step_number,
        unnest(
            make_array(
                s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
                s16, s17
            )
        ) as value
    from list_steps
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
        1, 'lost_clients', 'clients',
        'clients lost on the as-of date, by the smallest of churn.lost_after_months',
        'клиенты, потерянные на дату расчёта, по наименьшему из churn.lost_after_months'
    ),
    (2, 'closed', 'clients', 'of them closed down', 'из них закрылись'),
    (
        3, 'do_not_contact', 'clients',
        'of the others, not to be contacted', 'из остальных — не беспокоить'
    ),
    (
        4, 'one_off', 'clients',
        'of the others, with one purchase', 'из остальных — с одной покупкой'
    ),
    (
        5, 'lost_and_callable', 'clients',
        'step 1 - step 2 - step 3 - step 4; winback_list leaves out more, and has dozing ones',
        'шаг 1 - шаг 2 - шаг 3 - шаг 4; в winback_list исключено больше, и в нём есть дремлющие'
    ),
    (
        6, 'lost_and_callable_revenue', 'money',
        'revenue of step 5 in the 12 months before they fell silent',
        'выручка клиентов шага 5 за 12 месяцев до их молчания'
    ),
    (7, 'revenue_per_client', 'money', 'step 6 / step 5', 'шаг 6 / шаг 5'),
    (
        8, 'win_back_share', 'share',
        'setting whatif.win_back_share', 'настройка whatif.win_back_share'
    ),
    (9, 'clients_won_back', 'clients', 'step 5 * step 8', 'шаг 5 * шаг 8'),
    (10, 'added_revenue', 'money', 'step 9 * step 7', 'шаг 9 * шаг 7'),
    (
        11, 'margin', 'share',
        'profit / revenue of all clients in the 12 months',
        'прибыль / выручка всех клиентов за 12 месяцев'
    ),
    (12, 'added_profit_before_cost', 'money', 'step 10 * step 11', 'шаг 10 * шаг 11'),
    (
        13, 'contacts_per_client', 'contacts',
        'setting whatif.contacts_per_client', 'настройка whatif.contacts_per_client'
    ),
    (
        14, 'cost_per_contact', 'money',
        'costs of kind contact / their contacts in the 12 months; without them the setting',
        'затраты вида contact / их контакты за 12 месяцев; без них — настройка'
    ),
    (15, 'cost', 'money', 'step 5 * step 13 * step 14', 'шаг 5 * шаг 13 * шаг 14'),
    (16, 'added_profit', 'money', 'step 12 - step 15', 'шаг 12 - шаг 15'),
    (17, 'cost_per_client_won_back', 'money', 'step 15 / step 9', 'шаг 15 / шаг 9')
) as steps (step_number, step, unit, how, how_ru)
inner join step_values
    on steps.step_number = step_values.step_number
