-- Every client who is neither lost nor asleep is watched, nobody else is, and its revenue of 12
-- months is the one known elsewhere.
-- audits: client_signals
-- reads:  client_signals[0], client_state[0], client_borders[..0], client_revenue_12m[-1..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  lifecycle_asleep_days bigint
with own_borders as (
    select client_id, asleep_days
    from client_borders
    where month <= $last_month
),

expected as (
    select
        client_state.month,
        client_state.client_id
    from own_borders
    right join client_state
        on own_borders.client_id = client_state.client_id
    where
        client_state.month between $first_month and $last_month
        and client_state.months_since_last_purchase
        < array_min(cast($churn_lost_after_months as bigint[]))
        and least(
            cast(client_state.month + interval '1 month' - interval '1 day' as date), $as_of_date
        ) - client_state.last_purchase_date
        <= coalesce(own_borders.asleep_days, $lifecycle_asleep_days)
),

revenues as (
    select
        month as reference_month,
        client_id,
        revenue_12m
    from client_revenue_12m
    where
        month >= cast($first_month as date) - interval '1 month'
        and month <= $last_month
),

actual as (
    select
        client_signals.month,
        client_signals.client_id,
        client_signals.revenue_12m,
        coalesce(revenues.revenue_12m, 0) as expected_revenue_12m
    from client_signals
    left join revenues
        on client_signals.client_id = revenues.client_id
        and client_signals.reference_month = revenues.reference_month
    where client_signals.month between $first_month and $last_month
)

select
    coalesce(expected.month, actual.month) as month,
    coalesce(expected.client_id, actual.client_id) as client_id,
    expected.client_id is not null as is_expected,
    actual.client_id is not null as is_watched,
    actual.expected_revenue_12m,
    actual.revenue_12m
from expected
full join actual
    on expected.month = actual.month
    and expected.client_id = actual.client_id
where
    expected.client_id is null
    or actual.client_id is null
    or actual.revenue_12m <> actual.expected_revenue_12m
