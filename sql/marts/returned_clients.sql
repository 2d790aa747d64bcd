-- One row per month, months of silence and client who was lost and bought again in that month.
-- grain:  month, lost_after_months, client_id
-- reads:  client_state[0], client_class[0], lost_clients[..-1], entity_month[0]
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
        months_since_previous_purchase,
        manager,
        channel,
        region,
        department,
        branch,
        cast(
            date_part('year', previous_purchase_month) * 12
            + date_part('month', previous_purchase_month) - 1
            as bigint
        ) as previous_month_number,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from client_state
    where month between $first_month and $last_month and months_since_last_purchase = 0
),

returns as (
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
        branch
    from buyers
    where months_since_previous_purchase > lost_after_months
)

select
    returns.month,
    returns.lost_after_months,
    returns.client_id,
    returns.lost_month,
    returns.months_silent,
    lost_clients.revenue_12m_before,
    entity_month.revenue as revenue_in_month,
    returns.manager,
    returns.channel,
    returns.region,
    returns.department,
    returns.branch,
    client_class.first_category,
    client_class.segment,
    client_class.abc,
    returns.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from returns
inner join client_class
    on returns.client_id = client_class.client_id
    and returns.month = client_class.month
    and client_class.month between $first_month and $last_month
left join lost_clients
    on returns.client_id = lost_clients.client_id
    and returns.lost_after_months = lost_clients.lost_after_months
    and returns.lost_month = lost_clients.month
    and lost_clients.month < $last_month
left join entity_month
    on returns.client_id = entity_month.entity_id
    and returns.month = entity_month.month
    and entity_month.dimension = 'client'
    and entity_month.month between $first_month and $last_month
