-- One row per level, client of a confirmed link, months of silence, month and event: its first
-- purchase, its losses and returns, under its own id (gross) and as the canonical client (net).
-- grain:  level, client_id, lost_after_months, month_number, event
-- reads:  link_end_month[all], churn[all]
-- param:  churn_lost_after_months bigint[]
-- column: level text not null -- gross or net
-- column: client_id text not null -- Client as the sales name it for gross, canonical for net
-- column: canonical_client_id text not null -- Canonical client
-- column: kind text not null -- Kind of its link: successor, dealer or duplicate
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: month_number bigint not null -- Number of the month (year * 12 + month - 1)
-- column: event text not null -- new, lost or returned
-- column: first_month_number bigint not null -- Number of the month of its first purchase
-- column: is_first_loss boolean not null -- The event is its first loss
-- column: is_explained boolean not null -- A loss of gross that the link explains: the canonical
--     client is not lost by the same silence, or counts the loss of the id that bought last
-- column: revenue_12m_before decimal(28,4) -- Of a loss: revenue net of returns in the 12 months
--     that end with the month of the last purchase
-- column: manager text -- Of a loss: manager of the last purchase; likewise the four below
-- column: department text -- Of a loss: department of the last purchase
-- column: branch text -- Of a loss: branch of the last purchase
-- column: region text -- Of a loss: region of the last purchase
-- column: channel text -- Of a loss: sales channel of the last purchase
with last_month as (
    select
        max(cast(date_part('year', period) * 12 + date_part('month', period) - 1 as bigint))
            as month_number
    from churn
    where period_kind = 'month'
),

entity_months as (
    select
        'gross' as level,
        source_client_id as client_id,
        client_id as canonical_client_id,
        kind,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        is_buyer,
        is_last_buyer,
        revenue
    from link_end_month
    union all
    select
        'net' as level,
        client_id,
        client_id as canonical_client_id,
        min(kind) as kind,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        bool_or(is_buyer) as is_buyer,
        bool_or(is_last_buyer) as is_last_buyer,
        sum(revenue) as revenue
    from link_end_month
    group by client_id, month
),

purchase_months as (
    select
        level,
        client_id,
        canonical_client_id,
        kind,
        month_number,
        is_last_buyer,
        min(month_number) over (partition by level, client_id) as first_month_number,
        lead(month_number) over (partition by level, client_id order by month_number)
            as next_month_number
    from entity_months
    where is_buyer
),

by_rule as (
    select
        level,
        client_id,
        canonical_client_id,
        kind,
        month_number,
        is_last_buyer,
        first_month_number,
        next_month_number,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from purchase_months
),

losses as (
    select
        by_rule.level,
        by_rule.client_id,
        by_rule.canonical_client_id,
        by_rule.kind,
        by_rule.lost_after_months,
        by_rule.month_number as last_month_number,
        by_rule.month_number + by_rule.lost_after_months as month_number,
        by_rule.next_month_number,
        by_rule.first_month_number,
        by_rule.is_last_buyer
    from last_month
    cross join by_rule
    where
        by_rule.month_number + by_rule.lost_after_months <= last_month.month_number
        and (
            by_rule.next_month_number is null
            or by_rule.next_month_number > by_rule.month_number + by_rule.lost_after_months
        )
),

revenue_before as (
    select
        losses.level,
        losses.client_id,
        losses.lost_after_months,
        losses.month_number,
        sum(entity_months.revenue) as revenue
    from losses
    inner join entity_months
        on losses.level = entity_months.level
        and losses.client_id = entity_months.client_id
        and entity_months.month_number
            between losses.last_month_number - 11 and losses.last_month_number
    group by losses.level, losses.client_id, losses.lost_after_months, losses.month_number
),

first_losses as (
    select level, client_id, lost_after_months, min(month_number) as month_number
    from losses
    group by level, client_id, lost_after_months
),

-- When the canonical client is lost by the same silence, the id that made its last purchase bears
-- that loss, where that purchase was made. The losses of the others are explained.
borne as (
    select
        gross.client_id,
        gross.lost_after_months,
        gross.month_number
    from losses as gross
    inner join losses as net
        on net.level = 'net'
        and gross.canonical_client_id = net.client_id
        and gross.lost_after_months = net.lost_after_months
        and gross.month_number = net.month_number
    where gross.level = 'gross' and gross.is_last_buyer
),

-- Where the last purchase of a month was made, is known of the id that made it.
places as (
    select
        'gross' as level,
        source_client_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        manager,
        department,
        branch,
        region,
        channel
    from link_end_month
    where is_buyer
    union all
    select
        'net' as level,
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        manager,
        department,
        branch,
        region,
        channel
    from link_end_month
    where is_last_buyer
)

select
    losses.level,
    losses.client_id,
    losses.canonical_client_id,
    losses.kind,
    losses.lost_after_months,
    losses.month_number,
    'lost' as event,
    losses.first_month_number,
    losses.month_number = first_losses.month_number as is_first_loss,
    losses.level = 'gross' and borne.client_id is null as is_explained,
    cast(revenue_before.revenue as decimal(28, 4)) as revenue_12m_before,
    places.manager,
    places.department,
    places.branch,
    places.region,
    places.channel
from losses
inner join first_losses
    on losses.level = first_losses.level
    and losses.client_id = first_losses.client_id
    and losses.lost_after_months = first_losses.lost_after_months
inner join revenue_before
    on losses.level = revenue_before.level
    and losses.client_id = revenue_before.client_id
    and losses.lost_after_months = revenue_before.lost_after_months
    and losses.month_number = revenue_before.month_number
inner join places
    on losses.level = places.level
    and losses.client_id = places.client_id
    and losses.last_month_number = places.month_number
left join borne
    on losses.level = 'gross'
    and losses.client_id = borne.client_id
    and losses.lost_after_months = borne.lost_after_months
    and losses.month_number = borne.month_number
union all
select
    level,
    client_id,
    canonical_client_id,
    kind,
    lost_after_months,
    next_month_number as month_number,
    'returned' as event,
    first_month_number,
    false as is_first_loss,
    false as is_explained,
    null as revenue_12m_before,
    null as manager,
    null as department,
    null as branch,
    null as region,
    null as channel
from losses
where next_month_number is not null
union all
select
    level,
    client_id,
    canonical_client_id,
    kind,
    lost_after_months,
    month_number,
    'new' as event,
    first_month_number,
    false as is_first_loss,
    false as is_explained,
    null as revenue_12m_before,
    null as manager,
    null as department,
    null as branch,
    null as region,
    null as channel
from by_rule
where month_number = first_month_number
