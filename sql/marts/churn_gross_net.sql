-- One row per period, months of silence, cut and value of the cut: churn gross, with every id of
-- the sales a client of its own, and net of confirmed links, as in churn; and how many of the lost
-- are probably not lost.
-- grain:  period_kind, period, lost_after_months, cut, cut_value
-- reads:  churn[all], linked_client_churn[all], linked_client_events[all], lost_doubts[all]
-- param:  as_of_date date
-- column: period_kind text not null -- month, quarter or year
-- column: period date not null -- First day of the period
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cut text not null -- all, channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the last purchase, gross at that of the
--     id; 'all' for all
-- column: clients_start_gross bigint not null -- Ids not lost before the period
-- column: clients_start_net bigint not null -- Clients not lost before the period
-- column: new_gross bigint not null -- Ids with their first purchase in the period
-- column: new_net bigint not null -- Clients with their first purchase in the period
-- column: returned_gross bigint not null -- Returns of lost ids
-- column: returned_net bigint not null -- Returns of lost clients
-- column: lost_gross bigint not null -- Losses of ids in the period
-- column: lost_successor bigint not null -- Of these, ids that go on as a successor
-- column: lost_dealer bigint not null -- Of these, ids that buy through a dealer
-- column: lost_duplicate bigint not null -- Of these, ids that are in the master data twice
-- column: lost_net bigint not null -- Losses of clients in the period: lost_gross without the three
-- column: lost_of_start_gross bigint not null -- Of lost_gross, ids of clients_start_gross
-- column: lost_of_start_net bigint not null -- Of lost_net, clients of clients_start_net
-- column: clients_end_gross bigint not null -- Ids not lost at the end of the period
-- column: clients_end_net bigint not null -- Clients not lost at the end of the period
-- column: churn_rate_gross double -- lost_of_start_gross divided by clients_start_gross; null
--     without clients
-- column: churn_rate_net double -- lost_of_start_net divided by clients_start_net; null without
--     clients
-- column: retention_rate_gross double -- One minus churn_rate_gross
-- column: retention_rate_net double -- One minus churn_rate_net
-- column: lost_revenue_12m_gross decimal(28,4) not null -- Revenue of the lost ids in the 12 months
--     that end with the month of their last purchase
-- column: lost_revenue_12m_explained decimal(28,4) not null -- Of it, that of the ids that links
--     explain
-- column: lost_revenue_12m_net decimal(28,4) not null -- Revenue of the lost clients in these
--     months, all ids of a client together
-- column: clients_to_check bigint not null -- Losses of lost_net with at least one candidate that
--     nobody has linked or rejected
-- column: clients_probable bigint not null -- Of these, losses with a candidate in the band
--     probable
-- column: probably_not_lost decimal(28,4) not null -- Expected number of lost_net that go on under
--     another name or through a dealer
-- column: probably_not_lost_revenue_12m decimal(28,4) not null -- Expected part of
--     lost_revenue_12m_net that is theirs
-- column: churn_rate_probable double -- churn_rate_net without those of lost_of_start_net that are
--     expected to go on; null without clients
-- column: is_partial boolean not null -- The period is not finished at the as-of date
with cut_kinds as (
    select period_kind, cut
    from (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
    cross join (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
    ) as cuts (cut)
),

-- Gross and net differ by the losses of linked ids and clients only.
linked_losses as (
    select
        make_date(
            cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1
        ) as month,
        lost_after_months,
        channel,
        region,
        department,
        branch,
        manager,
        kind,
        is_explained,
        revenue_12m_before,
        case when level = 'gross' then revenue_12m_before else -revenue_12m_before end
            as revenue_difference
    from linked_client_events
    where event = 'lost'
),

linked_loss_cuts as (
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
        case when is_explained and kind = 'successor' then 1 else 0 end as lost_successor,
        case when is_explained and kind = 'dealer' then 1 else 0 end as lost_dealer,
        case when is_explained and kind = 'duplicate' then 1 else 0 end as lost_duplicate,
        revenue_difference as lost_revenue_12m_gross,
        case when is_explained then revenue_12m_before else 0 end as lost_revenue_12m_explained
    from cut_kinds
    cross join linked_losses
),

doubt_periods as (
    select
        period_kind,
        cast(
            case
                when period_kind = 'month' then date_trunc('month', loss_month)
                when period_kind = 'quarter' then date_trunc('quarter', loss_month)
                else date_trunc('year', loss_month)
            end
            as date
        ) as period,
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
        came_month,
        probability,
        is_probable,
        revenue_12m_before
    from cut_kinds
    cross join lost_doubts
),

doubt_cuts as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        1 as clients_to_check,
        case when is_probable then 1 else 0 end as clients_probable,
        probability as probably_not_lost,
        case when came_month < period then probability else 0 end as probably_not_lost_of_start,
        probability * revenue_12m_before as probably_not_lost_revenue_12m
    from doubt_periods
),

