-- One row per row of churn: how many of its losses turned out to be temporary, with hindsight.
-- grain:  period_kind, period, lost_after_months, cut, cut_value
-- reads:  churn[all], lost_clients[all], returned_clients[all]
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch, manager,
--     first_category, segment or abc
-- column: cut_value text not null -- Value of the cut at the last purchase before the loss
-- column: lost_as_reported bigint not null -- Losses in the period, as reported at the time
-- column: returned_since bigint not null -- Those that ended with a return later: temporary losses
-- column: still_lost bigint not null -- Those that have not ended up to the as-of date
-- column: lost_revenue_12m decimal(28,4) not null -- Revenue of the losses as reported, in the 12
--     months ending with the month of their last purchase
-- column: returned_since_revenue_12m decimal(28,4) not null -- That of the temporary losses
-- column: still_lost_revenue_12m decimal(28,4) not null -- That of the losses that have not ended
-- column: lost_profit_12m decimal(28,4) -- Profit of the losses as reported, as far as costs are
--     known; null when there are losses and no cost of any of them is known; so are the next two
-- column: returned_since_profit_12m decimal(28,4) -- That of the temporary losses
-- column: still_lost_profit_12m decimal(28,4) -- That of the losses that have not ended
-- column: is_partial boolean not null -- The period is not finished at the as-of date
with losses as (
    select
        lost_clients.month,
        lost_clients.lost_after_months,
        lost_clients.channel,
        lost_clients.region,
        lost_clients.department,
        lost_clients.branch,
        lost_clients.manager,
        lost_clients.first_category,
        lost_clients.segment,
        lost_clients.abc,
        lost_clients.revenue_12m_before,
        lost_clients.profit_12m_before,
        case when returned_clients.client_id is not null then 1 else 0 end as returned_since
    from lost_clients
    left join returned_clients
        on lost_clients.client_id = returned_clients.client_id
        and lost_clients.lost_after_months = returned_clients.lost_after_months
        and lost_clients.month = returned_clients.lost_month
),

losses_by_cut as (
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
        profit_12m_before,
        returned_since
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values
            ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager'),
            ('first_category'), ('segment'), ('abc')
    ) as cuts (cut)
    cross join losses
),

months as (
    select
        month,
        lost_after_months,
        cut,
        cut_value,
        count(*) as lost_as_reported,
        sum(returned_since) as returned_since,
        sum(case when returned_since = 1 then revenue_12m_before else 0 end)
            as returned_since_revenue_12m,
        sum(revenue_12m_before) as lost_revenue_12m,
        sum(case when returned_since = 1 then profit_12m_before end) as returned_since_profit_12m,
        sum(case when returned_since = 0 then profit_12m_before end) as still_lost_profit_12m,
        sum(profit_12m_before) as lost_profit_12m
    from losses_by_cut
    group by month, lost_after_months, cut, cut_value
),

period_months as (
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
        lost_after_months,
        cut,
        cut_value,
        lost_as_reported,
        returned_since,
        returned_since_revenue_12m,
        lost_revenue_12m,
        returned_since_profit_12m,
        still_lost_profit_12m,
        lost_profit_12m
    from (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
    cross join months
),

periods as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        sum(lost_as_reported) as lost_as_reported,
        sum(returned_since) as returned_since,
        sum(returned_since_revenue_12m) as returned_since_revenue_12m,
        sum(lost_revenue_12m) as lost_revenue_12m,
        sum(returned_since_profit_12m) as returned_since_profit_12m,
        sum(still_lost_profit_12m) as still_lost_profit_12m,
        sum(lost_profit_12m) as lost_profit_12m
    from period_months
    group by period_kind, period, lost_after_months, cut, cut_value
)

select
    churn.period_kind,
    churn.period,
    churn.lost_after_months,
    churn.cut,
    churn.cut_value,
    coalesce(periods.lost_as_reported, 0) as lost_as_reported,
    coalesce(periods.returned_since, 0) as returned_since,
    coalesce(periods.lost_as_reported - periods.returned_since, 0) as still_lost,
    cast(coalesce(periods.lost_revenue_12m, 0) as decimal(28, 4)) as lost_revenue_12m,
    cast(coalesce(periods.returned_since_revenue_12m, 0) as decimal(28, 4))
        as returned_since_revenue_12m,
    cast(
        coalesce(periods.lost_revenue_12m - periods.returned_since_revenue_12m, 0)
        as decimal(28, 4)
    ) as still_lost_revenue_12m,
    cast(
        case when coalesce(periods.lost_as_reported, 0) = 0 then 0 else periods.lost_profit_12m end
        as decimal(28, 4)
    ) as lost_profit_12m,
    cast(
        case
            when coalesce(periods.returned_since, 0) = 0 then 0
            else periods.returned_since_profit_12m
        end
        as decimal(28, 4)
    ) as returned_since_profit_12m,
    cast(
        case
            when coalesce(periods.lost_as_reported - periods.returned_since, 0) = 0 then 0
            else periods.still_lost_profit_12m
        end
        as decimal(28, 4)
    ) as still_lost_profit_12m,
    churn.is_partial
from churn
left join periods
    on churn.period_kind = periods.period_kind
    and churn.period = periods.period
    and churn.lost_after_months = periods.lost_after_months
    and churn.cut = periods.cut
    and churn.cut_value = periods.cut_value
