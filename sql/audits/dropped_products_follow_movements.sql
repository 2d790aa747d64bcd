-- Every dropped product is one of a client that stayed and fell, the dropped products of a client
-- fall by no more than its dropped_effect says (those bought within the period apart), and where
-- one is the cause, it has its row with the same amount.
-- audits: dropped_products
-- reads:  dropped_products[0], client_movements[0]
-- param:  movements_product_share decimal(5,4)
with settings as (
    select cast($movements_product_share as decimal(5, 4)) as movement_product_share
),

products as (
    select
        month,
        compare,
        client_id,
        count(*) as products,
        sum(case when is_bought_in_period then 0 else change end) as change,
        sum(case when is_bought_in_period then 0 else 1 end) as products_dropped
    from dropped_products
    where month between $first_month and $last_month
    group by month, compare, client_id
),

causes as (
    select
        month,
        compare,
        client_id,
        product_id,
        change
    from dropped_products
    where month between $first_month and $last_month
),

movements as (
    select
        month,
        compare,
        client_id,
        movement,
        cause,
        product_id,
        revenue_before,
        change,
        dropped_effect,
        products_dropped,
        product_change
    from client_movements
    where month between $first_month and $last_month
)

select
    coalesce(products.month, movements.month) as month,
    coalesce(products.compare, movements.compare) as compare,
    coalesce(products.client_id, movements.client_id) as client_id,
    movements.movement,
    movements.change as client_change,
    movements.products_dropped as client_products_dropped,
    products.products_dropped,
    movements.dropped_effect,
    products.change,
    movements.product_id as cause_product_id,
    movements.product_change as expected_product_change,
    causes.change as product_change
from settings
cross join movements
full join products
    on movements.month = products.month
    and movements.compare = products.compare
    and movements.client_id = products.client_id
left join causes
    on movements.month = causes.month
    and movements.compare = causes.compare
    and movements.client_id = causes.client_id
    and movements.product_id = causes.product_id
    and movements.cause = 'dropped_product'
where
    (products.products is not null and movements.client_id is null)
    or (products.products is not null and (movements.movement <> 'stayed' or movements.change >= 0))
    or products.products_dropped > movements.products_dropped
    -- All of them are listed: then their fall is the whole effect.
    or (
        products.products_dropped = movements.products_dropped
        and products.change <> movements.dropped_effect
    )
    or (
        movements.cause = 'dropped_product'
        and movements.revenue_before > 0
        and -movements.product_change >= movements.revenue_before * settings.movement_product_share
        and (causes.change is distinct from movements.product_change)
    )