-- What is net, plus what the clients of links are more under their ids than as clients.
parts as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        clients_start as clients_start_gross,
        clients_start as clients_start_net,
        new as new_gross,
        new as new_net,
        returned as returned_gross,
        returned as returned_net,
        lost as lost_gross,
        0 as lost_successor,
        0 as lost_dealer,
        0 as lost_duplicate,
        lost as lost_net,
        lost_of_start as lost_of_start_gross,
        lost_of_start as lost_of_start_net,
        clients_end as clients_end_gross,
        clients_end as clients_end_net,
        lost_revenue_12m as lost_revenue_12m_gross,
        0 as lost_revenue_12m_explained,
        lost_revenue_12m as lost_revenue_12m_net,
        0 as clients_to_check,
        0 as clients_probable,
        0 as probably_not_lost,
        0 as probably_not_lost_of_start,
        0 as probably_not_lost_revenue_12m
    from churn
    where cut in ('all', 'channel', 'region', 'department', 'branch', 'manager')
    union all
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        case when level = 'gross' then clients_start else -clients_start end as clients_start_gross,
        0 as clients_start_net,
        case when level = 'gross' then new else -new end as new_gross,
        0 as new_net,
        case when level = 'gross' then returned else -returned end as returned_gross,
        0 as returned_net,
        case when level = 'gross' then lost else -lost end as lost_gross,
        0 as lost_successor,
        0 as lost_dealer,
        0 as lost_duplicate,
        0 as lost_net,
        case when level = 'gross' then lost_of_start else -lost_of_start end as lost_of_start_gross,
        0 as lost_of_start_net,
        case when level = 'gross' then clients_end else -clients_end end as clients_end_gross,
        0 as clients_end_net,
        0 as lost_revenue_12m_gross,
        0 as lost_revenue_12m_explained,
        0 as lost_revenue_12m_net,
        0 as clients_to_check,
        0 as clients_probable,
        0 as probably_not_lost,
        0 as probably_not_lost_of_start,
        0 as probably_not_lost_revenue_12m
    from linked_client_churn
    union all
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        0 as clients_start_gross,
        0 as clients_start_net,
        0 as new_gross,
        0 as new_net,
        0 as returned_gross,
        0 as returned_net,
        0 as lost_gross,
        lost_successor,
        lost_dealer,
        lost_duplicate,
        0 as lost_net,
        0 as lost_of_start_gross,
        0 as lost_of_start_net,
        0 as clients_end_gross,
        0 as clients_end_net,
        lost_revenue_12m_gross,
        lost_revenue_12m_explained,
        0 as lost_revenue_12m_net,
        0 as clients_to_check,
        0 as clients_probable,
        0 as probably_not_lost,
        0 as probably_not_lost_of_start,
        0 as probably_not_lost_revenue_12m
    from linked_loss_cuts
    union all
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        0 as clients_start_gross,
        0 as clients_start_net,
        0 as new_gross,
        0 as new_net,
        0 as returned_gross,
        0 as returned_net,
        0 as lost_gross,
        0 as lost_successor,
        0 as lost_dealer,
        0 as lost_duplicate,
        0 as lost_net,
        0 as lost_of_start_gross,
        0 as lost_of_start_net,
        0 as clients_end_gross,
        0 as clients_end_net,
        0 as lost_revenue_12m_gross,
        0 as lost_revenue_12m_explained,
        0 as lost_revenue_12m_net,
        clients_to_check,
        clients_probable,
        probably_not_lost,
        probably_not_lost_of_start,
        probably_not_lost_revenue_12m
    from doubt_cuts
),

sums as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        sum(clients_start_gross) as clients_start_gross,
        sum(clients_start_net) as clients_start_net,
        sum(new_gross) as new_gross,
        sum(new_net) as new_net,
        sum(returned_gross) as returned_gross,
        sum(returned_net) as returned_net,
        sum(lost_gross) as lost_gross,
        sum(lost_successor) as lost_successor,
        sum(lost_dealer) as lost_dealer,
        sum(lost_duplicate) as lost_duplicate,
        sum(lost_net) as lost_net,
        sum(lost_of_start_gross) as lost_of_start_gross,
        sum(lost_of_start_net) as lost_of_start_net,
        sum(clients_end_gross) as clients_end_gross,
        sum(clients_end_net) as clients_end_net,
        cast(sum(lost_revenue_12m_gross) as decimal(28, 4)) as lost_revenue_12m_gross,
        cast(sum(lost_revenue_12m_explained) as decimal(28, 4)) as lost_revenue_12m_explained,
        cast(sum(lost_revenue_12m_net) as decimal(28, 4)) as lost_revenue_12m_net,
        sum(clients_to_check) as clients_to_check,
        sum(clients_probable) as clients_probable,
        cast(sum(probably_not_lost) as decimal(28, 4)) as probably_not_lost,
        cast(sum(probably_not_lost_of_start) as decimal(28, 4)) as probably_not_lost_of_start,
        cast(sum(probably_not_lost_revenue_12m) as decimal(28, 4)) as probably_not_lost_revenue_12m
    from parts
    group by period_kind, period, lost_after_months, cut, cut_value
)

select
    period_kind,
    period,
    lost_after_months,
    cut,
    cut_value,
    clients_start_gross,
    clients_start_net,
    new_gross,
    new_net,
    returned_gross,
    returned_net,
    lost_gross,
    lost_successor,
    lost_dealer,
    lost_duplicate,
    lost_net,
    lost_of_start_gross,
    lost_of_start_net,
    clients_end_gross,
    clients_end_net,
    cast(lost_of_start_gross as double) / nullif(clients_start_gross, 0) as churn_rate_gross,
    cast(lost_of_start_net as double) / nullif(clients_start_net, 0) as churn_rate_net,
    cast(clients_start_gross - lost_of_start_gross as double) / nullif(clients_start_gross, 0)
        as retention_rate_gross,
    cast(clients_start_net - lost_of_start_net as double) / nullif(clients_start_net, 0)
        as retention_rate_net,
    lost_revenue_12m_gross,
    lost_revenue_12m_explained,
    lost_revenue_12m_net,
    clients_to_check,
    clients_probable,
    probably_not_lost,
    probably_not_lost_revenue_12m,
    cast(lost_of_start_net - probably_not_lost_of_start as double) / nullif(clients_start_net, 0)
        as churn_rate_probable,
    case
        when period_kind = 'month' then period + interval '1 month' - interval '1 day'
        when period_kind = 'quarter' then period + interval '3 months' - interval '1 day'
        else period + interval '1 year' - interval '1 day'
    end > $as_of_date as is_partial
from sums
