-- One row per month and months of silence: churn gross, with every id of the sales a client of its
-- own, and net of confirmed links, as in churn; and how many of the lost are probably not lost.
-- grain:  period, lost_after_months
-- reads:  churn[all], linked_client_events[all], lost_clients[all], successor_candidates[all],
--     dealer_candidates[all]
-- column: period date not null -- First day of the month
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: clients_start_gross bigint not null -- Ids not lost before the month
-- column: clients_start_net bigint not null -- Clients not lost before the month
-- column: new_gross bigint not null -- Ids with their first purchase in the month
-- column: new_net bigint not null -- Clients with their first purchase in the month
-- column: returned_gross bigint not null -- Lost ids that bought again
-- column: returned_net bigint not null -- Lost clients that bought again
-- column: lost_gross bigint not null -- Ids lost in the month
-- column: lost_successor bigint not null -- Of these, ids that go on as a successor
-- column: lost_dealer bigint not null -- Of these, ids that buy through a dealer
-- column: lost_duplicate bigint not null -- Of these, ids that are in the master data twice
-- column: lost_net bigint not null -- Clients lost in the month: lost_gross without the three
-- column: clients_end_gross bigint not null -- Ids not lost at the end of the month
-- column: clients_end_net bigint not null -- Clients not lost at the end of the month
-- column: churn_rate_gross double -- lost_gross divided by clients_start_gross; null without
--     clients
-- column: churn_rate_net double -- lost_net divided by clients_start_net; null without clients
-- column: retention_rate_gross double -- One minus churn_rate_gross
-- column: retention_rate_net double -- One minus churn_rate_net
-- column: lost_revenue_12m_gross decimal(28,4) not null -- Revenue of the lost ids in the 12 months
--     that end with the month of their last purchase
-- column: lost_revenue_12m_explained decimal(28,4) not null -- Of it, that of the ids that links
--     explain
-- column: lost_revenue_12m_net decimal(28,4) not null -- Revenue of the lost clients in these
--     months, all ids of a client together
-- column: probably_not_lost decimal(28,4) not null -- Expected number of the lost clients that go
--     on under another name or through a dealer and that nobody has linked yet
-- column: probably_not_lost_revenue_12m decimal(28,4) not null -- Expected part of
--     lost_revenue_12m_net that is theirs
-- column: clients_to_check bigint not null -- Lost clients with at least one candidate
-- column: churn_rate_probable double -- lost_net without probably_not_lost, divided by
--     clients_start_net; null without clients
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with events as (
    select
        make_date(
            cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1
        ) as period,
        lost_after_months,
        event,
        kind,
        is_explained,
        case when level = 'gross' then 1 else -1 end as difference,
        case when level = 'gross' then revenue_12m_before else -revenue_12m_before end as revenue
    from linked_client_events
),

-- Only clients of links differ between the two: what they are under their ids, less what they are
-- as canonical clients.
differences as (
    select
        period,
        lost_after_months,
        sum(case when event = 'new' then difference else 0 end) as new,
        sum(case when event = 'returned' then difference else 0 end) as returned,
        sum(case when event = 'lost' then difference else 0 end) as lost,
        sum(case when is_explained and kind = 'successor' then 1 else 0 end) as lost_successor,
        sum(case when is_explained and kind = 'dealer' then 1 else 0 end) as lost_dealer,
        sum(case when is_explained and kind = 'duplicate' then 1 else 0 end) as lost_duplicate,
        sum(case when event = 'lost' then revenue else 0 end) as lost_revenue,
        sum(case when is_explained then revenue else 0 end) as explained_revenue
    from events
    group by period, lost_after_months
),

-- A silent client may have several candidates, of both kinds; the probabilities of a kind do not
-- exceed 1 together. Probabilities have four decimals: their sums are exact.
successors as (
    select
        silent_client_id,
        last_purchase_date,
        least(sum(cast(probability as decimal(10, 4))), cast(1 as decimal(10, 4))) as probability
    from successor_candidates
    group by silent_client_id, last_purchase_date
),

dealers as (
    select
        silent_client_id,
        last_purchase_date,
        least(sum(cast(probability as decimal(10, 4))), cast(1 as decimal(10, 4))) as probability
    from dealer_candidates
    group by silent_client_id, last_purchase_date
),

