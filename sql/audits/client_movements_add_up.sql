-- The five effects are exactly the change of every client, and nobody has an effect that its
-- movement excludes.
-- audits: client_movements
-- reads:  client_movements[0]
select
    month,
    compare,
    client_id,
    movement,
    revenue_now - revenue_before as expected_change,
    change,
    frequency_effect + basket_effect + price_mix_effect + dropped_effect + added_effect as effects,
    cause
from client_movements
where
    month between $first_month and $last_month
    and (
        change <> revenue_now - revenue_before
        or change
        <> frequency_effect + basket_effect + price_mix_effect + dropped_effect + added_effect
        or (movement in ('new', 'returned', 'vanished') and frequency_effect <> change)
        or (movement = 'none' and basket_effect <> change)
        or (movement <> 'stayed' and (price_mix_effect <> 0 or dropped_effect <> 0))
        or (not is_split_by_units and price_mix_effect <> 0)
        or (movement = 'stayed') <> (purchases_before > 0 and purchases_now > 0)
        or (movement = 'vanished') <> (purchases_before > 0 and purchases_now = 0)
        or (movement = 'none') <> (purchases_before = 0 and purchases_now = 0)
        or (change = 0) <> (cause = 'unchanged')
        or (change >= 0 and cause in ('vanished', 'less_often', 'smaller_orders', 'cheaper'))
        or (change <= 0 and cause in ('new', 'returned', 'more_often', 'larger_orders', 'dearer'))
        or (cause = 'dropped_product' and (change >= 0 or product_id is null))
        or (cause = 'added_product' and (change <= 0 or product_id is null))
    )
