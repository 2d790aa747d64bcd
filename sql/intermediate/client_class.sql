-- One row per client who has ever bought and month from its first purchase on: the classes it was
-- in when it last bought. They change by buying only, like manager and channel of the last
-- purchase.
-- grain:  month, client_id
-- reads:  client_class[-1], client_state[0], client_lifecycle[0], abc_xyz[0],
--     client_first_category[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: last_purchase_month date not null -- Month of the last purchase
-- column: first_category text not null -- Category of the first purchase
-- column: segment text not null -- Life-cycle segment at the end of the month of the last purchase
-- column: abc text not null -- ABC class by revenue in the month of the last purchase; (unknown)
--     when the parameters leave clients or revenue out
-- column: previous_segment text -- Segment as known at the end of the month before; null in the
--     month of the first purchase
-- column: previous_abc text -- ABC class as known at the end of the month before; null in the month
--     of the first purchase
with purchase_classes as (
    -- What was known before the range, at its own purchase month, and the buyers of the range.
    select
        client_id,
        last_purchase_month as purchase_month,
        segment,
        abc
    from client_class
    where month = cast($first_month as date) - interval '1 month'
    union all
    select
        client_lifecycle.client_id,
        client_lifecycle.month as purchase_month,
        client_lifecycle.segment,
        coalesce(abc_xyz.abc, '(unknown)') as abc
    from client_lifecycle
    left join abc_xyz
        on client_lifecycle.client_id = abc_xyz.entity_id
        and client_lifecycle.month = abc_xyz.month
        and abc_xyz.dimension = 'client'
        and abc_xyz.measure = 'revenue'
        and abc_xyz.month between $first_month and $last_month
    where
        client_lifecycle.month between $first_month and $last_month
        and client_lifecycle.last_purchase_date >= client_lifecycle.month
),

first_categories as (
    select
        client_id,
        first_category
    from client_class
    where month = cast($first_month as date) - interval '1 month'
    union all
    select
        client_id,
        first_category
    from client_first_category
    where month between $first_month and $last_month
)

select
    client_state.month,
    client_state.client_id,
    client_state.last_purchase_month,
    first_categories.first_category,
    last.segment,
    last.abc,
    previous.segment as previous_segment,
    previous.abc as previous_abc
from client_state
inner join first_categories
    on client_state.client_id = first_categories.client_id
inner join purchase_classes as last
    on client_state.client_id = last.client_id
    and client_state.last_purchase_month = last.purchase_month
left join purchase_classes as previous
    on client_state.client_id = previous.client_id
    and client_state.previous_purchase_month = previous.purchase_month
where client_state.month between $first_month and $last_month
