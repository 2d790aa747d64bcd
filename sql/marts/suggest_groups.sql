-- Sizes of the groups that the suggested settings would make: one row per kind of group and group,
-- with its clients by the settings in use and by those of suggest_borders, on the as-of date.
-- grain:  kind, group_name
-- reads:  client_lifecycle[all], client_state[all], client_types[all], suggest_borders[all]
-- param:  as_of_date date
-- param:  lifecycle_prospective_purchases bigint
-- param:  lifecycle_b2b_prospective_purchases bigint
-- param:  lifecycle_b2c_prospective_purchases bigint
-- param:  churn_lost_after_months bigint[]
-- column: kind text not null -- lifecycle: all clients; lifecycle_b2b and lifecycle_b2c: those of one
--     type; lost by the first or second of churn.lost_after_months: lost_1, lost_2
-- column: group_name text not null -- Segment of the life cycle; lost or client
-- column: clients bigint not null -- Clients by the settings in use
-- column: share double not null -- Part of the clients of the kind
-- column: suggested_clients bigint not null -- Clients by the suggested settings, and by those in
--     use where nothing is suggested
-- column: suggested_share double not null -- Part of the clients of the kind
with settings as (
    select
        -- Of the months of silence, that of the as-of date is no whole one until it is over.
        case
            when
                date_trunc('month', cast($as_of_date as date))
                = date_trunc('month', cast($as_of_date as date) + interval '1 day')
                then 1
            else 0
        end as unfinished_months,
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

-- A type without a suggestion of its own goes with all clients, unless it has a setting of its own.
lifecycle_settings as (
    select
        case
            when own.setting like 'lifecycle.b2b.%' then 'B2B'
            when own.setting like 'lifecycle.b2c.%' then 'B2C'
            else '(unknown)'
        end as client_type,
        general.setting as name,
        cast(
            case
                when own.suggested_value is not null then own.suggested_value
                when own.current_value = general.current_value
                    then coalesce(general.suggested_value, general.current_value)
                else own.current_value
            end as bigint
        ) as suggested_value
    from suggest_borders as own
    inner join suggest_borders as general
        on replace(replace(own.setting, '.b2b.', '.'), '.b2c.', '.') = general.setting
    where own.setting like 'lifecycle.%'
),

borders as (
    select
        client_type,
        case client_type
            when 'B2B' then $lifecycle_b2b_prospective_purchases
            when 'B2C' then $lifecycle_b2c_prospective_purchases
            else $lifecycle_prospective_purchases
        end as prospective_purchases,
        max(case when name = 'lifecycle.regular_purchases' then suggested_value end)
            as regular_purchases,
        max(case when name = 'lifecycle.active_days' then suggested_value end) as active_days,
        max(case when name = 'lifecycle.asleep_days' then suggested_value end) as asleep_days
    from lifecycle_settings
    group by client_type
),

-- Every client twice: with all, and with those of its type.
clients as (
    select
        coalesce(client_types.client_type, '(unknown)') as client_type,
        client_lifecycle.segment,
        client_lifecycle.purchases,
        client_lifecycle.days_since_last_purchase,
        client_state.months_since_last_purchase
    from client_lifecycle
    inner join client_state
        on client_lifecycle.client_id = client_state.client_id
        and client_state.month = cast(date_trunc('month', $as_of_date) as date)
    left join client_types
        on client_lifecycle.client_id = client_types.client_id
    where client_lifecycle.month = cast(date_trunc('month', $as_of_date) as date)
),

lifecycle_groups as (
    select
        clients.client_type,
        clients.segment as group_name,
        concat(
            case
                when clients.purchases >= borders.regular_purchases then 'regular'
                when clients.purchases >= borders.prospective_purchases then 'prospective'
                else 'new'
            end,
            '_',
            case
                when clients.days_since_last_purchase <= borders.active_days then 'active'
                when clients.days_since_last_purchase <= borders.asleep_days then 'dozing'
                else 'asleep'
            end
        ) as suggested_group
    from borders
    inner join clients
        on borders.client_type = clients.client_type
),

lost_groups as (
    select
        kinds.kind,
        clients.months_since_last_purchase - settings.unfinished_months
        >= case when kinds.kind = 'lost_1' then settings.lost_1 else settings.lost_2 end
            as is_lost,
        clients.months_since_last_purchase - settings.unfinished_months
        >= case
            when kinds.kind = 'lost_1'
                then coalesce(cast(settings.suggested_lost_1 as bigint), settings.lost_1)
            else coalesce(cast(settings.suggested_lost_2 as bigint), settings.lost_2)
        end as is_lost_as_suggested
    from (values ('lost_1'), ('lost_2')) as kinds (kind)
    cross join settings
    cross join clients
    where
        kinds.kind = 'lost_1'
        or settings.lost_2 is not null
        or settings.suggested_lost_2 is not null
),

memberships as (
    select 'lifecycle' as kind, group_name, suggested_group
    from lifecycle_groups
    union all
    select concat('lifecycle_', lower(client_type)) as kind, group_name, suggested_group
    from lifecycle_groups
    where client_type <> '(unknown)'
    union all
    select
        kind,
        case when is_lost then 'lost' else 'client' end as group_name,
        case when is_lost_as_suggested then 'lost' else 'client' end as suggested_group
    from lost_groups
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
