-- One row per month, months of silence and client lost in that month.
-- grain:  month, lost_after_months, client_id
-- reads:  client_state[0], client_revenue_12m[0-max(churn_lost_after_months)..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
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
--     ending
--     with the month of the last purchase
-- column: purchases bigint not null -- Lifetime purchase days
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
    client_state.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from client_state
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
