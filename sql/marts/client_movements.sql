-- One row per month, comparison and client with a line in either period: the change of its revenue
-- in the last three months, split exactly into what caused it.
-- grain:  month, compare, client_id
-- reads:  client_periods[0], client_state[0]
-- param:  as_of_date date
-- param:  movements_months bigint
-- column: month date not null -- Last month of the period now, written as its first day
-- column: compare text not null -- What the period now is compared with: previous, as many months
--     directly before it, or year_ago, the same months a year before
-- column: client_id text not null -- Canonical client
-- column: manager text not null -- Manager of its last purchase as known at the end of the month,
--     (unknown) when it never bought, like the four below
-- column: department text not null -- Department of its last purchase
-- column: branch text not null -- Branch of its last purchase
-- column: region text not null -- Region of its last purchase
-- column: channel text not null -- Sales channel of its last purchase
-- column: movement text not null -- stayed (bought in both periods), vanished (bought before, not
--     now), new (first purchase after the period before), returned (bought earlier than that, and
--     now), none (bought in neither)
-- column: revenue_before decimal(28,4) not null -- Revenue net of returns in the period before
-- column: revenue_now decimal(28,4) not null -- Revenue net of returns in the period now
-- column: change decimal(28,4) not null -- revenue_now minus revenue_before: the sum of the five
--     effects
-- column: frequency_effect decimal(28,4) not null -- More or fewer purchases; the whole change of a
--     client that bought in one period only
-- column: basket_effect decimal(28,4) not null -- More or fewer units per purchase, of the products
--     bought in both periods; the whole change of a client that bought in neither
-- column: price_mix_effect decimal(28,4) not null -- More or less revenue per unit, of the products
--     bought in both periods
-- column: dropped_effect decimal(28,4) not null -- Change of the products bought before and not now
-- column: added_effect decimal(28,4) not null -- Change of the products bought now and not before
-- column: purchases_before bigint not null -- Purchase days in the period before
-- column: purchases_now bigint not null -- Purchase days in the period now
-- column: products_dropped bigint not null -- Products bought before and not now
-- column: products_added bigint not null -- Products bought now and not before
-- column: is_split_by_units boolean not null -- False where units are unknown or not positive in a
--     period: baskets are then measured in revenue, and price_mix_effect is 0
-- column: cause text not null -- Of a fall: vanished, less_often, smaller_orders, cheaper,
--     dropped_product; of a rise: new, returned, more_often, larger_orders, dearer, added_product;
--     returns where only goods brought back moved it; unchanged
-- column: product_id text -- Product behind the cause: of dropped_product and added_product the
--     largest of them, else the one that fell (in a rise: rose) most
-- column: product_change decimal(28,4) -- Change of the revenue of that product
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with clients as (
    -- Money as double carries 15 digits, which the rounding to four decimals outlives up to 10^11;
    -- the rest of any rounding is in the basket, so that the effects always add up.
    select
        client_periods.month,
        client_periods.compare,
        client_periods.client_id,
        coalesce(client_state.manager, '(unknown)') as manager,
        coalesce(client_state.department, '(unknown)') as department,
        coalesce(client_state.branch, '(unknown)') as branch,
        coalesce(client_state.region, '(unknown)') as region,
        coalesce(client_state.channel, '(unknown)') as channel,
        case
            when client_periods.purchases_before > 0 and client_periods.purchases_now > 0
                then 'stayed'
            when client_periods.purchases_before > 0 then 'vanished'
            when client_periods.purchases_now = 0 then 'none'
            -- Bought now and not before: since when, tells the end of the period before.
            when
                date_part('year', client_periods.month) * 12
                + date_part('month', client_periods.month)
                - date_part('year', client_state.first_purchase_month) * 12
                - date_part('month', client_state.first_purchase_month)
                < case
                    when client_periods.compare = 'previous' then $movements_months
                    else 12
                end
                then 'new'
            else 'returned'
        end as movement,
        client_periods.revenue_before,
        client_periods.revenue_now,
        cast(client_periods.revenue_now - client_periods.revenue_before as decimal(28, 4))
            as change,
        client_periods.purchases_before,
        client_periods.purchases_now,
        client_periods.products_dropped,
        client_periods.products_added,
        client_periods.dropped_change,
        client_periods.added_change,
        client_periods.stopped_change,
        client_periods.fallen_product,
        client_periods.risen_product,
        client_periods.dropped_product,
        client_periods.stopped_product,
        client_periods.added_product,
        coalesce(client_periods.units_before > 0 and client_periods.units_now > 0, false)
            as is_split_by_units,
        cast(client_periods.kept_before as double) as kept_before,
        cast(client_periods.kept_now as double) as kept_now,
        cast(client_periods.units_before as double) as units_before,
        cast(client_periods.units_now as double) as units_now,
        cast(client_periods.purchases_before as double) as times_before,
        cast(client_periods.purchases_now as double) as times_now,
        client_periods.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
    from client_periods
    left join client_state
        on client_periods.client_id = client_state.client_id
        and client_periods.month = client_state.month
        and client_state.month between $first_month and $last_month
    where client_periods.month between $first_month and $last_month
),

