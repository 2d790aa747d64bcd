-- Every product that a month names has one name: that of its last month.
-- audits: product_names
-- reads:  product_names[all], product_month_names[all]
with last_months as (
    select product_id, max(month) as last_month
    from product_month_names
    group by product_id
),

expected as (
    select
        product_month_names.product_id,
        product_month_names.product_name,
        last_months.last_month
    from product_month_names
    inner join last_months
        on product_month_names.product_id = last_months.product_id
        and product_month_names.month = last_months.last_month
)

select
    coalesce(expected.product_id, product_names.product_id) as product_id,
    expected.last_month as expected_last_named_month,
    product_names.last_named_month,
    expected.product_name as expected_product_name,
    product_names.product_name
from expected
full join product_names
    on expected.product_id = product_names.product_id
where
    (expected.product_name is distinct from product_names.product_name)
    or (expected.last_month is distinct from product_names.last_named_month)
