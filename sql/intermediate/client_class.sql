-- One row per client who has ever bought and month from its first purchase on: the classes it was
-- in when it last bought. They change by buying only, like manager and channel of the last
-- purchase.
-- grain:  month, client_id
-- reads:  client_class[-1], client_cuts[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: last_purchase_month date not null -- Month of the last purchase
-- column: first_category text not null -- Category of the first purchase
-- column: segment text not null -- Life-cycle segment at the end of the month of the last purchase
-- column: abc text not null -- ABC class by revenue in the month of the last purchase; (unknown)
--     when the parameters leave clients or revenue out
with buyers as (
    select
        month,
        client_id,
        previous_purchase_month,
        first_category,
        segment,
        abc
    from client_cuts
    where month between $first_month and $last_month
),

-- Buyers of the range, and what was known before it, which is one event more.
events as (
    select
        cast($first_month as date) as month,
        client_id,
        last_purchase_month,
        first_category,
        segment,
        abc
    from client_class
    where month = cast($first_month as date) - interval '1 month'
    union all
    select
        month,
        client_id,
        month as last_purchase_month,
        first_category,
        segment,
        abc
    from buyers
),

-- An event speaks for every month until the client's next purchase.
event_months as (
    select
        events.client_id,
        events.last_purchase_month,
        events.first_category,
        events.segment,
        events.abc,
        unnest(
            range(
                cast(
                    date_part('year', events.month) * 12 + date_part('month', events.month) - 1
                    as bigint
                ),
                coalesce(
                    cast(
                        date_part('year', next_purchases.month) * 12
                        + date_part('month', next_purchases.month) - 1
                        as bigint
                    ),
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from events
    left join buyers as next_purchases
        on events.client_id = next_purchases.client_id
        and events.last_purchase_month = next_purchases.previous_purchase_month
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    client_id,
    last_purchase_month,
    first_category,
    segment,
    abc
from event_months