-- The mean of a factor's contribution over all orders in which the factors can change from before
-- to now (Shapley): revenue = purchases × units per purchase × revenue per unit, or, without units,
-- purchases × revenue per purchase.
factors as (
    select
        month,
        compare,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        movement,
        revenue_before,
        revenue_now,
        change,
        purchases_before,
        purchases_now,
        products_dropped,
        products_added,
        stopped_change,
        fallen_product,
        risen_product,
        dropped_product,
        stopped_product,
        added_product,
        movement = 'stayed' and is_split_by_units as is_split_by_units,
        case
            when movement <> 'stayed' then 0
            when is_split_by_units
                then (times_now - times_before) * (
                    (kept_before / times_before + kept_now / times_now) / 3
                    + (
                        units_before / times_before * (kept_now / units_now)
                        + units_now / times_now * (kept_before / units_before)
                    ) / 6
                )
            else (times_now - times_before)
                * (kept_before / times_before + kept_now / times_now) / 2
        end as by_frequency,
        case
            when movement = 'stayed' and is_split_by_units
                then (kept_now / units_now - kept_before / units_before) * (
                    (units_before + units_now) / 3
                    + (
                        times_before * (units_now / times_now)
                        + times_now * (units_before / times_before)
                    ) / 6
                )
            else 0
        end as by_price_mix,
        case when movement = 'stayed' then dropped_change else 0 end as by_dropped,
        case when movement = 'stayed' then added_change else 0 end as by_added,
        is_partial
    from clients
),

rounded as (
    select
        month,
        compare,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        movement,
        revenue_before,
        revenue_now,
        change,
        purchases_before,
        purchases_now,
        products_dropped,
        products_added,
        is_split_by_units,
        fallen_product,
        risen_product,
        dropped_product,
        stopped_product,
        added_product,
        cast(
            case
                when movement in ('vanished', 'new', 'returned') then change
                else cast(round(by_frequency, 4) as decimal(28, 4))
            end as decimal(28, 4)
        ) as frequency_effect,
        cast(round(by_price_mix, 4) as decimal(28, 4)) as price_mix_effect,
        cast(by_dropped as decimal(28, 4)) as dropped_effect,
        cast(by_added as decimal(28, 4)) as added_effect,
        -- A month that is not over may bring the product yet.
        case
            when movement = 'stayed' and not is_partial then stopped_change
            else cast(0 as decimal(28, 4))
        end as stopped_change,
        is_partial
    from factors
),

effects as (
    select
        month,
        compare,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        movement,
        revenue_before,
        revenue_now,
        change,
        purchases_before,
        purchases_now,
        products_dropped,
        products_added,
        is_split_by_units,
        fallen_product,
        risen_product,
        dropped_product,
        case when stopped_change <> 0 then stopped_product end as stopped_product,
        added_product,
        stopped_change,
        frequency_effect,
        price_mix_effect,
        dropped_effect,
        added_effect,
        cast(
            change - frequency_effect - price_mix_effect - dropped_effect - added_effect
            as decimal(28, 4)
        ) as basket_effect,
        cast(dropped_effect + added_effect as decimal(28, 4)) as assortment_effect,
        is_partial
    from rounded
),

causes as (
    select
        month,
        compare,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        movement,
        revenue_before,
        revenue_now,
        change,
        frequency_effect,
        basket_effect,
        price_mix_effect,
        dropped_effect,
        added_effect,
        purchases_before,
        purchases_now,
        products_dropped,
        products_added,
        is_split_by_units,
        fallen_product,
        risen_product,
        dropped_product,
        stopped_product,
        added_product,
        case
            when change = 0 then 'unchanged'
            when movement = 'none' then 'returns'
            when movement = 'vanished' and change < 0 then 'vanished'
            when movement in ('new', 'returned') and change > 0 then movement
            when movement <> 'stayed' then 'returns'
            when change < 0
                then case
                    when stopped_product is not null and 2 * stopped_change <= change
                        then 'dropped_product'
                    when
                        dropped_product is not null
                        and assortment_effect
                        <= least(frequency_effect, basket_effect, price_mix_effect)
                        then 'dropped_product'
                    when frequency_effect <= least(basket_effect, price_mix_effect)
                        then 'less_often'
                    when basket_effect <= price_mix_effect then 'smaller_orders'
                    else 'cheaper'
                end
            when
                added_product is not null
                and assortment_effect
                >= greatest(frequency_effect, basket_effect, price_mix_effect)
                then 'added_product'
            when frequency_effect >= greatest(basket_effect, price_mix_effect) then 'more_often'
            when basket_effect >= price_mix_effect then 'larger_orders'
            else 'dearer'
        end as cause,
        is_partial
    from effects
),

products as (
    select
        month,
        compare,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        movement,
        revenue_before,
        revenue_now,
        change,
        frequency_effect,
        basket_effect,
        price_mix_effect,
        dropped_effect,
        added_effect,
        purchases_before,
        purchases_now,
        products_dropped,
        products_added,
        is_split_by_units,
        cause,
        -- Amounts in these texts have one width, so the greater text is the greater amount.
        case
            when cause = 'dropped_product'
                then greatest(
                    coalesce(dropped_product, stopped_product),
                    coalesce(stopped_product, dropped_product)
                )
            when cause = 'added_product' then added_product
            when change < 0 then fallen_product
            when change > 0 then risen_product
        end as product_key,
        is_partial
    from causes
)

select
    month,
    compare,
    client_id,
    manager,
    department,
    branch,
    region,
    channel,
    movement,
    revenue_before,
    revenue_now,
    change,
    frequency_effect,
    basket_effect,
    price_mix_effect,
    dropped_effect,
    added_effect,
    purchases_before,
    purchases_now,
    products_dropped,
    products_added,
    is_split_by_units,
    cause,
    substr(product_key, 25) as product_id,
    cast(
        (cast(left(product_key, 24) as decimal(28, 4)) - 1000000000000000000)
        * case when change < 0 then -1 else 1 end
        as decimal(28, 4)
    ) as product_change,
    is_partial
from products
