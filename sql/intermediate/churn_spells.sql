-- One row per month, kind of period, months of silence, cut and value of the cut: clients who came
-- in the period that the month lies in, by a first purchase or by a return, and who at the end of
-- the month are clients still or were lost in it. Nobody else moves the stock of a period. Beside
-- them the losses of the period that a return in the month ended.
-- grain:  month, period_kind, lost_after_months, cut, cut_value
-- reads:  client_cuts[-11..0], returned_clients[-11..0], lost_clients[-11..-1]
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
with purchase_months as (
    select
        month,
        client_id,
        previous_purchase_month
    from client_cuts
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and month >= date_trunc('year', cast($first_month as date))
),

-- No period is longer than a calendar year: who came before it is of the start of all three.
comings as (
    select
        client_id,
        month as came_month,
        cast(null as date) as lost_month,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from purchase_months
    where previous_purchase_month is null
    union all
    select
        client_id,
        month as came_month,
        -- Losses before the year are alike, which keeps the groups below few.
        greatest(
            lost_month, cast(date_trunc('year', month) - interval '1 month' as date)
        ) as lost_month,
        lost_after_months
    from returned_clients
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and month >= date_trunc('year', cast($first_month as date))
),

-- A purchase belongs to the last coming before it, of the same year. Months of loss rise with those
-- of the returns, and a first purchase has none.
spell_months as (
    select
        purchase_months.month,
        purchase_months.client_id,
        comings.lost_after_months,
        max(comings.came_month) as came_month,
        max(comings.lost_month) as lost_month
    from comings
    inner join purchase_months on comings.client_id = purchase_months.client_id
    where
        purchase_months.month >= comings.came_month
        and date_part('year', purchase_months.month) = date_part('year', comings.came_month)
    group by purchase_months.month, purchase_months.client_id, comings.lost_after_months
),

-- It speaks for every month until the next purchase or the loss, and no longer than the year.
spell_ranges as (
    select
        spell_months.month as purchase_month,
        spell_months.client_id,
        spell_months.lost_after_months,
        spell_months.came_month,
        spell_months.lost_month,
        cast(
            date_part('year', spell_months.month) * 12 + date_part('month', spell_months.month) - 1
            + spell_months.lost_after_months
            as bigint
        ) as loss_number,
        unnest(
            range(
                greatest(
                    cast(
                        date_part('year', spell_months.month) * 12
                        + date_part('month', spell_months.month) - 1
                        as bigint
                    ),
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    cast(
                        date_part('year', spell_months.month) * 12
                        + date_part('month', spell_months.month)
                        + spell_months.lost_after_months
                        as bigint
                    ),
                    cast(
                        date_part('year', next_months.month) * 12
                        + date_part('month', next_months.month) - 1
                        as bigint
                    ),
                    cast(date_part('year', spell_months.month) * 12 + 12 as bigint),
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from spell_months
    left join purchase_months as next_months
        on spell_months.client_id = next_months.client_id
        and spell_months.month = next_months.previous_purchase_month
),

spells as (
    select
        make_date(
            cast(spell_ranges.month_number / 12 as int),
            cast(spell_ranges.month_number % 12 + 1 as int),
            1
        ) as month,
        spell_ranges.came_month,
        spell_ranges.lost_month,
        case when spell_ranges.lost_month is null then 'new' else 'returned' end as came_by,
        spell_ranges.lost_after_months,
        spell_ranges.month_number = spell_ranges.loss_number as is_lost,
        client_cuts.channel,
        client_cuts.region,
        client_cuts.department,
        client_cuts.branch,
        client_cuts.manager,
        client_cuts.first_category,
        client_cuts.segment,
        client_cuts.abc
    from spell_ranges
    inner join client_cuts
        on spell_ranges.client_id = client_cuts.client_id
        and spell_ranges.purchase_month = client_cuts.month
        and client_cuts.month >= cast($first_month as date) - interval '11 months'
        and client_cuts.month <= $last_month
    union all
    -- A loss ended by a return counts in the periods that hold both: it came with the loss.
    select
        returned_clients.month,
        lost_clients.month as came_month,
        cast(null as date) as lost_month,
        'lost and returned' as came_by,
        returned_clients.lost_after_months,
        false as is_lost,
        lost_clients.channel,
        lost_clients.region,
        lost_clients.department,
        lost_clients.branch,
        lost_clients.manager,
        lost_clients.first_category,
        lost_clients.segment,
        lost_clients.abc
    from returned_clients
    inner join lost_clients
        on returned_clients.client_id = lost_clients.client_id
        and returned_clients.lost_after_months = lost_clients.lost_after_months
        and returned_clients.lost_month = lost_clients.month
        and lost_clients.month >= cast($first_month as date) - interval '11 months'
        and lost_clients.month < $last_month
    where
        returned_clients.month between $first_month and $last_month
        and lost_clients.month >= date_trunc('year', returned_clients.month)
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