doubtful as (
    select
        coalesce(successors.silent_client_id, dealers.silent_client_id) as client_id,
        coalesce(successors.last_purchase_date, dealers.last_purchase_date) as last_purchase_date,
        cast(
            1 - (1 - coalesce(successors.probability, 0)) * (1 - coalesce(dealers.probability, 0))
            as decimal(10, 4)
        ) as probability
    from successors
    full join dealers
        on successors.silent_client_id = dealers.silent_client_id
        and successors.last_purchase_date = dealers.last_purchase_date
),

expected as (
    select
        lost_clients.month as period,
        lost_clients.lost_after_months,
        count(*) as clients,
        sum(doubtful.probability) as probably_not_lost,
        sum(doubtful.probability * lost_clients.revenue_12m_before) as revenue
    from lost_clients
    inner join doubtful
        on lost_clients.client_id = doubtful.client_id
        and lost_clients.last_purchase_date = doubtful.last_purchase_date
    group by lost_clients.month, lost_clients.lost_after_months
),

months as (
    select
        churn.period,
        churn.lost_after_months,
        churn.clients_start as clients_start_net,
        churn.new as new_net,
        churn.returned as returned_net,
        churn.lost as lost_net,
        churn.clients_end as clients_end_net,
        churn.lost_revenue_12m as lost_revenue_12m_net,
        churn.is_partial,
        coalesce(differences.new, 0) as more_new,
        coalesce(differences.returned, 0) as more_returned,
        coalesce(differences.lost, 0) as more_lost,
        coalesce(differences.lost_successor, 0) as lost_successor,
        coalesce(differences.lost_dealer, 0) as lost_dealer,
        coalesce(differences.lost_duplicate, 0) as lost_duplicate,
        coalesce(differences.lost_revenue, 0) as more_lost_revenue,
        coalesce(differences.explained_revenue, 0) as explained_revenue,
        sum(
            coalesce(differences.new + differences.returned - differences.lost, 0)
        ) over (
            partition by churn.lost_after_months order by churn.period
        ) as more_clients_end,
        coalesce(expected.clients, 0) as clients_to_check,
        cast(coalesce(expected.probably_not_lost, 0) as decimal(28, 4)) as probably_not_lost,
        cast(coalesce(expected.revenue, 0) as decimal(28, 4)) as probably_not_lost_revenue_12m
    from churn
    left join differences
        on churn.period = differences.period
        and churn.lost_after_months = differences.lost_after_months
    left join expected
        on churn.period = expected.period
        and churn.lost_after_months = expected.lost_after_months
    where churn.period_kind = 'month' and churn.cut = 'all'
),

counted as (
    select
        period,
        lost_after_months,
        clients_start_net + more_clients_end - more_new - more_returned + more_lost
            as clients_start_gross,
        clients_start_net,
        new_net + more_new as new_gross,
        new_net,
        returned_net + more_returned as returned_gross,
        returned_net,
        lost_net + more_lost as lost_gross,
        lost_successor,
        lost_dealer,
        lost_duplicate,
        lost_net,
        clients_end_net + more_clients_end as clients_end_gross,
        clients_end_net,
        cast(lost_revenue_12m_net + more_lost_revenue as decimal(28, 4)) as lost_revenue_12m_gross,
        cast(explained_revenue as decimal(28, 4)) as lost_revenue_12m_explained,
        lost_revenue_12m_net,
        probably_not_lost,
        probably_not_lost_revenue_12m,
        clients_to_check,
        is_partial
    from months
)

select
    period,
    lost_after_months,
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
    clients_end_gross,
    clients_end_net,
    cast(lost_gross as double) / nullif(clients_start_gross, 0) as churn_rate_gross,
    cast(lost_net as double) / nullif(clients_start_net, 0) as churn_rate_net,
    1 - cast(lost_gross as double) / nullif(clients_start_gross, 0) as retention_rate_gross,
    1 - cast(lost_net as double) / nullif(clients_start_net, 0) as retention_rate_net,
    lost_revenue_12m_gross,
    lost_revenue_12m_explained,
    lost_revenue_12m_net,
    probably_not_lost,
    probably_not_lost_revenue_12m,
    clients_to_check,
    cast(lost_net - probably_not_lost as double) / nullif(clients_start_net, 0)
        as churn_rate_probable,
    is_partial
from counted
