-- One row per client won back in the last 12 months, by the shortest rule of N months: how it has
-- bought since, and the signals that it may leave again.
-- grain:  client_id
-- reads:  returned_clients[all], client_lifecycle[all], client_state[all], entity_month[all],
--     client_contact_grounds[all], interactions[all], canonical_client[all], clients[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  winback_watch_overdue_ratio double
-- param:  winback_watch_revenue_ratio double
-- param:  winback_watch_return_share double
-- column: client_id text not null -- Canonical client
-- column: returned_month date not null -- Month of its last return, of the 12 that end with the
--     as-of date
-- column: lost_month date not null -- Month of the loss that it ended
-- column: months_silent bigint not null -- Whole months without a purchase before the return
-- column: manager text not null -- Manager of the master data, else of the last purchase
-- column: segment text not null -- Life-cycle segment at the as-of date
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from it to the as-of date
-- column: overdue_ratio double -- These days divided by its median interval
-- column: purchases_since bigint not null -- Purchase days from the month of the return on
-- column: revenue_since decimal(28,4) not null -- Revenue net of returns from that month on
-- column: revenue_12m_before decimal(28,4) not null -- Revenue in the 12 months that ended with its
--     last purchase before the loss
-- column: revenue_ratio double -- Revenue a day from the first of the month of the return on,
--     divided by that of the year before the loss; null when that was not positive
-- column: lost_again boolean not null -- It is lost by the rule again
-- column: overdue boolean not null -- Silent for twice its median interval
-- column: bought_once boolean not null -- One purchase day since, and none after the month of the
--     return
-- column: buys_less boolean not null -- revenue_ratio is below one half, and the month of the
--     return is over
-- column: returns_goods boolean not null -- A tenth or more of what it bought since went back
-- column: complained boolean not null -- A complaint or conflict from the month of the return on
-- column: low_nps boolean not null -- Its last nps answer of the last 12 months is 6 or less
-- column: open_conflict boolean not null -- A conflict is open
-- column: signals bigint not null -- How many of these eight hold
-- column: as_of_date date not null -- The date the table speaks for
with last_returns as (
    select
        client_id,
        max(month) as month
    from returned_clients
    where
        lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
        and month >= cast(
            date_trunc('month', cast($as_of_date as date)) - interval '11 months' as date
        )
    group by client_id
),

returns as (
    select
        returned_clients.client_id,
        returned_clients.month,
        returned_clients.lost_month,
        returned_clients.months_silent,
        returned_clients.revenue_12m_before
    from returned_clients
    inner join last_returns
        on returned_clients.client_id = last_returns.client_id
        and returned_clients.month = last_returns.month
    where
        returned_clients.lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
),

bought_since as (
    select
        returns.client_id,
        sum(entity_month.purchases) as purchases,
        sum(entity_month.revenue) as revenue,
        -sum(entity_month.return_revenue) as given_back
    from returns
    inner join entity_month
        on returns.client_id = entity_month.entity_id
        and returns.month <= entity_month.month
    where
        entity_month.dimension = 'client'
        and entity_month.month >= cast(
            date_trunc('month', cast($as_of_date as date)) - interval '11 months' as date
        )
    group by returns.client_id
),

complaints as (
    select returns.client_id
    from returns
    inner join (
        select
            coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
            interactions.interaction_date
        from interactions
        left join canonical_client
            on interactions.client_id = canonical_client.client_id
        where
            interactions.kind in ('complaint', 'conflict')
            and interactions.interaction_date <= $as_of_date
    ) as complaints
        on returns.client_id = complaints.client_id
        and returns.month <= complaints.interaction_date
    group by returns.client_id
),

managers as (
    select
        client_id,
        max(nullif(trim(manager), '')) as manager
    from clients
    group by client_id
),

described as (
    select
        returns.client_id,
        returns.month as returned_month,
        returns.lost_month,
        returns.months_silent,
        coalesce(managers.manager, client_state.manager) as manager,
        client_lifecycle.segment,
        client_lifecycle.last_purchase_date,
        client_lifecycle.days_since_last_purchase,
        client_lifecycle.overdue_ratio,
        bought_since.purchases as purchases_since,
        bought_since.revenue as revenue_since,
        returns.revenue_12m_before,
        case
            when returns.revenue_12m_before > 0
                then cast(bought_since.revenue as double)
                    / cast(cast($as_of_date as date) - returns.month + 1 as bigint) * 365
                    / cast(returns.revenue_12m_before as double)
        end as revenue_ratio,
        client_state.month > returns.month as is_month_over,
        client_state.months_since_last_purchase
        >= array_min(cast($churn_lost_after_months as bigint[])) as lost_again,
        coalesce(client_lifecycle.overdue_ratio >= $winback_watch_overdue_ratio, false)
            as overdue,
        bought_since.purchases = 1 and client_state.month > returns.month as bought_once,
        cast(bought_since.given_back as double) > 0
        and cast(bought_since.given_back as double)
        >= $winback_watch_return_share
        * cast(bought_since.revenue + bought_since.given_back as double) as returns_goods,
        complaints.client_id is not null as complained,
        coalesce(client_contact_grounds.low_nps, false) as low_nps,
        coalesce(client_contact_grounds.open_conflict, false) as open_conflict,
        cast($winback_watch_revenue_ratio as double) as watch_revenue_ratio
    from returns
    inner join client_lifecycle
        on returns.client_id = client_lifecycle.client_id
        and client_lifecycle.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    inner join client_state
        on returns.client_id = client_state.client_id
        and client_state.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    inner join bought_since
        on returns.client_id = bought_since.client_id
    left join complaints
        on returns.client_id = complaints.client_id
    left join client_contact_grounds
        on returns.client_id = client_contact_grounds.client_id
        and client_contact_grounds.month
        = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left join managers
        on returns.client_id = managers.client_id
),

judged as (
    select
        client_id,
        returned_month,
        lost_month,
        months_silent,
        manager,
        segment,
        last_purchase_date,
        days_since_last_purchase,
        overdue_ratio,
        purchases_since,
        revenue_since,
        revenue_12m_before,
        revenue_ratio,
        lost_again,
        overdue,
        bought_once,
        coalesce(is_month_over and revenue_ratio < watch_revenue_ratio, false) as buys_less,
        returns_goods,
        complained,
        low_nps,
        open_conflict
    from described
)

select
    client_id,
    returned_month,
    lost_month,
    months_silent,
    manager,
    segment,
    last_purchase_date,
    days_since_last_purchase,
    overdue_ratio,
    purchases_since,
    cast(revenue_since as decimal(28, 4)) as revenue_since,
    revenue_12m_before,
    revenue_ratio,
    lost_again,
    overdue,
    bought_once,
    buys_less,
    returns_goods,
    complained,
    low_nps,
    open_conflict,
    cast(
        case when lost_again then 1 else 0 end
        + case when overdue then 1 else 0 end
        + case when bought_once then 1 else 0 end
        + case when buys_less then 1 else 0 end
        + case when returns_goods then 1 else 0 end
        + case when complained then 1 else 0 end
        + case when low_nps then 1 else 0 end
        + case when open_conflict then 1 else 0 end
        as bigint
    ) as signals,
    cast($as_of_date as date) as as_of_date
from judged
