-- One row per month, months of silence and client who was lost and bought again in that month.
-- grain:  month, lost_after_months, client_id
-- reads:  client_cuts[0], lost_clients[..-1], entity_month[0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- column: month date not null -- Month of the return, written as its first day
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: client_id text not null -- Canonical client
-- column: lost_month date not null -- Month of the loss that this return ends
-- column: months_silent bigint not null -- Whole months without a purchase before the return
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending
--     with the month of the last purchase before the loss
-- column: revenue_in_month decimal(28,4) not null -- Revenue net of returns in the month of the
--     return
-- column: manager text not null -- Manager of the returning purchase
-- column: channel text not null -- Sales channel of the returning purchase
-- column: region text not null -- Region of the returning purchase
-- column: department text not null -- Department of the returning purchase
-- column: branch text not null -- Branch of the returning purchase
-- column: first_category text not null -- Category of the first purchase of the client's life
-- column: segment text not null -- Life-cycle segment in the month of the return
-- column: abc text not null -- ABC class by revenue in the month of the return
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with buyers as (
    select
        month,
        client_id,
        cast(
            date_part('year', month) * 12 + date_part('month', month)
            - date_part('year', previous_purchase_month) * 12
            - date_part('month', previous_purchase_month)
            as bigint
        ) as months_since_previous_purchase,
        cast(
            date_part('year', previous_purchase_month) * 12
            + date_part('month', previous_purchase_month) - 1
            as bigint
        ) as previous_month_number,
        manager,
        channel,
        region,
        department,
        branch,
        first_category,
        segment,
        abc
    from client_cuts
    where month between $first_month and $last_month
),

-- Most buyers bought a month or two ago: only who was silent for long is counted by every rule.
returns as (
    select
        month,
        client_id,
        months_since_previous_purchase,
        previous_month_number,
        manager,
        channel,
        region,
        department,
        branch,
        first_category,
        segment,
        abc,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from buyers
    where months_since_previous_purchase > array_min(cast($churn_lost_after_months as bigint[]))
),

dated_returns as (
    select
        month,
        lost_after_months,
        client_id,
        make_date(
            cast((previous_month_number + lost_after_months) / 12 as int),
            cast((previous_month_number + lost_after_months) % 12 + 1 as int),
            1
        ) as lost_month,
        months_since_previous_purchase - 1 as months_silent,
        manager,
        channel,
        region,
        department,
        branch,
        first_category,
        segment,
        abc
    from returns
    where months_since_previous_purchase > lost_after_months
)

select
    dated_returns.month,
    dated_returns.lost_after_months,
    dated_returns.client_id,
    dated_returns.lost_month,
    dated_returns.months_silent,
    lost_clients.revenue_12m_before,
    entity_month.revenue as revenue_in_month,
    dated_returns.manager,
    dated_returns.channel,
    dated_returns.region,
    dated_returns.department,
    dated_returns.branch,
    dated_returns.first_category,
    dated_returns.segment,
    dated_returns.abc,
    dated_returns.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from dated_returns
left join lost_clients
    on dated_returns.client_id = lost_clients.client_id
    and dated_returns.lost_after_months = lost_clients.lost_after_months
    and dated_returns.lost_month = lost_clients.month
    and lost_clients.month < $last_month
left join entity_month
    on dated_returns.client_id = entity_month.entity_id
    and dated_returns.month = entity_month.month
    and entity_month.dimension = 'client'
    and entity_month.month between $first_month and $last_month
