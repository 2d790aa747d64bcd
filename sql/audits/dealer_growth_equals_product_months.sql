-- What a client buys more of a product is its revenue of two months against that of the three before,
-- and more than nothing.
-- audits: dealer_growth
-- reads:  dealer_growth[0], client_product_month[-4..0]
with growths as (
    select month, client_id, product_id, growth
    from dealer_growth
    where month between $first_month and $last_month
),

expected as (
    select
        growths.month,
        growths.client_id,
        growths.product_id,
        sum(
            case
                when client_product_month.month >= growths.month - interval '1 month'
                    then 3 * client_product_month.revenue
                else -2 * client_product_month.revenue
            end
        ) as growth
    from growths
    inner join client_product_month
        on growths.client_id = client_product_month.client_id
        and growths.product_id = client_product_month.product_id
        and client_product_month.month >= growths.month - interval '4 months'
        and client_product_month.month <= growths.month
    where
        client_product_month.month >= cast($first_month as date) - interval '4 months'
        and client_product_month.month <= $last_month
    group by growths.month, growths.client_id, growths.product_id
)

select
    growths.month,
    growths.client_id,
    growths.product_id,
    expected.growth as expected_growth,
    growths.growth,
    growths.growth > 0 as is_growth
from growths
left join expected
    on growths.month = expected.month
    and growths.client_id = expected.client_id
    and growths.product_id = expected.product_id
where (growths.growth is distinct from expected.growth) or growths.growth <= 0
