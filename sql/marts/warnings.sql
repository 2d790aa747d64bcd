-- One row per month and client who is not lost, but breaks its own pattern: all reasons to worry,
-- and the money at risk.
-- grain:  month, client_id
-- reads:  client_signals[0]
-- param:  abc_a_share decimal(5,4)
-- param:  abc_b_share decimal(5,4)
-- param:  warnings_overdue_ratio double
-- param:  warnings_overdue_days bigint
-- param:  warnings_overdue_purchases bigint
-- param:  warnings_fall_share decimal(5,4)
-- param:  warnings_product_share decimal(5,4)
-- param:  warnings_return_share decimal(5,4)
-- param:  warnings_return_factor bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: manager text not null -- Manager of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: severity text not null -- high for the clients who hold the first 80 % of the value at
--     risk of the month, medium up to 95 %, low for the rest: the borders of ABC
-- column: value_at_risk decimal(28,4) not null -- Revenue net of returns in the 12 months ending
--     with reference_month; 0 when it is negative
-- column: reasons text not null -- Those that hold, in this order: overdue, falling,
--     product_dropped, returns_rising, slipping
-- column: reason_count bigint not null -- How many reasons hold
-- column: is_overdue boolean not null -- Silent for at least twice its median interval, and 14 days
-- column: is_falling boolean not null -- Less than the month before, which was less than the one
--     before it, and at most 80 % of its usual month
-- column: is_product_dropped boolean not null -- Bought, but not its main product
-- column: is_returns_rising boolean not null -- Brings back at least 5 % of what it buys, and at
--     least twice the share of before
-- column: is_slipping boolean not null -- Was in class A three months before, and is no more; or was
--     in X, and is no more because it buys less: the three months ending with reference_month
--     brought less than the three before, or that month less than usual, and its ABC class has not
--     risen
-- column: reference_month date not null -- Month by which all reasons but overdue are judged: the
--     month itself, or the one before when it is partial
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from there to the end of the month, or
--     to the as-of date in a partial month
-- column: median_interval_days double -- Median days between the client's purchase days; null with
--     fewer than two purchase days
-- column: overdue_ratio double -- Days since the last purchase divided by the median interval
-- column: revenue_month decimal(28,4) not null -- Revenue of reference_month
-- column: usual_monthly_revenue double -- Mean of the 12 months ending two months before, those
--     from the first purchase on; null when they are fewer than three
-- column: product_id text -- Main product that was dropped
-- column: product_share double -- Its share of the client's revenue in the three months before
-- column: return_share double -- Returns as a share of sales, in the three months ending with
--     reference_month; null without sales
-- column: return_share_before double -- The same in the 12 months before these
-- column: cell text -- Cell in ABC-XYZ by revenue in reference_month; null when in none
-- column: cell_before text -- Cell three months before it
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with flags as (
    select
        client_signals.month,
        client_signals.client_id,
        client_signals.manager,
        client_signals.department,
        client_signals.branch,
        client_signals.region,
        client_signals.channel,
        cast(greatest(client_signals.revenue_12m, 0) as decimal(28, 4)) as value_at_risk,
        -- Two purchases are one interval, which is no rhythm.
        coalesce(
            client_signals.purchases >= $warnings_overdue_purchases
            and client_signals.days_since_last_purchase >= $warnings_overdue_days
            and client_signals.days_since_last_purchase
            >= $warnings_overdue_ratio * client_signals.median_interval_days,
            false
        ) as is_overdue,
        -- Who did not buy at all may only be late.
        client_signals.is_buyer
        and client_signals.months_earlier >= 3
        and client_signals.revenue_month < client_signals.revenue_month_1
        and client_signals.revenue_month_1 < client_signals.revenue_month_2
        and client_signals.revenue_month * client_signals.months_earlier
        <= client_signals.revenue_earlier * $warnings_fall_share as is_falling,
        client_signals.is_buyer
        and client_signals.dropped_product is not null
        and cast(left(client_signals.dropped_product, 24) as decimal(28, 4)) - 1000000000000000000
        >= client_signals.revenue_3m_before * $warnings_product_share as is_product_dropped,
        -- Shares are compared by products: returned now × sold before ≥ factor × returned before ×
        -- sold now.
        client_signals.returned_now > 0
        and client_signals.sold_before > 0
        and client_signals.returned_now >= client_signals.sold_now * $warnings_return_share
        and cast(client_signals.returned_now as double) * cast(client_signals.sold_before as double)
        >= $warnings_return_factor * cast(client_signals.returned_before as double)
        * cast(client_signals.sold_now as double) as is_returns_rising,
        coalesce(
            left(client_signals.cell_before, 1) = 'A' and left(client_signals.cell, 1) <> 'A',
            false
        )
        -- Who suddenly buys more leaves X as well, and nobody is to worry about that.
        or coalesce(
            right(client_signals.cell_before, 1) = 'X' and right(client_signals.cell, 1) <> 'X'
            and left(client_signals.cell, 1) >= left(client_signals.cell_before, 1)
            and (
                client_signals.revenue_month + client_signals.revenue_month_1
                + client_signals.revenue_month_2 < client_signals.revenue_3m_earlier
                or (
                    client_signals.months_earlier >= 3
                    and client_signals.revenue_month * client_signals.months_earlier
                    < client_signals.revenue_earlier
                )
            ),
            false
        ) as is_slipping,
        client_signals.reference_month,
        client_signals.last_purchase_date,
        client_signals.days_since_last_purchase,
        client_signals.median_interval_days,
        client_signals.revenue_month,
        client_signals.revenue_earlier,
        client_signals.months_earlier,
        client_signals.dropped_product,
        client_signals.revenue_3m_before,
        client_signals.returned_now,
        client_signals.sold_now,
        client_signals.returned_before,
        client_signals.sold_before,
        client_signals.cell,
        client_signals.cell_before,
        client_signals.is_partial
    from client_signals
    where client_signals.month between $first_month and $last_month
),

