-- One row per months of silence, cohort and age in months: size, buyers and survival of the cohort
-- gross, with every id of the sales a client of its own, and net of confirmed links.
-- grain:  lost_after_months, cohort_month, age
-- reads:  churn_cohorts[all], cohort_retention[all], link_end_month[all],
--     linked_client_events[all]
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cohort_month date not null -- Month of the first purchase
-- column: age bigint not null -- Months from cohort_month on, 0 in the cohort month itself
-- column: cohort_size_gross bigint not null -- Ids that first bought in cohort_month
-- column: cohort_size_net bigint not null -- Clients that first bought in cohort_month
-- column: buyers_gross bigint not null -- Ids of the cohort with a purchase at that age
-- column: buyers_net bigint not null -- Clients of the cohort with a purchase at that age
-- column: retention_gross double -- buyers_gross divided by cohort_size_gross
-- column: retention_net double -- buyers_net divided by cohort_size_net; null without clients
-- column: surviving_gross bigint not null -- Ids of the cohort never lost up to that age
-- column: surviving_net bigint not null -- Clients of the cohort never lost up to that age
-- column: survival_gross double -- surviving_gross divided by cohort_size_gross
-- column: survival_net double -- surviving_net divided by cohort_size_net; null without clients
-- column: is_partial boolean not null -- The month at that age is not finished at the as-of date
with months as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        bool_or(is_partial) as is_partial
    from churn_cohorts
    group by month
),

-- Every id and client of a link, in every month from its first purchase on.
members as (
    select
        level,
        client_id,
        lost_after_months,
        first_month_number,
        min(case when is_first_loss then month_number end) as first_loss_month_number
    from linked_client_events
    group by level, client_id, lost_after_months, first_month_number
),

buyers as (
    select
        'gross' as level,
        source_client_id as client_id,
        month
    from link_end_month
    where is_buyer
    union all
    select
        'net' as level,
        client_id,
        month
    from link_end_month
    where is_buyer
    group by client_id, month
),

member_months as (
    select
        members.lost_after_months,
        members.first_month_number,
        months.month,
        sum(case when members.level = 'gross' then 1 else -1 end) as clients,
        sum(
            case
                when members.first_loss_month_number <= months.month_number then 0
                when members.level = 'gross' then 1
                else -1
            end
        ) as surviving,
        sum(
            case
                when buyers.client_id is null then 0
                when members.level = 'gross' then 1
                else -1
            end
        ) as buyers
    from members
    inner join months
        on members.first_month_number <= months.month_number
    left join buyers
        on members.level = buyers.level
        and members.client_id = buyers.client_id
        and months.month = buyers.month
    group by members.lost_after_months, members.first_month_number, months.month
),

-- A cohort of which every client is the successor of another is there gross only.
both as (
    select
        lost_after_months,
        cohort_month,
        month,
        cohort_size,
        at_risk - lost as surviving,
        0 as more_clients,
        0 as more_surviving,
        0 as more_buyers
    from churn_cohorts
    union all
    select
        lost_after_months,
        make_date(
            cast(first_month_number / 12 as int), cast(first_month_number % 12 + 1 as int), 1
        ) as cohort_month,
        month,
        0 as cohort_size,
        0 as surviving,
        clients as more_clients,
        surviving as more_surviving,
        buyers as more_buyers
    from member_months
),

summed as (
    select
        lost_after_months,
        cohort_month,
        month,
        sum(cohort_size) as cohort_size_net,
        sum(surviving) as surviving_net,
        sum(cohort_size + more_clients) as cohort_size_gross,
        sum(surviving + more_surviving) as surviving_gross,
        sum(more_buyers) as more_buyers
    from both
    group by lost_after_months, cohort_month, month
)

select
    summed.lost_after_months,
    summed.cohort_month,
    cast(
        date_part('year', summed.month) * 12 + date_part('month', summed.month)
        - date_part('year', summed.cohort_month) * 12 - date_part('month', summed.cohort_month)
        as bigint
    ) as age,
    summed.cohort_size_gross,
    summed.cohort_size_net,
    coalesce(cohort_retention.clients, 0) + summed.more_buyers as buyers_gross,
    coalesce(cohort_retention.clients, 0) as buyers_net,
    cast(coalesce(cohort_retention.clients, 0) + summed.more_buyers as double)
        / nullif(summed.cohort_size_gross, 0) as retention_gross,
    cast(cohort_retention.clients as double) / nullif(summed.cohort_size_net, 0) as retention_net,
    summed.surviving_gross,
    summed.surviving_net,
    cast(summed.surviving_gross as double) / nullif(summed.cohort_size_gross, 0) as survival_gross,
    cast(summed.surviving_net as double) / nullif(summed.cohort_size_net, 0) as survival_net,
    months.is_partial
from summed
inner join months
    on summed.month = months.month
left join cohort_retention
    on summed.cohort_month = cohort_retention.cohort_month
    and summed.month = cohort_retention.month
