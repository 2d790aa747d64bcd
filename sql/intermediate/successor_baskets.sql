-- One row per compared pair of clients with baskets: how much these have in common.
-- grain:  label, silent_client_id, appeared_client_id
-- reads:  successor_pairs[all], successor_sides[all]
-- column: label text not null -- candidate, self or random
-- column: silent_client_id text not null -- Client that fell silent
-- column: appeared_client_id text not null -- Client that appeared
-- column: basket_similarity double -- Part of both baskets that they have in common, rare products
--     counting more
-- column: basket_millibits bigint -- How much less likely chance would find these products in both
--     baskets than one client that goes on: logarithm, in thousandths
with settings as (
    -- Of the products of the smaller basket that share is expected in both, when both are of one
    -- company.
    select cast(0.3 as double) as bought_again
),

product_weights as (
    select
        product_id,
        -- Thousandths of a bit: whole numbers, whose sum does not depend on their order.
        cast(
            round(1000 * log2(cast(1 + max(sides.clients) as double) / count(*))) as bigint
        ) as weight
    from (
        select unnest(products) as product_id
        from successor_sides
        where side <> 'continued'
    ) as side_products
    cross join (
        select count(*) as clients
        from successor_sides
        where side <> 'continued'
    ) as sides
    group by product_id
),

side_products as (
    select
        side,
        client_id,
        unnest(products) as product_id
    from successor_sides
),

basket_weights as (
    select
        side_products.side,
        side_products.client_id,
        count(*) as products,
        sum(product_weights.weight) as weight
    from side_products
    inner join product_weights
        on side_products.product_id = product_weights.product_id
    group by side_products.side, side_products.client_id
),

shared_products as (
    select
        successor_pairs.label,
        successor_pairs.silent_client_id,
        successor_pairs.appeared_client_id,
        unnest(array_intersect(silent.products, appeared.products)) as product_id
    from successor_pairs
    inner join successor_sides as silent
        on successor_pairs.silent_client_id = silent.client_id
        and silent.side
            = case when successor_pairs.label = 'self' then 'continued' else 'silent' end
    inner join successor_sides as appeared
        on successor_pairs.appeared_client_id = appeared.client_id and appeared.side = 'appeared'
),

shared_weights as (
    select
        shared_products.label,
        shared_products.silent_client_id,
        shared_products.appeared_client_id,
        count(*) as products,
        sum(product_weights.weight) as weight
    from shared_products
    inner join product_weights
        on shared_products.product_id = product_weights.product_id
    group by
        shared_products.label,
        shared_products.silent_client_id,
        shared_products.appeared_client_id
),

usual as (
    select count(*) as baskets, cast(sum(products) as double) as products
    from basket_weights
)

select
    successor_pairs.label,
    successor_pairs.silent_client_id,
    successor_pairs.appeared_client_id,
    -- One product each is no basket.
    case
        when
            greatest(silent_basket.products, appeared_basket.products) > 1
            and silent_basket.weight + appeared_basket.weight > 0
            then cast(2 * coalesce(shared_weights.weight, 0) as double)
                / (silent_basket.weight + appeared_basket.weight)
    end as basket_similarity,
    -- A shared product counts for its rarity, less so in a large basket, which holds everything; a
    -- product that could be shared and is not counts against.
    case
        when greatest(silent_basket.products, appeared_basket.products) > 1
            then coalesce(shared_weights.weight, 0)
                - coalesce(shared_weights.products, 0) * cast(
                    round(
                        1000 * (
                            log2(1 / settings.bought_again)
                            + log2(
                                cast(appeared_basket.products as double)
                                * usual.baskets / usual.products
                            )
                        )
                    )
                    as bigint
                )
                - (
                    least(silent_basket.products, appeared_basket.products)
                    - coalesce(shared_weights.products, 0)
                ) * cast(round(-1000 * log2(1 - settings.bought_again)) as bigint)
    end as basket_millibits
from settings
cross join usual
cross join successor_pairs
inner join basket_weights as silent_basket
    on successor_pairs.silent_client_id = silent_basket.client_id
    and silent_basket.side
        = case when successor_pairs.label = 'self' then 'continued' else 'silent' end
inner join basket_weights as appeared_basket
    on successor_pairs.appeared_client_id = appeared_basket.client_id
    and appeared_basket.side = 'appeared'
left join shared_weights
    on successor_pairs.label = shared_weights.label
    and successor_pairs.silent_client_id = shared_weights.silent_client_id
    and successor_pairs.appeared_client_id = shared_weights.appeared_client_id
