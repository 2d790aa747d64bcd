-- In every cut, the values add up to the clients, effect by effect; the effects add up to the
-- change, and so do fall and rise.
-- audits: entity_movements
-- reads:  entity_movements[0], client_movements[0]
with expected as (
    select
        month,
        compare,
        count(*) as clients,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
        sum(change) as change,
        sum(frequency_effect) as frequency_effect,
        sum(basket_effect) as basket_effect,
        sum(price_mix_effect) as price_mix_effect,
        sum(dropped_effect) as dropped_effect,
        sum(added_effect) as added_effect
    from client_movements
    where month between $first_month and $last_month
    group by month, compare
),

actual as (
    select
        month,
        compare,
        cut,
        sum(clients) as clients,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
        sum(change) as change,
        sum(frequency_effect) as frequency_effect,
        sum(basket_effect) as basket_effect,
        sum(price_mix_effect) as price_mix_effect,
        sum(dropped_effect) as dropped_effect,
        sum(added_effect) as added_effect,
        sum(
            case
                when
                    change <> revenue_now - revenue_before
                    or change <> fall + rise
                    or change
                    <> frequency_effect + basket_effect + price_mix_effect + dropped_effect
                    + added_effect
                    then 1
                else 0
            end
        ) as rows_not_exact
    from entity_movements
    where month between $first_month and $last_month
    group by month, compare, cut
)

select
    coalesce(actual.month, expected.month) as month,
    coalesce(actual.compare, expected.compare) as compare,
    actual.cut,
    actual.rows_not_exact,
    expected.clients as expected_clients,
    actual.clients,
    expected.change as expected_change,
    actual.change,
    expected.frequency_effect as expected_frequency_effect,
    actual.frequency_effect,
    expected.basket_effect as expected_basket_effect,
    actual.basket_effect,
    expected.price_mix_effect as expected_price_mix_effect,
    actual.price_mix_effect,
    expected.dropped_effect as expected_dropped_effect,
    actual.dropped_effect,
    expected.added_effect as expected_added_effect,
    actual.added_effect
from expected
full join actual
    on expected.month = actual.month
    and expected.compare = actual.compare
where
    (actual.rows_not_exact is distinct from 0)
    or (expected.clients is distinct from actual.clients)
    or (expected.revenue_before is distinct from actual.revenue_before)
    or (expected.revenue_now is distinct from actual.revenue_now)
    or (expected.change is distinct from actual.change)
    or (expected.frequency_effect is distinct from actual.frequency_effect)
    or (expected.basket_effect is distinct from actual.basket_effect)
    or (expected.price_mix_effect is distinct from actual.price_mix_effect)
    or (expected.dropped_effect is distinct from actual.dropped_effect)
    or (expected.added_effect is distinct from actual.added_effect)
