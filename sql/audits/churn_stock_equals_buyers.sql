-- In every cut and value the clients at the end are those whose last purchase, in the last N months,
-- stands there. The stock is carried from month to month, so it is counted anew in the last month of
-- a range only: what went wrong earlier is still in it.
-- audits: churn_month
-- reads:  churn_month[0], client_cuts[0-max(churn_lost_after_months)..0]
-- param:  churn_lost_after_months bigint[]
with purchases as (
    select
        month,
        client_id,
        previous_purchase_month,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc
    from client_cuts
    where
        month >= make_date(
            (
                cast(
                    date_part('year', cast($last_month as date)) * 12
                    + date_part('month', cast($last_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) / 12,
            (
                cast(
                    date_part('year', cast($last_month as date)) * 12
                    + date_part('month', cast($last_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) % 12 + 1,
            1
        )
        and month <= $last_month
),

last_purchases as (
    select
        cast(
            date_part('year', cast($last_month as date)) * 12
            + date_part('month', cast($last_month as date))
            - date_part('year', purchases.month) * 12
            - date_part('month', purchases.month)
            as bigint
        ) as months_since_last_purchase,
        unnest(
            make_array(
                'all', 'channel', 'region', 'department', 'branch', 'manager', 'first_category',
                'segment', 'abc'
            )
        ) as cut,
        unnest(
            make_array(
                'all', purchases.channel, purchases.region, purchases.department,
                purchases.branch, purchases.manager, purchases.first_category,
                purchases.segment, purchases.abc
            )
        ) as cut_value
    from purchases
    left anti join purchases as later
        on purchases.client_id = later.client_id
        and purchases.month = later.previous_purchase_month
),

counted as (
    select
        lost_after_months,
        cut,
        cut_value,
        clients as expected_clients_end,
        0 as clients_end
    from (
        select
            unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months,
            months_since_last_purchase,
            cut,
            cut_value,
            count(*) as clients
        from last_purchases
        group by months_since_last_purchase, cut, cut_value
    ) as rules
    where months_since_last_purchase < lost_after_months
    union all
    select
        lost_after_months,
        cut,
        cut_value,
        0 as expected_clients_end,
        clients_end
    from churn_month
    where month = $last_month
)

select
    cast($last_month as date) as month,
    lost_after_months,
    cut,
    cut_value,
    sum(expected_clients_end) as expected_clients_end,
    sum(clients_end) as clients_end
from counted
group by lost_after_months, cut, cut_value
having sum(expected_clients_end) <> sum(clients_end)
