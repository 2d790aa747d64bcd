-- Both periods of every client hold exactly the revenue and the purchases that entity_month has for
-- it, and no client with a line in one of them is missing.
-- audits: client_movements
-- reads:  client_movements[0], entity_month[-11-movements_months..0]
-- param:  movements_months bigint
-- param:  movements_compare text[]
with settings as (
    select cast($movements_months as bigint) as movement_months
),

client_months as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        revenue,
        purchases
    from entity_month
    where
        month >= cast($first_month as date)
        - cast(concat(cast(11 + $movements_months as text), ' months') as interval)
        and month <= $last_month
        and dimension = 'client'
),

windows as (
    select
        client_months.client_id,
        client_months.line_month_number,
        client_months.revenue,
        client_months.purchases,
        settings.movement_months,
        unnest(
            range(
                greatest(
                    client_months.line_month_number,
                    cast(
                        date_part('year', $first_month) * 12
                        + date_part('month', $first_month) - 1 as bigint
                    )
                ),
                least(
                    client_months.line_month_number + 12 + settings.movement_months,
                    cast(
                        date_part('year', $last_month) * 12
                        + date_part('month', $last_month) as bigint
                    )
                )
            )
        ) as month_number
    from settings
    cross join client_months
),

sides as (
    select
        compares.compare,
        windows.client_id,
        windows.month_number,
        windows.month_number - windows.line_month_number < windows.movement_months as is_now,
        windows.revenue,
        windows.purchases
    from (
        select unnest(arrow_cast($movements_compare, 'List(Utf8)')) as compare
    ) as compares
    cross join windows
    where
        windows.month_number - windows.line_month_number < windows.movement_months
        or windows.month_number - windows.line_month_number - case
            when compares.compare = 'previous' then windows.movement_months
            else 12
        end between 0 and windows.movement_months - 1
),

actual as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        compare,
        client_id,
        revenue_before,
        revenue_now,
        purchases_before,
        purchases_now
    from client_movements
    where month between $first_month and $last_month
),

-- The first months of the history have nothing to be compared with.
comparisons as (
    select
        month_number,
        compare
    from actual
    group by month_number, compare
),

expected as (
    select
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        compare,
        client_id,
        sum(case when is_now then 0 else revenue end) as revenue_before,
        sum(case when is_now then revenue else 0 end) as revenue_now,
        sum(case when is_now then 0 else purchases end) as purchases_before,
        sum(case when is_now then purchases else 0 end) as purchases_now
    from sides
    left semi join comparisons
        on sides.month_number = comparisons.month_number
        and sides.compare = comparisons.compare
    group by month_number, compare, client_id
)

select
    coalesce(expected.month, actual.month) as month,
    coalesce(expected.compare, actual.compare) as compare,
    coalesce(expected.client_id, actual.client_id) as client_id,
    expected.revenue_before as expected_revenue_before,
    actual.revenue_before,
    expected.revenue_now as expected_revenue_now,
    actual.revenue_now,
    expected.purchases_before as expected_purchases_before,
    actual.purchases_before,
    expected.purchases_now as expected_purchases_now,
    actual.purchases_now
from expected
full join actual
    on expected.month = actual.month
    and expected.compare = actual.compare
    and expected.client_id = actual.client_id
where
    (expected.revenue_before is distinct from actual.revenue_before)
    or (expected.revenue_now is distinct from actual.revenue_now)
    or (expected.purchases_before is distinct from actual.purchases_before)
    or (expected.purchases_now is distinct from actual.purchases_now)
