-- One row per month, months of silence, cut and value of the cut: the stock of clients, its
-- movements and the pool of lost clients.
-- grain:  month, lost_after_months, cut, cut_value
-- reads:  client_state[0], client_class[0], lost_clients[0]
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
with silences as (
    -- Beyond the longest rule all silences are alike, which keeps the groups below few.
    select
        client_state.month,
        client_state.channel,
        client_state.region,
        client_state.department,
        client_state.branch,
        client_state.manager,
        client_class.first_category,
        client_class.segment,
        client_class.abc,
        nullif(client_state.previous_channel, client_state.channel) as channel_moved_from,
        nullif(client_state.previous_region, client_state.region) as region_moved_from,
        nullif(client_state.previous_department, client_state.department)
            as department_moved_from,
        nullif(client_state.previous_branch, client_state.branch) as branch_moved_from,
        nullif(client_state.previous_manager, client_state.manager) as manager_moved_from,
        nullif(client_class.previous_segment, client_class.segment) as segment_moved_from,
        nullif(client_class.previous_abc, client_class.abc) as abc_moved_from,
        least(
            client_state.months_since_last_purchase,
            array_max(cast($churn_lost_after_months as bigint[])) + 1
        ) as months_since_last_purchase,
        -- 0 stands for no purchase before this month: the client is new.
        least(
            coalesce(client_state.months_since_previous_purchase, 0),
            array_max(cast($churn_lost_after_months as bigint[])) + 1
        ) as months_since_previous_purchase
    from client_state
    inner join client_class
        on client_state.client_id = client_class.client_id
        and client_state.month = client_class.month
        and client_class.month between $first_month and $last_month
    where client_state.month between $first_month and $last_month
),

-- One group by a cut is far cheaper than grouping sets over all attributes.
clients_by_cut as (
    select
        month,
        'all' as cut,
        'all' as cut_value,
        cast(null as text) as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by month, months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'channel' as cut,
        channel as cut_value,
        channel_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, channel, channel_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'region' as cut,
        region as cut_value,
        region_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, region, region_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'department' as cut,
        department as cut_value,
        department_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, department, department_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'branch' as cut,
        branch as cut_value,
        branch_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, branch, branch_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'manager' as cut,
        manager as cut_value,
        manager_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, manager, manager_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'first_category' as cut,
        first_category as cut_value,
        cast(null as text) as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, first_category,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'segment' as cut,
        segment as cut_value,
        segment_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, segment, segment_moved_from,
        months_since_last_purchase, months_since_previous_purchase
    union all
    select
        month,
        'abc' as cut,
        abc as cut_value,
        abc_moved_from as moved_from,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month, abc, abc_moved_from,
        months_since_last_purchase, months_since_previous_purchase
),

-- A client who buys elsewhere than before counts in its new value, and once more in the value it
-- leaves, there as moved_out only.
client_rules as (
    select
        month,
        cut,
        cut_value,
        moved_from,
        side,
        months_since_last_purchase,
        months_since_previous_purchase,
        clients,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (values ('stays'), ('leaves')) as sides (side)
    cross join clients_by_cut
    where side = 'stays' or moved_from is not null
),

movements as (
    select
        month,
        lost_after_months,
        cut,
        case when side = 'stays' then cut_value else moved_from end as cut_value,
        side,
        moved_from is not null as is_moved,
        clients,
        months_since_previous_purchase = 0 as is_new,
        months_since_previous_purchase between 1 and lost_after_months as is_in_start,
        months_since_previous_purchase > lost_after_months as is_in_pool,
        months_since_last_purchase = 0 as is_buyer,
        months_since_last_purchase = lost_after_months as is_lost,
        months_since_last_purchase < lost_after_months as is_in_end
    from client_rules
),

counts as (
    select
        month,
        lost_after_months,
        cut,
        cut_value,
        sum(case when side = 'stays' and is_in_start then clients else 0 end) as clients_start,
        sum(case when side = 'stays' and is_new then clients else 0 end) as new,
        sum(case when side = 'stays' and is_in_pool and is_buyer then clients else 0 end)
            as returned,
        sum(case when side = 'stays' and is_lost then clients else 0 end) as lost,
        sum(case when side = 'stays' and is_in_end then clients else 0 end) as clients_end,
        sum(case when side = 'stays' and is_moved and is_in_start then clients else 0 end)
            as moved_in,
        sum(case when side = 'leaves' and is_in_start then clients else 0 end) as moved_out,
        sum(case when side = 'stays' and is_in_pool then clients else 0 end) as lost_pool_start
    from movements
    where side = 'stays' or is_in_start
    group by month, lost_after_months, cut, cut_value
),

lost_by_cut as (
    select
        month,
        lost_after_months,
        cut,
        case
            when cut = 'channel' then channel
            when cut = 'region' then region
            when cut = 'department' then department
            when cut = 'branch' then branch
            when cut = 'manager' then manager
            when cut = 'first_category' then first_category
            when cut = 'segment' then segment
            when cut = 'abc' then abc
            else 'all'
        end as cut_value,
        revenue_12m_before,
        profit_12m_before
    from (
        values
            ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager'),
            ('first_category'), ('segment'), ('abc')
    ) as cuts (cut)
    cross join lost_clients
    where lost_clients.month between $first_month and $last_month
),

lost_revenue as (
    select
        month,
        lost_after_months,
        cut,
        cut_value,
        sum(revenue_12m_before) as lost_revenue_12m,
        sum(profit_12m_before) as lost_profit_12m
    from lost_by_cut
    group by month, lost_after_months, cut, cut_value
)

select
    counts.month,
    counts.lost_after_months,
    counts.cut,
    counts.cut_value,
    counts.clients_start,
    counts.new,
    case
        when
            date_part('year', counts.month) * 12 + date_part('month', counts.month)
            - date_part('year', $history_first_month) * 12
            - date_part('month', $history_first_month)
            < $history_burn_in_months
            then counts.new
        else 0
    end as new_left_censored,
    counts.returned,
    counts.lost,
    counts.clients_end,
    counts.moved_in,
    counts.moved_out,
    counts.lost_pool_start,
    cast(coalesce(lost_revenue.lost_revenue_12m, 0) as decimal(28, 4)) as lost_revenue_12m,
    cast(lost_revenue.lost_profit_12m as decimal(28, 4)) as lost_profit_12m
from counts
left join lost_revenue
    on counts.month = lost_revenue.month
    and counts.lost_after_months = lost_revenue.lost_after_months
    and counts.cut = lost_revenue.cut
    and counts.cut_value = lost_revenue.cut_value
