-- One row per month, months of silence and client lost in that month.
-- grain:  month, lost_after_months, client_id
-- reads:  client_state[0], client_class[0], client_contact_grounds[0],
--     client_revenue_12m[0-max(churn_lost_after_months)..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  loss_rhythm_intervals bigint
-- column: month date not null -- Month of the loss, written as its first day
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: client_id text not null -- Canonical client
-- column: first_purchase_date date not null -- First purchase day of the client's life
-- column: last_purchase_date date not null -- Last purchase day before the loss
-- column: manager text not null -- Manager of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending with the month of the last purchase
-- column: purchases bigint not null -- Lifetime purchase days
-- column: profit_12m_before decimal(28,4) -- Profit in the same 12 months; null when no cost is
--     known
-- column: first_category text not null -- Category of the first purchase
-- column: segment text not null -- Life-cycle segment in the month of the last purchase
-- column: abc text not null -- ABC class by revenue in the month of the last purchase
-- column: own_rhythm boolean not null -- Also silent for three times its own median interval, at
--     the end of the month; like the next three a ground of its own, which makes no loss here
-- column: low_nps boolean not null -- Its last nps answer of the last 12 months is 6 or less
-- column: open_conflict boolean not null -- A conflict is open
-- column: asked_without_buying boolean not null -- Three or more inquiries since the last purchase,
--     in the last 12 months
-- column: is_partial boolean not null -- The month is not finished at the as-of date
select
    client_state.month,
    client_state.months_since_last_purchase as lost_after_months,
    client_state.client_id,
    client_state.first_purchase_date,
    client_state.last_purchase_date,
    client_state.manager,
    client_state.channel,
    client_state.region,
    client_state.department,
    client_state.branch,
    client_revenue_12m.revenue_12m as revenue_12m_before,
    client_state.purchases,
    client_revenue_12m.profit_12m as profit_12m_before,
    client_class.first_category,
    client_class.segment,
    client_class.abc,
    coalesce(
        cast(
            least(
                cast(client_state.month + interval '1 month' - interval '1 day' as date),
                $as_of_date
            ) - client_state.last_purchase_date as bigint
        ) >= client_state.median_interval_days * $loss_rhythm_intervals,
        false
    ) as own_rhythm,
    coalesce(client_contact_grounds.low_nps, false) as low_nps,
    coalesce(client_contact_grounds.open_conflict, false) as open_conflict,
    coalesce(client_contact_grounds.asked_without_buying, false) as asked_without_buying,
    client_state.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from client_state
inner join client_class
    on client_state.client_id = client_class.client_id
    and client_state.month = client_class.month
    and client_class.month between $first_month and $last_month
left join client_contact_grounds
    on client_state.client_id = client_contact_grounds.client_id
    and client_state.month = client_contact_grounds.month
    and client_contact_grounds.month between $first_month and $last_month
left join client_revenue_12m
    on client_state.client_id = client_revenue_12m.client_id
    and client_state.last_purchase_month = client_revenue_12m.month
    and client_revenue_12m.month >= make_date(
        (
            cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date)) as bigint
            ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
        ) / 12,
        (
            cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date)) as bigint
            ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
        ) % 12 + 1,
        1
    )
    and client_revenue_12m.month <= $last_month
where
    client_state.month between $first_month and $last_month
    and array_has(
        cast($churn_lost_after_months as bigint[]), client_state.months_since_last_purchase
    )
