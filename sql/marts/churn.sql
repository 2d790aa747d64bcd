-- One row per period, months of silence, cut and value of the cut: clients lost, won back, kept.
-- grain:  period_kind, period, lost_after_months, cut, cut_value
-- reads:  churn_month[all]
-- param:  as_of_date date
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: clients_start bigint not null -- Clients not lost before the period:
--     clients_end - new - returned + lost
-- column: new bigint not null -- Clients with their first purchase in the period
-- column: returned bigint not null -- Returns of lost clients, in the cut of the returning purchase
-- column: lost bigint not null -- Losses, in the cut of the last purchase before the loss
-- column: clients_end bigint not null -- Clients not lost at the end of the period
-- column: churn_rate double -- lost divided by clients_start; null without clients at the start
-- column: retention_rate double -- One minus churn_rate
-- column: win_back_rate double -- returned divided by lost_pool_start; null when that pool is empty
-- column: lost_revenue_12m decimal(28,4) not null -- Revenue of the lost in the 12 months ending
--     with
--     the month of their last purchase
-- column: new_left_censored bigint not null -- New clients who may be older than the history
-- column: moved_in bigint not null -- Clients who came from another value of the cut by buying
--     there
-- column: moved_out bigint not null -- Clients who left for another value of the cut by buying
--     there
-- column: lost_pool_start bigint not null -- Clients lost before the period
-- column: is_partial boolean not null -- The period is not finished at the as-of date
with period_months as (
    select
        period_kinds.period_kind,
        cast(
            case
                when period_kinds.period_kind = 'month' then date_trunc('month', month)
                when period_kinds.period_kind = 'quarter' then date_trunc('quarter', month)
                else date_trunc('year', month)
            end
            as date
        ) as period,
        month,
        lost_after_months,
        cut,
        cut_value,
        new,
        new_left_censored,
        returned,
        lost,
        clients_end,
        moved_in,
        moved_out,
        lost_pool_start + lost - returned as lost_pool_end,
        lost_revenue_12m
    from churn_month
    cross join (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
),

-- The stock at the end is that of the period's last month, also where a value of the cut has no
-- row in it any more: its stock is zero then.
marked_months as (
    select
        period_kind,
        period,
        month,
        max(month) over (partition by period_kind, period) as last_month,
        lost_after_months,
        cut,
        cut_value,
        new,
        new_left_censored,
        returned,
        lost,
        clients_end,
        moved_in,
        moved_out,
        lost_pool_end,
        lost_revenue_12m
    from period_months
),

periods as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        sum(new) as new,
        sum(new_left_censored) as new_left_censored,
        sum(returned) as returned,
        sum(lost) as lost,
        sum(case when month = last_month then clients_end else 0 end) as clients_end,
        sum(moved_in) as moved_in,
        sum(moved_out) as moved_out,
        sum(case when month = last_month then lost_pool_end else 0 end) as lost_pool_end,
        sum(lost_revenue_12m) as lost_revenue_12m
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
        lost,
        clients_end,
        moved_in,
        moved_out,
        lost_pool_end - lost + returned as lost_pool_start,
        lost_revenue_12m
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
    lost,
    clients_end,
    case when clients_start > 0 then cast(lost as double) / clients_start end as churn_rate,
    case when clients_start > 0 then cast(clients_start - lost as double) / clients_start end
        as retention_rate,
    case when lost_pool_start > 0 then cast(returned as double) / lost_pool_start end
        as win_back_rate,
    cast(lost_revenue_12m as decimal(28, 4)) as lost_revenue_12m,
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
