-- One row per level, period, months of silence, cut and value of the cut: the stock and the
-- movements of the clients of confirmed links, by the rules of churn, under their own ids (gross)
-- and as the canonical clients (net).
-- grain:  level, period_kind, period, lost_after_months, cut, cut_value
-- reads:  link_end_month[all], churn[all]
-- param:  churn_lost_after_months bigint[]
-- column: level text not null -- gross or net
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the last purchase, 'all' for all
-- column: clients_start bigint not null -- Clients not lost before the period
-- column: new bigint not null -- Clients with their first purchase in the period
-- column: returned bigint not null -- Returns of lost clients in the period
-- column: lost bigint not null -- Losses in the period
-- column: lost_of_start bigint not null -- Losses of clients_start: the client had come before the
--     period
-- column: clients_end bigint not null -- Clients not lost at the end of the period
with last_month as (
    select
        max(cast(date_part('year', period) * 12 + date_part('month', period) - 1 as bigint))
            as month_number
    from churn
    where period_kind = 'month'
),

purchases as (
    select
        'gross' as level,
        source_client_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        manager,
        department,
        branch,
        region,
        channel
    from link_end_month
    where is_buyer
    union all
    select
        'net' as level,
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        manager,
        department,
        branch,
        region,
        channel
    from link_end_month
    where is_last_buyer
),

neighbours as (
    select
        level,
        client_id,
        month_number,
        manager,
        department,
        branch,
        region,
        channel,
        lag(month_number) over (partition by level, client_id order by month_number)
            as previous_month_number,
        lead(month_number) over (partition by level, client_id order by month_number)
            as next_month_number
    from purchases
),

by_rule as (
    select
        level,
        client_id,
        month_number,
        manager,
        department,
        branch,
        region,
        channel,
        previous_month_number,
        next_month_number,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from neighbours
),

-- A stay begins with the first purchase or a return, and ends with the loss.
stays as (
    select
        level,
        month_number,
        manager,
        department,
        branch,
        region,
        channel,
        next_month_number,
        lost_after_months,
        max(
            case
                when
                    previous_month_number is null
                    or month_number > previous_month_number + lost_after_months
                    then month_number
            end
        ) over client_events as came_month_number,
        min(month_number) over client_events as first_month_number
    from by_rule
    window client_events as (
        partition by level, client_id, lost_after_months order by month_number
    )
),

-- A purchase speaks for every month until the next one or the loss.
stay_months as (
    select
        stays.level,
        stays.month_number as purchase_month_number,
        stays.manager,
        stays.department,
        stays.branch,
        stays.region,
        stays.channel,
        stays.lost_after_months,
        stays.came_month_number,
        stays.came_month_number = stays.first_month_number as is_new,
        last_month.month_number as last_month_number,
        unnest(
            range(
                stays.month_number,
                least(
                    coalesce(stays.next_month_number, last_month.month_number + 1),
                    stays.month_number + stays.lost_after_months + 1,
                    last_month.month_number + 1
                )
            )
        ) as month_number
    from last_month
    cross join stays
),

counted_months as (
    select
        level,
        manager,
        department,
        branch,
        region,
        channel,
        lost_after_months,
        came_month_number,
        is_new,
        month_number,
        month_number = purchase_month_number + lost_after_months as is_lost,
        month_number = last_month_number as is_last,
        count(*) as clients
    from stay_months
    group by
        level, manager, department, branch, region, channel, lost_after_months,
        came_month_number, is_new, month_number,
        month_number = purchase_month_number + lost_after_months,
        month_number = last_month_number
),

-- A stay counts in a period in which it is lost, and at the end of the others.
period_months as (
    select
        level,
        manager,
        department,
        branch,
        region,
        channel,
        lost_after_months,
        came_month_number,
        is_new,
        is_lost,
        clients,
        'month' as period_kind,
        month_number as period_number
    from counted_months
    union all
    select
        level,
        manager,
        department,
        branch,
        region,
        channel,
        lost_after_months,
        came_month_number,
        is_new,
        is_lost,
        clients,
        'quarter' as period_kind,
        month_number - month_number % 3 as period_number
    from counted_months
    where is_lost or is_last or month_number % 3 = 2
    union all
    select
        level,
        manager,
        department,
        branch,
        region,
        channel,
        lost_after_months,
        came_month_number,
        is_new,
        is_lost,
        clients,
        'year' as period_kind,
        month_number - month_number % 12 as period_number
    from counted_months
    where is_lost or is_last or month_number % 12 = 11
),

cut_months as (
    select
        level,
        cut,
        case
            when cut = 'channel' then channel
            when cut = 'region' then region
            when cut = 'department' then department
            when cut = 'branch' then branch
            when cut = 'manager' then manager
            else 'all'
        end as cut_value,
        lost_after_months,
        came_month_number >= period_number as has_come,
        is_new,
        is_lost,
        clients,
        period_kind,
        period_number
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
    ) as cuts (cut)
    cross join period_months
)

select
    level,
    period_kind,
    make_date(cast(period_number / 12 as int), cast(period_number % 12 + 1 as int), 1) as period,
    lost_after_months,
    cut,
    cut_value,
    sum(case when not has_come then clients else 0 end) as clients_start,
    sum(case when has_come and is_new then clients else 0 end) as new,
    sum(case when has_come and not is_new then clients else 0 end) as returned,
    sum(case when is_lost then clients else 0 end) as lost,
    sum(case when is_lost and not has_come then clients else 0 end) as lost_of_start,
    sum(case when not is_lost then clients else 0 end) as clients_end
from cut_months
group by level, period_kind, period_number, lost_after_months, cut, cut_value
