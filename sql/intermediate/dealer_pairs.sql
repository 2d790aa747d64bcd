-- One row per month, client that has been silent for two months, and client of its region that grew
-- since, with at least one product in common that grew: how much of the one's basket reappears in
-- the other's growth. And the same of those that grew in the three months before, when it bought
-- still, which is what chance alone makes.
-- grain:  month, is_placebo, silent_client_id, dealer_client_id
-- reads:  client_turns[0], dealer_growth[-3..0]
-- column: month date not null -- Second month without a purchase, written as its first day
-- column: is_placebo boolean not null -- The other grew while the one was buying still, and cannot
--     have taken over what it bought: from three months before month
-- column: silent_client_id text not null -- Canonical client that is silent
-- column: dealer_client_id text not null -- Canonical client that grew
-- column: region text not null -- Region of both
-- column: growing_clients bigint not null -- Clients of the region that are compared in the month
-- column: products bigint not null -- Products that the silent one bought in its last three months
-- column: grown_products bigint not null -- Of these, the products of which the other buys more a
--     month since
-- column: new_products bigint not null -- Of these, the products that it did not buy before
-- column: silent_revenue decimal(28,4) not null -- Revenue of the silent one in its last three
--     months, returns left out
-- column: silent_months bigint not null -- How many of them it was a client in
-- column: dealer_revenue decimal(28,4) not null -- Revenue of the other in the same three months
-- column: grown_revenue decimal(28,4) not null -- Growth of the other in these products: revenue of
--     the two months since, less two thirds of that of the three months before
-- column: manager text not null -- Manager of the last purchase of the silent one
-- column: dealer_manager text not null -- Manager of the last purchase of the other
with silent as (
    select
        month,
        client_id,
        region,
        manager,
        revenue,
        months,
        products
    from client_turns
    where month between $first_month and $last_month and turn = 'silent'
),

silent_products as (
    select
        is_placebo,
        month,
        case when is_placebo then cast(month - interval '3 months' as date) else month end
            as growth_month,
        client_id,
        region,
        unnest(products) as product_id
    from (values (true), (false)) as sides (is_placebo)
    cross join silent
),

shared as (
    select
        silent_products.is_placebo,
        silent_products.month,
        silent_products.client_id as silent_client_id,
        dealer_growth.client_id as dealer_client_id,
        dealer_growth.growing_clients,
        dealer_growth.revenue_before,
        dealer_growth.manager,
        count(*) as grown_products,
        sum(case when dealer_growth.was_bought then 0 else 1 end) as new_products,
        sum(dealer_growth.growth) as growth
    from silent_products
    inner join dealer_growth
        on silent_products.growth_month = dealer_growth.month
        and silent_products.region = dealer_growth.region
        and silent_products.product_id = dealer_growth.product_id
        and silent_products.client_id <> dealer_growth.client_id
        and dealer_growth.month >= cast($first_month as date) - interval '3 months'
        and dealer_growth.month <= $last_month
    group by
        silent_products.is_placebo,
        silent_products.month,
        silent_products.client_id,
        dealer_growth.client_id,
        dealer_growth.growing_clients,
        dealer_growth.revenue_before,
        dealer_growth.manager
)

select
    shared.month,
    shared.is_placebo,
    shared.silent_client_id,
    shared.dealer_client_id,
    silent.region,
    shared.growing_clients,
    cast(array_length(silent.products) as bigint) as products,
    shared.grown_products,
    shared.new_products,
    silent.revenue as silent_revenue,
    silent.months as silent_months,
    shared.revenue_before as dealer_revenue,
    cast(shared.growth / 3 as decimal(28, 4)) as grown_revenue,
    silent.manager,
    shared.manager as dealer_manager
from shared
inner join silent
    on shared.month = silent.month and shared.silent_client_id = silent.client_id
