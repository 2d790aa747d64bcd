-- One-off, prospective and regular clients make up the base, every month has seven indicators, and
-- the base is that of the life cycle.
-- audits: repeat_sales_indicators
-- reads:  repeat_sales_indicators[0], lifecycle_matrix[0]
with counted as (
    select
        month,
        count(*) as indicators,
        sum(
            case
                when indicator in ('one_off_share', 'prospective_share', 'regular_share')
                    then numerator
                else 0
            end
        ) as parts,
        max(case when indicator = 'active_share' then denominator end) as base,
        0 as expected_clients
    from repeat_sales_indicators
    where month between $first_month and $last_month
    group by month
    union all
    select
        month, 0 as indicators, 0 as parts, null as base, sum(clients) as expected_clients
    from lifecycle_matrix
    where month between $first_month and $last_month
    group by month
)

select
    month,
    sum(expected_clients) as expected_clients,
    max(base) as base,
    sum(parts) as parts,
    7 as expected_indicators,
    sum(indicators) as indicators
from counted
group by month
having
    sum(indicators) <> 7
    or sum(parts) <> sum(expected_clients)
    or coalesce(max(base), -1) <> sum(expected_clients)
