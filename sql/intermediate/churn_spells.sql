-- One row per month, kind of period, months of silence, cut and value of the cut: clients who came
-- in the period that the month lies in, by a first purchase or by a return, and who at the end of
-- the month are clients still or were lost in it. Nobody else moves the stock of a period. Beside
-- them the losses of the period that a return in the month ended.
-- grain:  month, period_kind, lost_after_months, cut, cut_value
-- reads:  client_state[0], client_class[0], returned_clients[-11..0]
-- param:  churn_lost_after_months bigint[]
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: period_kind text not null -- month, quarter or year
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch, manager,
--     first_category, segment or abc
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: new_at_end bigint not null -- Clients since a first purchase in the period
-- column: new_left_censored_at_end bigint not null -- Those of them who may be older than the
--     history
-- column: returned_at_end bigint not null -- Clients since a return in the period
-- column: returned_of_pool_at_end bigint not null -- Those of them who were lost before the period
-- column: new_lost bigint not null -- Lost in the month, clients since a first purchase in the
--     period
-- column: new_left_censored_lost bigint not null -- Those of them who may be older than the history
-- column: returned_lost bigint not null -- Lost in the month, clients since a return in the period
-- column: returned_of_pool_lost bigint not null -- Those of them who were lost before the period
-- column: lost_and_returned bigint not null -- Losses of the period that a return in the month
--     ended, in the cut of the last purchase before the loss
with returns as (
    select
        client_id,
        lost_after_months,
        month as came_month,
        -- Losses before the year are alike, which keeps the groups below few.
        greatest(
            lost_month, cast(date_trunc('year', month) - interval '1 month' as date)
        ) as lost_month,
        lead(month) over (partition by client_id, lost_after_months order by month)
            as next_came_month
    from returned_clients
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
),

newcomers as (
    select
        client_state.month,
        client_state.first_purchase_month as came_month,
        client_state.longest_gap_months,
        client_state.months_since_last_purchase,
        client_state.channel,
        client_state.region,
        client_state.department,
        client_state.branch,
        client_state.manager,
        client_class.first_category,
        client_class.segment,
        client_class.abc,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from client_state
    inner join client_class
        on client_state.client_id = client_class.client_id
        and client_state.month = client_class.month
        and client_class.month between $first_month and $last_month
    where
        client_state.month between $first_month and $last_month
        and client_state.first_purchase_month >= date_trunc('year', client_state.month)
),

-- No period is longer than a calendar year: who came before it is of the start of all three.
spells as (
    select
        month,
        came_month,
        cast(null as date) as lost_month,
        'new' as came_by,
        lost_after_months,
        months_since_last_purchase = lost_after_months as is_lost,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc
    from newcomers
    where
        longest_gap_months <= lost_after_months
        and months_since_last_purchase <= lost_after_months
    union all
    select
        client_state.month,
        returns.came_month,
        returns.lost_month,
        'returned' as came_by,
        returns.lost_after_months,
        client_state.months_since_last_purchase = returns.lost_after_months as is_lost,
        client_state.channel,
        client_state.region,
        client_state.department,
        client_state.branch,
        client_state.manager,
        client_class.first_category,
        client_class.segment,
        client_class.abc
    from client_state
    inner join client_class
        on client_state.client_id = client_class.client_id
        and client_state.month = client_class.month
        and client_class.month between $first_month and $last_month
    inner join returns
        on client_state.client_id = returns.client_id
        and client_state.months_since_last_purchase <= returns.lost_after_months
        and client_state.month >= returns.came_month
        and client_state.month < coalesce(returns.next_came_month, date '9999-12-01')
    where
        client_state.month between $first_month and $last_month
        and returns.came_month >= date_trunc('year', client_state.month)
    union all
    -- A loss ended by a return counts in the periods that hold both: it came with the loss.
    select
        client_state.month,
        returns.lost_month as came_month,
        cast(null as date) as lost_month,
        'lost and returned' as came_by,
        returns.lost_after_months,
        false as is_lost,
        client_state.previous_channel as channel,
        client_state.previous_region as region,
        client_state.previous_department as department,
        client_state.previous_branch as branch,
        client_state.previous_manager as manager,
        client_class.first_category,
        client_class.previous_segment as segment,
        client_class.previous_abc as abc
    from client_state
    inner join client_class
        on client_state.client_id = client_class.client_id
        and client_state.month = client_class.month
        and client_class.month between $first_month and $last_month
    inner join returns
        on client_state.client_id = returns.client_id
        and client_state.month = returns.came_month
    where
        client_state.month between $first_month and $last_month
        and client_state.months_since_last_purchase = 0
        and returns.lost_month >= date_trunc('year', client_state.month)
),

spell_counts as (
    select
        month,
        came_month,
        lost_month,
        came_by,
        lost_after_months,
        is_lost,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        count(*) as clients
    from spells
    group by
        month, came_month, lost_month, came_by, lost_after_months, is_lost,
        channel, region, department, branch, manager, first_category, segment, abc
),

-- Who came in the month also came in its quarter, and who came in the quarter in its year.
counts_by_period as (
    select
        month,
        unnest(
            case
                when came_month >= date_trunc('month', month)
                    then make_array('month', 'quarter', 'year')
                when came_month >= date_trunc('quarter', month)
                    then make_array('quarter', 'year')
                else make_array('year')
            end
        ) as period_kind,
        lost_after_months,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        lost_month,
        came_by,
        is_lost,
        came_by = 'new'
        and date_part('year', came_month) * 12
        + date_part('month', came_month)
        - date_part('year', $history_first_month) * 12
        - date_part('month', $history_first_month)
        < $history_burn_in_months as is_left_censored,
        clients
    from spell_counts
),

counts_by_cut as (
    select
        month,
        period_kind,
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
        came_by,
        came_by = 'returned'
        and lost_month < case
            when period_kind = 'month' then date_trunc('month', month)
            when period_kind = 'quarter' then date_trunc('quarter', month)
            else date_trunc('year', month)
        end as is_of_pool,
        is_lost,
        is_left_censored,
        clients
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values
            ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager'),
            ('first_category'), ('segment'), ('abc')
    ) as cuts (cut)
    cross join counts_by_period
)

select
    month,
    period_kind,
    lost_after_months,
    cut,
    cut_value,
    sum(case when came_by = 'new' and not is_lost then clients else 0 end) as new_at_end,
    sum(case when is_left_censored and not is_lost then clients else 0 end)
        as new_left_censored_at_end,
    sum(case when came_by = 'returned' and not is_lost then clients else 0 end)
        as returned_at_end,
    sum(case when is_of_pool and not is_lost then clients else 0 end) as returned_of_pool_at_end,
    sum(case when came_by = 'new' and is_lost then clients else 0 end) as new_lost,
    sum(case when is_left_censored and is_lost then clients else 0 end) as new_left_censored_lost,
    sum(case when came_by = 'returned' and is_lost then clients else 0 end) as returned_lost,
    sum(case when is_of_pool and is_lost then clients else 0 end) as returned_of_pool_lost,
    sum(case when came_by = 'lost and returned' then clients else 0 end) as lost_and_returned
from counts_by_cut
group by month, period_kind, lost_after_months, cut, cut_value
