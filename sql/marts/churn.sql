-- One row per period, months of silence, cut and value of the cut: clients lost, won back, kept.
-- A client counts where its spell, from first purchase or return to loss, stands when the period
-- ends, or where it was lost: so in every row the movements lead exactly from start to end.
-- grain:  period_kind, period, lost_after_months, cut, cut_value
-- reads:  churn_month[all], churn_spells[all]
-- param:  as_of_date date
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch, manager,
--     first_category, segment or abc
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: clients_start bigint not null -- Clients not lost before the period
-- column: new bigint not null -- Clients with their first purchase in the period
-- column: returned bigint not null -- Returns of lost clients in the period
-- column: returned_of_pool bigint not null -- Clients of lost_pool_start who returned in the
--     period, each once
-- column: lost bigint not null -- Losses in the period, in the cut of the last purchase before them
-- column: lost_of_start bigint not null -- Losses of clients_start: the client had come before the
--     period, and neither first bought nor returned in it before the loss
-- column: clients_end bigint not null -- Clients not lost at the end of the period
-- column: churn_rate double -- lost_of_start divided by clients_start; null without clients at the
--     start
-- column: retention_rate double -- One minus churn_rate: the share of clients_start never lost in
--     the period
-- column: win_back_rate double -- returned_of_pool divided by lost_pool_start, the share of that
--     pool won back in the period; null when it is empty
-- column: lost_revenue_12m decimal(28,4) not null -- Revenue of the lost in the 12 months ending
--     with the month of their last purchase
-- column: lost_profit_12m decimal(28,4) -- Profit of the lost in these months, as far as costs are
--     known; null when clients are lost and no cost of any of them is known
-- column: new_left_censored bigint not null -- New clients who may be older than the history
-- column: moved_in bigint not null -- Moves from another value of the cut, by buying in this one
-- column: moved_out bigint not null -- Moves to another value of the cut, by buying there
-- column: lost_pool_start bigint not null -- Clients lost before the period and not back by then,
--     each once: who returns in the period is in the cut where the return counts
-- column: is_partial boolean not null -- The period is not finished at the as-of date
with period_months as (
    select
        period_kinds.period_kind,
        churn_month.month,
        churn_month.lost_after_months,
        churn_month.cut,
        churn_month.cut_value,
        churn_month.lost,
        churn_month.clients_end,
        churn_month.moved_in,
        churn_month.moved_out,
        churn_month.lost_pool_start + churn_month.lost - churn_month.returned as lost_pool_end,
        churn_month.lost_revenue_12m,
        churn_month.lost_profit_12m,
        0 as new_at_end,
        0 as new_left_censored_at_end,
        0 as returned_at_end,
        0 as new_lost,
        0 as new_left_censored_lost,
        0 as returned_lost,
        0 as returned_of_pool_at_end,
        0 as returned_of_pool_lost,
        0 as lost_and_returned
    from (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
    cross join churn_month
    union all
    select
        period_kind,
        month,
        lost_after_months,
        cut,
        cut_value,
        0 as lost,
        0 as clients_end,
        0 as moved_in,
        0 as moved_out,
        0 as lost_pool_end,
        0 as lost_revenue_12m,
        cast(null as decimal(28, 4)) as lost_profit_12m,
        new_at_end,
        new_left_censored_at_end,
        returned_at_end,
        new_lost,
        new_left_censored_lost,
        returned_lost,
        returned_of_pool_at_end,
        returned_of_pool_lost,
        lost_and_returned
    from churn_spells
),

dated_months as (
    select
        period_kind,
        cast(
            case
                when period_kind = 'month' then date_trunc('month', month)
                when period_kind = 'quarter' then date_trunc('quarter', month)
                else date_trunc('year', month)
            end
            as date
        ) as period,
        month,
        lost_after_months,
        cut,
        cut_value,
        lost,
        clients_end,
        moved_in,
        moved_out,
        lost_pool_end,
        lost_revenue_12m,
        lost_profit_12m,
        new_at_end,
        new_left_censored_at_end,
        returned_at_end,
        new_lost,
        new_left_censored_lost,
        returned_lost,
        returned_of_pool_at_end,
        returned_of_pool_lost,
        lost_and_returned
    from period_months
),

-- The stock at the end is that of the period's last month, also where a value of the cut has no
-- row in it any more: its stock is zero then.
marked_months as (
    select
        period_kind,
        period,
        month = max(month) over (partition by period_kind, period) as is_last,
        lost_after_months,
        cut,
        cut_value,
        lost,
        clients_end,
        moved_in,
        moved_out,
        lost_pool_end,
        lost_revenue_12m,
        lost_profit_12m,
        new_at_end,
        new_left_censored_at_end,
        returned_at_end,
        new_lost,
        new_left_censored_lost,
        returned_lost,
        returned_of_pool_at_end,
        returned_of_pool_lost,
        lost_and_returned
    from dated_months
),

-- Who came in the period is lost in one of its months or a client at its end.
periods as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        sum(new_lost + case when is_last then new_at_end else 0 end) as new,
        sum(new_left_censored_lost + case when is_last then new_left_censored_at_end else 0 end)
            as new_left_censored,
        sum(returned_lost + case when is_last then returned_at_end else 0 end) as returned,
        sum(returned_of_pool_lost + case when is_last then returned_of_pool_at_end else 0 end)
            as returned_of_pool,
        sum(lost) as lost,
        sum(lost - new_lost - returned_lost) as lost_of_start,
        sum(case when is_last then clients_end else 0 end) as clients_end,
        sum(moved_in) as moved_in,
        sum(moved_out) as moved_out,
        -- Lost at the end are those lost since the start, and who stayed in the pool all the time.
        sum(case when is_last then lost_pool_end else 0 end) - sum(lost - lost_and_returned)
            as stayed_lost,
        sum(lost_revenue_12m) as lost_revenue_12m,
        sum(lost_profit_12m) as lost_profit_12m
    from marked_months
    group by period_kind, period, lost_after_months, cut, cut_value
),

periods_with_start as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        clients_end - new - returned + lost as clients_start,
        new,
        new_left_censored,
        returned,
        returned_of_pool,
        lost,
        lost_of_start,
        clients_end,
        moved_in,
        moved_out,
        stayed_lost + returned_of_pool as lost_pool_start,
        lost_revenue_12m,
        lost_profit_12m
    from periods
)

select
    period_kind,
    period,
    lost_after_months,
    cut,
    cut_value,
    clients_start,
    new,
    returned,
    returned_of_pool,
    lost,
    lost_of_start,
    clients_end,
    case when clients_start > 0 then cast(lost_of_start as double) / clients_start end
        as churn_rate,
    case
        when clients_start > 0 then cast(clients_start - lost_of_start as double) / clients_start
    end as retention_rate,
    case when lost_pool_start > 0 then cast(returned_of_pool as double) / lost_pool_start end
        as win_back_rate,
    cast(lost_revenue_12m as decimal(28, 4)) as lost_revenue_12m,
    cast(case when lost = 0 then 0 else lost_profit_12m end as decimal(28, 4)) as lost_profit_12m,
    new_left_censored,
    moved_in,
    moved_out,
    lost_pool_start,
    case
        when period_kind = 'month' then period + interval '1 month' - interval '1 day'
        when period_kind = 'quarter' then period + interval '3 months' - interval '1 day'
        else period + interval '1 year' - interval '1 day'
    end > $as_of_date as is_partial
from periods_with_start