-- What stands above a client is the sum of the strictly greater values: equal values share a
-- severity.
ranked as (
    select
        month,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        value_at_risk,
        sum(value_at_risk) over (
            partition by month order by value_at_risk desc
            range between unbounded preceding and current row
        ) - sum(value_at_risk) over (partition by month, value_at_risk) as value_above,
        sum(value_at_risk) over (partition by month) as value_total,
        is_overdue,
        is_falling,
        is_product_dropped,
        is_returns_rising,
        is_slipping,
        reference_month,
        last_purchase_date,
        days_since_last_purchase,
        median_interval_days,
        revenue_month,
        revenue_earlier,
        months_earlier,
        dropped_product,
        revenue_3m_before,
        returned_now,
        sold_now,
        returned_before,
        sold_before,
        cell,
        cell_before,
        is_partial
    from flags
    where is_overdue or is_falling or is_product_dropped or is_returns_rising or is_slipping
)

select
    month,
    client_id,
    manager,
    department,
    branch,
    region,
    channel,
    case
        when value_at_risk > 0 and value_above < $abc_a_share * value_total then 'high'
        when value_at_risk > 0 and value_above < $abc_b_share * value_total then 'medium'
        else 'low'
    end as severity,
    value_at_risk,
    concat_ws(
        ', ',
        case when is_overdue then 'overdue' end,
        case when is_falling then 'falling' end,
        case when is_product_dropped then 'product_dropped' end,
        case when is_returns_rising then 'returns_rising' end,
        case when is_slipping then 'slipping' end
    ) as reasons,
    cast(is_overdue as bigint) + cast(is_falling as bigint) + cast(is_product_dropped as bigint)
    + cast(is_returns_rising as bigint) + cast(is_slipping as bigint) as reason_count,
    is_overdue,
    is_falling,
    is_product_dropped,
    is_returns_rising,
    is_slipping,
    reference_month,
    last_purchase_date,
    days_since_last_purchase,
    median_interval_days,
    cast(days_since_last_purchase as double) / median_interval_days as overdue_ratio,
    revenue_month,
    case
        when months_earlier >= 3 then cast(revenue_earlier as double) / months_earlier
    end as usual_monthly_revenue,
    case when is_product_dropped then substr(dropped_product, 25) end as product_id,
    case
        when is_product_dropped
            then cast(
                cast(left(dropped_product, 24) as decimal(28, 4)) - 1000000000000000000 as double
            ) / cast(nullif(revenue_3m_before, 0) as double)
    end as product_share,
    cast(returned_now as double) / cast(nullif(sold_now, 0) as double) as return_share,
    cast(returned_before as double) / cast(nullif(sold_before, 0) as double) as return_share_before,
    cell,
    cell_before,
    is_partial
from ranked
