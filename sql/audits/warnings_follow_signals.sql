-- A warning has a watched client, a reason, and the value at risk of that client; the high ones
-- hold the greatest values and, without the least of them, less than the upper border of ABC.
-- audits: warnings
-- reads:  warnings[0], client_signals[0]
-- param:  abc_a_share decimal(5,4)
with severities as (
    select
        month,
        sum(value_at_risk) as value_total,
        sum(case when severity = 'high' then value_at_risk else 0 end) as value_high,
        min(case when severity = 'high' then value_at_risk end) as lowest_high,
        max(case when severity <> 'high' then value_at_risk end) as highest_other
    from warnings
    where month between $first_month and $last_month
    group by month
),

-- Equal values share a severity, so the least of the high ones may be several clients.
borders as (
    select
        severities.month,
        severities.value_total,
        severities.value_high,
        severities.lowest_high,
        severities.highest_other,
        sum(
            case
                when
                    warnings.severity = 'high'
                    and warnings.value_at_risk = severities.lowest_high
                    then warnings.value_at_risk
                else 0
            end
        ) as value_lowest_high
    from severities
    inner join warnings
        on severities.month = warnings.month
        and warnings.month between $first_month and $last_month
    group by
        severities.month, severities.value_total, severities.value_high, severities.lowest_high,
        severities.highest_other
),

signals as (
    select
        month,
        client_id,
        revenue_12m
    from client_signals
    where month between $first_month and $last_month
)

select
    warnings.month,
    warnings.client_id,
    warnings.reasons,
    warnings.reason_count,
    greatest(signals.revenue_12m, 0) as expected_value_at_risk,
    warnings.value_at_risk,
    warnings.severity,
    borders.value_total,
    borders.value_high
from warnings
inner join borders
    on warnings.month = borders.month
left join signals
    on warnings.month = signals.month
    and warnings.client_id = signals.client_id
where
    warnings.month between $first_month and $last_month
    and (
        signals.client_id is null
        or warnings.value_at_risk <> greatest(signals.revenue_12m, 0)
        or warnings.reason_count < 1
        or warnings.reason_count <> array_length(string_to_array(warnings.reasons, ', '))
        or warnings.is_overdue <> (strpos(warnings.reasons, 'overdue') > 0)
        or warnings.is_falling <> (strpos(warnings.reasons, 'falling') > 0)
        or warnings.is_product_dropped <> (strpos(warnings.reasons, 'product_dropped') > 0)
        or warnings.is_returns_rising <> (strpos(warnings.reasons, 'returns_rising') > 0)
        or warnings.is_slipping <> (strpos(warnings.reasons, 'slipping') > 0)
        or warnings.is_product_dropped <> (warnings.product_id is not null)
        or borders.highest_other >= borders.lowest_high
        or (
            borders.value_total > 0
            and borders.value_high - borders.value_lowest_high
            >= $abc_a_share * borders.value_total
        )
        or borders.value_high < $abc_a_share * borders.value_total
    )
