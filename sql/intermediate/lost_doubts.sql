-- One row per months of silence and lost client of whom there are candidates for a successor or a
-- dealer, that nobody has linked yet: how probable it is that it goes on.
-- grain:  lost_after_months, client_id
-- reads:  lost_clients[all], returned_clients[all], successor_candidates[all],
--     dealer_candidates[all]
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: client_id text not null -- Canonical client, silent since
-- column: loss_month date not null -- Month of the loss
-- column: came_month date not null -- Month of the first purchase or return since which it had been
--     a client
-- column: channel text not null -- Sales channel of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: manager text not null -- Manager of the last purchase
-- column: probability decimal(10,4) not null -- Probability that it goes on under another name or
--     through a dealer: 1 - (1 - that of its successors) * (1 - that of its dealers)
-- column: is_probable boolean not null -- One of its candidates is probable
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months that
--     end with the month of the last purchase
with candidates as (
    select
        silent_client_id as client_id,
        last_purchase_date,
        'successor' as kind,
        probability,
        band
    from successor_candidates
    union all
    select
        silent_client_id as client_id,
        last_purchase_date,
        'dealer' as kind,
        probability,
        band
    from dealer_candidates
),

-- The probabilities of a kind do not exceed 1 together. They have four decimals: their sums are
-- exact.
kinds as (
    select
        client_id,
        last_purchase_date,
        kind,
        least(sum(cast(probability as decimal(10, 4))), cast(1 as decimal(10, 4)))
            as probability,
        bool_or(band = 'probable') as is_probable
    from candidates
    group by client_id, last_purchase_date, kind
),

doubtful as (
    select
        client_id,
        last_purchase_date,
        sum(case when kind = 'successor' then probability else 0 end) as successor,
        sum(case when kind = 'dealer' then probability else 0 end) as dealer,
        bool_or(is_probable) as is_probable
    from kinds
    group by client_id, last_purchase_date
),

losses as (
    select
        lost_clients.lost_after_months,
        lost_clients.client_id,
        lost_clients.month as loss_month,
        lost_clients.first_purchase_date,
        lost_clients.channel,
        lost_clients.region,
        lost_clients.department,
        lost_clients.branch,
        lost_clients.manager,
        cast(1 - (1 - doubtful.successor) * (1 - doubtful.dealer) as decimal(10, 4))
            as probability,
        doubtful.is_probable,
        lost_clients.revenue_12m_before
    from lost_clients
    inner join doubtful
        on lost_clients.client_id = doubtful.client_id
        and lost_clients.last_purchase_date = doubtful.last_purchase_date
),

-- All returns were before: the silence goes on.
last_returns as (
    select
        returned_clients.lost_after_months,
        returned_clients.client_id,
        max(returned_clients.month) as month
    from returned_clients
    left semi join losses
        on returned_clients.client_id = losses.client_id
    group by returned_clients.lost_after_months, returned_clients.client_id
)

select
    losses.lost_after_months,
    losses.client_id,
    losses.loss_month,
    coalesce(
        last_returns.month, cast(date_trunc('month', losses.first_purchase_date) as date)
    ) as came_month,
    losses.channel,
    losses.region,
    losses.department,
    losses.branch,
    losses.manager,
    losses.probability,
    losses.is_probable,
    losses.revenue_12m_before
from losses
left join last_returns
    on losses.lost_after_months = last_returns.lost_after_months
    and losses.client_id = last_returns.client_id
