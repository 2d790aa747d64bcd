-- One row per client whose type has borders of its own, in the month of its first purchase. Other
-- clients have those of the section `lifecycle` itself.
-- grain:  month, client_id
-- reads:  client_types[0]
-- param:  lifecycle_prospective_purchases bigint
-- param:  lifecycle_regular_purchases bigint
-- param:  lifecycle_active_days bigint
-- param:  lifecycle_asleep_days bigint
-- param:  lifecycle_b2b_prospective_purchases bigint
-- param:  lifecycle_b2b_regular_purchases bigint
-- param:  lifecycle_b2b_active_days bigint
-- param:  lifecycle_b2b_asleep_days bigint
-- param:  lifecycle_b2c_prospective_purchases bigint
-- param:  lifecycle_b2c_regular_purchases bigint
-- param:  lifecycle_b2c_active_days bigint
-- param:  lifecycle_b2c_asleep_days bigint
-- column: month date not null -- Month of the first purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: prospective_purchases bigint not null -- Prospective from so many purchase days on
-- column: regular_purchases bigint not null -- Regular from so many on
-- column: active_days bigint not null -- Active up to so many days after the last purchase
-- column: asleep_days bigint not null -- Asleep after more than so many
with type_borders as (
    select
        'B2B' as client_type,
        cast($lifecycle_b2b_prospective_purchases as bigint) as prospective_purchases,
        cast($lifecycle_b2b_regular_purchases as bigint) as regular_purchases,
        cast($lifecycle_b2b_active_days as bigint) as active_days,
        cast($lifecycle_b2b_asleep_days as bigint) as asleep_days
    union all
    select
        'B2C' as client_type,
        cast($lifecycle_b2c_prospective_purchases as bigint) as prospective_purchases,
        cast($lifecycle_b2c_regular_purchases as bigint) as regular_purchases,
        cast($lifecycle_b2c_active_days as bigint) as active_days,
        cast($lifecycle_b2c_asleep_days as bigint) as asleep_days
)

select
    client_types.month,
    client_types.client_id,
    type_borders.prospective_purchases,
    type_borders.regular_purchases,
    type_borders.active_days,
    type_borders.asleep_days
from type_borders
inner join client_types
    on type_borders.client_type = client_types.client_type
where
    client_types.month between $first_month and $last_month
    and (
        type_borders.prospective_purchases <> $lifecycle_prospective_purchases
        or type_borders.regular_purchases <> $lifecycle_regular_purchases
        or type_borders.active_days <> $lifecycle_active_days
        or type_borders.asleep_days <> $lifecycle_asleep_days
    )
