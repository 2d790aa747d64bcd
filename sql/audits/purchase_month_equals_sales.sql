-- Every day on which a canonical client has a purchase line is counted once, and no other.
-- audits: purchase_month
-- reads:  purchase_month[0], sales[0], canonical_client[all]
with purchase_days as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.sale_date
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where sales.month between $first_month and $last_month and sales.is_purchase
    group by
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id),
        sales.sale_date
),

counted as (
    select
        month,
        client_id,
        count(*) as expected_purchases,
        sum(cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint))
            as expected_day_mask,
        min(sale_date) as expected_first_purchase_date,
        max(sale_date) as expected_last_purchase_date
    from purchase_days
    group by month, client_id
),

purchase_months as (
    select
        month,
        client_id,
        purchases,
        day_mask,
        first_purchase_date,
        last_purchase_date
    from purchase_month
    where month between $first_month and $last_month
)

select
    coalesce(counted.month, purchase_months.month) as month,
    coalesce(counted.client_id, purchase_months.client_id) as client_id,
    counted.expected_purchases,
    purchase_months.purchases,
    counted.expected_day_mask,
    purchase_months.day_mask,
    counted.expected_first_purchase_date,
    purchase_months.first_purchase_date,
    counted.expected_last_purchase_date,
    purchase_months.last_purchase_date
from counted
full join purchase_months
    on counted.month = purchase_months.month
    and counted.client_id = purchase_months.client_id
where
    counted.client_id is null
    or purchase_months.client_id is null
    or counted.expected_purchases <> purchase_months.purchases
    or counted.expected_day_mask <> purchase_months.day_mask
    or counted.expected_first_purchase_date <> purchase_months.first_purchase_date
    or counted.expected_last_purchase_date <> purchase_months.last_purchase_date
