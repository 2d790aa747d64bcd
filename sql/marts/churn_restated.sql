-- One row per row of churn: how many of its losses turned out to be temporary, with hindsight.
-- grain:  period_kind, period, lost_after_months, cut, cut_value
-- reads:  churn[all], lost_clients[all], returned_clients[all]
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the last purchase before the loss
-- column: lost_as_reported bigint not null -- Losses in the period, as reported at the time
-- column: returned_since bigint not null -- Those that ended with a return later: temporary losses
-- column: still_lost bigint not null -- Those that have not ended up to the as-of date
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
            else 'all'
        end as cut_value,
        returned_since
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
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
        sum(returned_since) as returned_since
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
        returned_since
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
        sum(returned_since) as returned_since
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
    churn.is_partial
from churn
left join periods
    on churn.period_kind = periods.period_kind
    and churn.period = periods.period
    and churn.lost_after_months = periods.lost_after_months
    and churn.cut = periods.cut
    and churn.cut_value = periods.cut_value
