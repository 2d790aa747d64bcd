-- One row per month and step of the ladder from lead to advocate, all five every month: its clients
-- and how many of those who reached the step before went on to it.
-- grain:  month, step_number
-- reads:  client_lifecycle[0], client_revenue_12m[0], interactions[..0], canonical_client[all]
-- param:  as_of_date date
-- param:  ladder_advocate_score bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: step_number bigint not null -- 1 to 5
-- column: step text not null -- lead, one_off, repeat, regular or advocate
-- column: clients bigint not null -- Clients on the step at the end of the month, each on one
-- column: share_of_clients double -- Part of the clients on all five steps; null while there are
--     none
-- column: reached bigint not null -- Clients on this step and on those above
-- column: conversion double -- Reached divided by reached of the step before; null on the first
--     step and where nobody reached the step before
-- column: revenue_12m decimal(28,4) not null -- Their revenue net of returns in the 12 months
--     ending with the month
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with contacts as (
    select
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
        interactions.kind,
        interactions.month,
        interactions.interaction_date,
        interactions.score
    from interactions
    left join canonical_client
        on interactions.client_id = canonical_client.client_id
    where
        interactions.month <= $last_month
        and interactions.kind in ('inquiry', 'nps', 'referral')
),

first_contacts as (
    select client_id, kind, min(month) as month
    from contacts
    where kind in ('inquiry', 'referral')
    group by client_id, kind
),

-- The last answer of a month counts, of a day the lowest.
answers as (
    select
        client_id,
        month,
        10 - cast(
            split_part(
                max(
                    concat(
                        cast(interaction_date as text), '|', lpad(cast(10 - score as text), 2, '0')
                    )
                ),
                '|', 2
            ) as bigint
        ) as score
    from contacts
    where kind = 'nps' and score is not null
    group by client_id, month
),

answers_in_order as (
    select
        client_id,
        month,
        score,
        lead(month) over (partition by client_id order by month) as next_month
    from answers
),

-- What makes a lead or an advocate, and the months from which to which it holds.
signs as (
    select
        client_id,
        kind = 'inquiry' as is_inquiry,
        month as from_month,
        cast($last_month as date) as to_month
    from first_contacts
    union all
    select
        answers_in_order.client_id,
        false as is_inquiry,
        answers_in_order.month as from_month,
        coalesce(
            cast(answers_in_order.next_month - interval '1 month' as date),
            cast($last_month as date)
        ) as to_month
    from answers_in_order
    where answers_in_order.score >= $ladder_advocate_score
),

sign_months as (
    select
        client_id,
        is_inquiry,
        unnest(
            generate_series(
                greatest(from_month, cast($first_month as date)), to_month, interval '1 month'
            )
        ) as month
    from signs
    where to_month >= $first_month
),

signs_by_month as (
    select
        cast(month as date) as month,
        client_id,
        bool_or(is_inquiry) as has_asked,
        bool_or(not is_inquiry) as recommends
    from sign_months
    group by month, client_id
),

buyers as (
    select
        client_lifecycle.month,
        case client_lifecycle.count_segment
            when 'new' then 2
            when 'prospective' then 3
            else case when coalesce(signs_by_month.recommends, false) then 5 else 4 end
        end as step_number,
        client_revenue_12m.revenue_12m
    from client_lifecycle
    left join signs_by_month
        on client_lifecycle.month = signs_by_month.month
        and client_lifecycle.client_id = signs_by_month.client_id
    left join client_revenue_12m
        on client_lifecycle.month = client_revenue_12m.month
        and client_lifecycle.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month between $first_month and $last_month
    where client_lifecycle.month between $first_month and $last_month
),

leads as (
    select signs_by_month.month
    from signs_by_month
    left anti join client_lifecycle
        on signs_by_month.month = client_lifecycle.month
        and signs_by_month.client_id = client_lifecycle.client_id
    where signs_by_month.has_asked
),

counts as (
    select month, step_number, count(*) as clients, sum(revenue_12m) as revenue_12m
    from buyers
    group by month, step_number
    union all
    select month, 1 as step_number, count(*) as clients, 0 as revenue_12m
    from leads
    group by month
),

steps as (
    select
        cast(months.month as date) as month,
        steps.step_number,
        steps.step
    from (
        select
            unnest(
                generate_series(
                    cast($first_month as date), cast($last_month as date), interval '1 month'
                )
            ) as month
    ) as months
    cross join (
        values (1, 'lead'), (2, 'one_off'), (3, 'repeat'), (4, 'regular'), (5, 'advocate')
    ) as steps (step_number, step)
),

filled_steps as (
    select
        steps.month,
        steps.step_number,
        steps.step,
        coalesce(counts.clients, 0) as clients,
        coalesce(counts.revenue_12m, 0) as revenue_12m
    from steps
    left join counts
        on steps.month = counts.month
        and steps.step_number = counts.step_number
),

reached_steps as (
    select
        month,
        step_number,
        step,
        clients,
        revenue_12m,
        sum(clients) over (partition by month) as all_clients,
        sum(clients) over (partition by month order by step_number desc) as reached
    from filled_steps
)

select
    month,
    step_number,
    step,
    clients,
    cast(clients as double) / nullif(all_clients, 0) as share_of_clients,
    reached,
    cast(reached as double)
    / nullif(lag(reached) over (partition by month order by step_number), 0) as conversion,
    cast(revenue_12m as decimal(28, 4)) as revenue_12m,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from reached_steps
