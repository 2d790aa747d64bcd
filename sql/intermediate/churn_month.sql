-- One row per month, months of silence, cut and value of the cut: the stock of clients, its
-- movements and the pool of lost clients.
-- grain:  month, lost_after_months, cut, cut_value
-- reads:  churn_month[-1], client_cuts[0-max(churn_lost_after_months)..0], lost_clients[..0],
--     returned_clients[0]
-- param:  churn_lost_after_months bigint[]
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch, manager,
--     first_category, segment or abc
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: clients_start bigint not null -- Clients not lost at the end of the month before, in the
--     cut where they stand at the end of this month
-- column: new bigint not null -- Clients with their first purchase in the month
-- column: new_left_censored bigint not null -- Those of them who may be older than the history
-- column: returned bigint not null -- Lost clients who bought again, in the cut of that purchase
-- column: lost bigint not null -- Clients lost in the month, in the cut of their last purchase
-- column: clients_end bigint not null -- Clients not lost at the end of the month
-- column: moved_in bigint not null -- Clients of clients_start who came from another value by
--     buying
-- column: moved_out bigint not null -- Clients who left for another value of clients_start by
--     buying
-- column: lost_pool_start bigint not null -- Clients lost at the end of the month before, in the
--     cut
--     where they stand at the end of this month
-- column: lost_revenue_12m decimal(28,4) not null -- Revenue of the lost in the 12 months ending
--     with the month of their last purchase
-- column: lost_profit_12m decimal(28,4) -- Profit of the lost in these months, as far as costs are
--     known; null when nobody with a known cost is lost
with cut_months as (
    select
        month,
        client_id,
        previous_purchase_month,
        cast(
            date_part('year', month) * 12 + date_part('month', month)
            - date_part('year', previous_purchase_month) * 12
            - date_part('month', previous_purchase_month)
            as bigint
        ) as months_since_previous_purchase,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        previous_purchase_month is null as is_new
    from client_cuts
    where
        month >= make_date(
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) / 12,
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) % 12 + 1,
            1
        )
        and month <= $last_month
),

-- A client who returns leaves the pool in the cuts where it was lost.
events as (
    select
        month,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        1 as new,
        0 as lost,
        0 as returned,
        0 as returned_from,
        cast(null as decimal(28, 4)) as revenue_12m,
        cast(null as decimal(28, 4)) as profit_12m
    from cut_months
    where month between $first_month and $last_month and is_new
    union all
    select
        month,
        lost_after_months,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        0 as new,
        1 as lost,
        0 as returned,
        0 as returned_from,
        revenue_12m_before as revenue_12m,
        profit_12m_before as profit_12m
    from lost_clients
    where month between $first_month and $last_month
    union all
    select
        month,
        lost_after_months,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        0 as new,
        0 as lost,
        1 as returned,
        0 as returned_from,
        cast(null as decimal(28, 4)) as revenue_12m,
        cast(null as decimal(28, 4)) as profit_12m
    from returned_clients
    where month between $first_month and $last_month
    union all
    select
        returned_clients.month,
        returned_clients.lost_after_months,
        lost_clients.channel,
        lost_clients.region,
        lost_clients.department,
        lost_clients.branch,
        lost_clients.manager,
        lost_clients.first_category,
        lost_clients.segment,
        lost_clients.abc,
        0 as new,
        0 as lost,
        0 as returned,
        1 as returned_from,
        cast(null as decimal(28, 4)) as revenue_12m,
        cast(null as decimal(28, 4)) as profit_12m
    from returned_clients
    inner join lost_clients
        on returned_clients.client_id = lost_clients.client_id
        and returned_clients.lost_after_months = lost_clients.lost_after_months
        and returned_clients.lost_month = lost_clients.month
        and lost_clients.month <= $last_month
    where returned_clients.month between $first_month and $last_month
),

events_by_cut as (
    select
        month,
        lost_after_months,
        unnest(
            make_array(
                'all', 'channel', 'region', 'department', 'branch', 'manager', 'first_category',
                'segment', 'abc'
            )
        ) as cut,
        unnest(
            make_array(
                'all', channel, region, department, branch, manager, first_category, segment, abc
            )
        ) as cut_value,
        new,
        lost,
        returned,
        returned_from,
        revenue_12m,
        profit_12m
    from events
),

