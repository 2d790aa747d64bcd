-- One row per month and target segment with clients at its end or at that of the month before: how
-- many they are, how many came and went, and what they bought.
-- grain:  month, segment
-- reads:  segment_members[-1..0], segment_changes[0], client_state[0], client_revenue_12m[0]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: segment text not null -- Target segment
-- column: clients_before bigint not null -- Clients in it at the end of the month before
-- column: clients_entered bigint not null -- Clients who are in it now and were not
-- column: clients_left bigint not null -- Clients who were in it and are not now
-- column: clients bigint not null -- Clients in it at the end of the month
-- column: share_of_clients double -- Part of all clients who have ever bought; null while nobody
--     has
-- column: revenue_12m decimal(28,4) not null -- Revenue net of returns of its clients in the 12
--     months ending with the month
-- column: share_of_revenue double -- Part of the revenue of all clients in these months; null when
--     that is not above zero
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with counts as (
    select
        segment_members.month,
        segment_members.segment,
        0 as clients_before,
        0 as clients_entered,
        0 as clients_left,
        count(*) as clients,
        sum(client_revenue_12m.revenue_12m) as revenue_12m
    from segment_members
    left join client_revenue_12m
        on segment_members.month = client_revenue_12m.month
        and segment_members.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month between $first_month and $last_month
    where segment_members.month between $first_month and $last_month
    group by segment_members.month, segment_members.segment
    union all
    select
        cast(month + interval '1 month' as date) as month,
        segment,
        count(*) as clients_before,
        0 as clients_entered,
        0 as clients_left,
        0 as clients,
        null as revenue_12m
    from segment_members
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    group by month, segment
    union all
    select
        month,
        segment,
        0 as clients_before,
        sum(case when change = 'entered' then 1 else 0 end) as clients_entered,
        sum(case when change = 'left' then 1 else 0 end) as clients_left,
        0 as clients,
        null as revenue_12m
    from segment_changes
    where month between $first_month and $last_month
    group by month, segment
),

segment_months as (
    select
        month,
        segment,
        sum(clients_before) as clients_before,
        sum(clients_entered) as clients_entered,
        sum(clients_left) as clients_left,
        sum(clients) as clients,
        coalesce(sum(revenue_12m), 0) as revenue_12m
    from counts
    group by month, segment
),

base as (
    select
        month,
        count(*) as clients
    from client_state
    where month between $first_month and $last_month
    group by month
),

money as (
    select
        month,
        sum(revenue_12m) as revenue_12m
    from client_revenue_12m
    where month between $first_month and $last_month
    group by month
)

select
    segment_months.month,
    segment_months.segment,
    segment_months.clients_before,
    segment_months.clients_entered,
    segment_months.clients_left,
    segment_months.clients,
    cast(segment_months.clients as double) / base.clients as share_of_clients,
    cast(segment_months.revenue_12m as decimal(28, 4)) as revenue_12m,
    case
        when money.revenue_12m > 0
            then cast(segment_months.revenue_12m as double) / cast(money.revenue_12m as double)
    end as share_of_revenue,
    segment_months.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from segment_months
left join base
    on segment_months.month = base.month
left join money
    on segment_months.month = money.month
