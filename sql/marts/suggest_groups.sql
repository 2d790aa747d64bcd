-- Sizes of the groups that the suggested settings would make: one row per kind of group and group,
-- with its clients by the settings in use and by those of suggest_borders, on the as-of date.
-- grain:  kind, group_name
-- reads:  client_lifecycle[all], client_state[all], suggest_borders[all]
-- param:  as_of_date date
-- param:  lifecycle_prospective_purchases bigint
-- param:  lifecycle_regular_purchases bigint
-- param:  lifecycle_active_days bigint
-- param:  lifecycle_asleep_days bigint
-- param:  churn_lost_after_months bigint[]
-- column: kind text not null -- lifecycle, or lost by the first or second of
--     churn.lost_after_months: lost_1, lost_2
-- column: group_name text not null -- Segment of the life cycle; lost or client
-- column: clients bigint not null -- Clients by the settings in use
-- column: share double not null -- Part of all who have ever bought
-- column: suggested_clients bigint not null -- Clients by the suggested settings, and by those in
--     use where nothing is suggested
-- column: suggested_share double not null -- Part of all who have ever bought
with borders as (
    select
        coalesce(
            max(case when setting = 'lifecycle.active_days' then suggested_value end),
            cast($lifecycle_active_days as text)
        ) as active_days,
        coalesce(
            max(case when setting = 'lifecycle.asleep_days' then suggested_value end),
            cast($lifecycle_asleep_days as text)
        ) as asleep_days,
        coalesce(
            max(case when setting = 'lifecycle.regular_purchases' then suggested_value end),
            cast($lifecycle_regular_purchases as text)
        ) as regular_purchases,
        array_element(cast($churn_lost_after_months as bigint[]), 1) as lost_1,
        array_element(cast($churn_lost_after_months as bigint[]), 2) as lost_2,
        max(
            case when setting = 'churn.lost_after_months' and place = 1 then suggested_value end
        ) as suggested_lost_1,
        max(
            case when setting = 'churn.lost_after_months' and place = 2 then suggested_value end
        ) as suggested_lost_2
    from suggest_borders
),

clients as (
    select
        client_lifecycle.segment,
        client_lifecycle.purchases,
        client_lifecycle.days_since_last_purchase,
        client_state.months_since_last_purchase
    from client_lifecycle
    inner join client_state
        on client_lifecycle.client_id = client_state.client_id
        and client_state.month = cast(date_trunc('month', $as_of_date) as date)
    where client_lifecycle.month = cast(date_trunc('month', $as_of_date) as date)
),

memberships as (
    select
        kinds.kind,
        case kinds.kind
            when 'lifecycle' then clients.segment
            when 'lost_1'
                then case
                    when clients.months_since_last_purchase >= borders.lost_1 then 'lost'
                    else 'client'
                end
            else
                case
                    when clients.months_since_last_purchase >= borders.lost_2 then 'lost'
                    else 'client'
                end
        end as group_name,
        case kinds.kind
            when 'lifecycle'
                then concat(
                    case
                        when clients.purchases >= cast(borders.regular_purchases as bigint)
                            then 'regular'
                        when clients.purchases >= $lifecycle_prospective_purchases
                            then 'prospective'
                        else 'new'
                    end,
                    '_',
                    case
                        when clients.days_since_last_purchase <= cast(borders.active_days as bigint)
                            then 'active'
                        when clients.days_since_last_purchase <= cast(borders.asleep_days as bigint)
                            then 'dozing'
                        else 'asleep'
                    end
                )
            when 'lost_1'
                then case
                    when
                        clients.months_since_last_purchase
                        >= coalesce(cast(borders.suggested_lost_1 as bigint), borders.lost_1)
                        then 'lost'
                    else 'client'
                end
            else
                case
                    when
                        clients.months_since_last_purchase
                        >= coalesce(cast(borders.suggested_lost_2 as bigint), borders.lost_2)
                        then 'lost'
                    else 'client'
                end
        end as suggested_group
    from (values ('lifecycle'), ('lost_1'), ('lost_2')) as kinds (kind)
    cross join borders
    cross join clients
    where
        kinds.kind <> 'lost_2'
        or borders.lost_2 is not null
        or borders.suggested_lost_2 is not null
),

counted as (
    select kind, group_name, count(*) as clients, 0 as suggested_clients
    from memberships
    group by kind, group_name
    union all
    select kind, suggested_group as group_name, 0 as clients, count(*) as suggested_clients
    from memberships
    group by kind, suggested_group
),

sums as (
    select
        kind,
        group_name,
        sum(clients) as clients,
        sum(suggested_clients) as suggested_clients
    from counted
    group by kind, group_name
)

select
    kind,
    group_name,
    clients,
    cast(clients as double) / sum(clients) over (partition by kind) as share,
    suggested_clients,
    cast(suggested_clients as double) / sum(suggested_clients) over (partition by kind)
        as suggested_share
from sums