-- Of clients who bought and were no new clients, only those that moved matter.
moves as (
    select
        month,
        months_since_previous_purchase,
        move,
        count(*) as clients
    from (
        select
            buyers.month,
            buyers.months_since_previous_purchase,
            unnest(
                array_compact(make_array(
                    case
                        when buyers.channel <> before.channel
                            then concat(
                                'channel', chr(31),
                                replace(before.channel, chr(31), ' '), chr(31),
                                replace(buyers.channel, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.region <> before.region
                            then concat(
                                'region', chr(31),
                                replace(before.region, chr(31), ' '), chr(31),
                                replace(buyers.region, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.department <> before.department
                            then concat(
                                'department', chr(31),
                                replace(before.department, chr(31), ' '), chr(31),
                                replace(buyers.department, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.branch <> before.branch
                            then concat(
                                'branch', chr(31),
                                replace(before.branch, chr(31), ' '), chr(31),
                                replace(buyers.branch, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.manager <> before.manager
                            then concat(
                                'manager', chr(31),
                                replace(before.manager, chr(31), ' '), chr(31),
                                replace(buyers.manager, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.segment <> before.segment
                            then concat(
                                'segment', chr(31),
                                replace(before.segment, chr(31), ' '), chr(31),
                                replace(buyers.segment, chr(31), ' ')
                            )
                    end,
                    case
                        when buyers.abc <> before.abc
                            then concat(
                                'abc', chr(31),
                                replace(before.abc, chr(31), ' '), chr(31),
                                replace(buyers.abc, chr(31), ' ')
                            )
                    end
                ))
            ) as move
        from cut_months as buyers
        inner join cut_months as before
            on buyers.client_id = before.client_id
            and buyers.previous_purchase_month = before.month
        where buyers.month between $first_month and $last_month
    ) as client_moves
    group by month, months_since_previous_purchase, move
),

moves_by_rule as (
    select
        month,
        lost_after_months,
        split_part(move, chr(31), 1) as cut,
        split_part(move, chr(31), 2) as moved_from,
        split_part(move, chr(31), 3) as moved_to,
        clients
    from (
        select
            month,
            months_since_previous_purchase,
            move,
            clients,
            unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
        from moves
    ) as rules
    where months_since_previous_purchase <= lost_after_months
),

movements as (
    select
        month,
        lost_after_months,
        cut,
        cut_value,
        sum(new) as new,
        sum(lost) as lost,
        sum(returned) as returned,
        sum(returned_from) as returned_from,
        0 as moved_in,
        0 as moved_out,
        sum(revenue_12m) as revenue_12m,
        sum(profit_12m) as profit_12m
    from events_by_cut
    group by month, lost_after_months, cut, cut_value
    union all
    select
        month,
        lost_after_months,
        cut,
        unnest(make_array(moved_to, moved_from)) as cut_value,
        0 as new,
        0 as lost,
        0 as returned,
        0 as returned_from,
        unnest(make_array(clients, 0)) as moved_in,
        unnest(make_array(0, clients)) as moved_out,
        cast(null as decimal(38, 4)) as revenue_12m,
        cast(null as decimal(38, 4)) as profit_12m
    from moves_by_rule
),

-- The stock is that of the month before with what happened in the month; all other clients stand
-- where they stood and are not counted anew. So a change lasts to the end of the range, and what
-- stood before the range from its first month.
changes as (
    select
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as changed_number,
        lost_after_months,
        cut,
        cut_value,
        new,
        lost,
        returned,
        moved_in,
        moved_out,
        revenue_12m,
        profit_12m,
        new + returned - lost + moved_in - moved_out as clients_change,
        lost - returned_from as pool_change
    from movements
    union all
    select
        cast(date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1 as bigint)
            as changed_number,
        lost_after_months,
        cut,
        cut_value,
        0 as new,
        0 as lost,
        0 as returned,
        0 as moved_in,
        0 as moved_out,
        cast(null as decimal(38, 4)) as revenue_12m,
        cast(null as decimal(38, 4)) as profit_12m,
        clients_end as clients_change,
        lost_pool_start + lost - returned as pool_change
    from churn_month
    where month = cast($first_month as date) - interval '1 month'
),

changes_by_month as (
    select
        unnest(
            range(
                changed_number,
                cast(
                    date_part('year', $last_month) * 12 + date_part('month', $last_month)
                    as bigint
                )
            )
        ) as month_number,
        changed_number,
        lost_after_months,
        cut,
        cut_value,
        new,
        lost,
        returned,
        moved_in,
        moved_out,
        revenue_12m,
        profit_12m,
        clients_change,
        pool_change
    from changes
),

stocks as (
    select
        month_number,
        lost_after_months,
        cut,
        cut_value,
        sum(case when month_number = changed_number then new else 0 end) as new,
        sum(case when month_number = changed_number then lost else 0 end) as lost,
        sum(case when month_number = changed_number then returned else 0 end) as returned,
        sum(case when month_number = changed_number then moved_in else 0 end) as moved_in,
        sum(case when month_number = changed_number then moved_out else 0 end) as moved_out,
        sum(case when month_number = changed_number then revenue_12m end) as lost_revenue_12m,
        sum(case when month_number = changed_number then profit_12m end) as lost_profit_12m,
        sum(clients_change) as clients_end,
        sum(pool_change) as pool_end
    from changes_by_month
    group by month_number, lost_after_months, cut, cut_value
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    lost_after_months,
    cut,
    cut_value,
    clients_end - new - returned + lost as clients_start,
    new,
    case
        when
            month_number + 1
            - date_part('year', $history_first_month) * 12
            - date_part('month', $history_first_month)
            < $history_burn_in_months
            then new
        else 0
    end as new_left_censored,
    returned,
    lost,
    clients_end,
    moved_in,
    moved_out,
    pool_end - lost + returned as lost_pool_start,
    cast(coalesce(lost_revenue_12m, 0) as decimal(28, 4)) as lost_revenue_12m,
    cast(lost_profit_12m as decimal(28, 4)) as lost_profit_12m
from stocks
where clients_end <> 0 or pool_end <> 0 or moved_out <> 0
