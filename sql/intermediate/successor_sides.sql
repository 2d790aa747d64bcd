-- One row per client and side of a possible succession: clients that are silent now, as they last
-- bought, and clients as they first bought, unless that was when the data begin. Beside them the
-- three months after these first ones: how a client that goes on looks.
-- grain:  side, client_id
-- reads:  client_turns[all], purchase_month[all]
-- param:  history_first_month date
-- column: side text not null -- silent, appeared or continued
-- column: client_id text not null -- Canonical client
-- column: month_number bigint not null -- Number of the month (year * 12 + month - 1) of its last
--     purchase for silent, of its first for the others
-- column: turn_date date not null -- Day of that purchase
-- column: first_purchase_date date not null -- First purchase day of its life
-- column: last_purchase_date date not null -- Last purchase day of its life, as known now
-- column: purchases bigint not null -- Purchase days in the three months of the turn
-- column: months bigint not null -- How many of these months it was a client in
-- column: revenue decimal(28,4) not null -- Revenue of the purchase lines in these months
-- column: products text[] not null -- Products bought in these months, in the order of their text
-- column: manager text not null -- Manager of the last purchase in these months
-- column: branch text not null -- Branch of it
-- column: region text not null -- Region of it
with settings as (
    -- Who first buys so early in the data is likely to be older than they are.
    select interval '3 months' as burn_in
),

last_months as (
    select
        client_id,
        max(month) as last_purchase_month,
        max(last_purchase_date) as last_purchase_date
    from purchase_month
    group by client_id
),

-- A silence that a purchase has ended since is none.
silent as (
    select
        client_turns.client_id,
        client_turns.last_purchase_date as turn_date,
        client_turns.first_purchase_date,
        client_turns.purchases,
        client_turns.months,
        client_turns.revenue,
        client_turns.products,
        client_turns.manager,
        client_turns.branch,
        client_turns.region
    from client_turns
    inner join last_months
        on client_turns.client_id = last_months.client_id
        and client_turns.month = last_months.last_purchase_month + interval '2 months'
    where client_turns.turn = 'silent'
),

appeared_months as (
    select
        turn as side,
        client_id,
        min(first_purchase_date) as turn_date,
        sum(purchases) as purchases,
        -- The months up to the last one with a purchase: the others may not be over.
        max(
            cast(
                date_part('year', month) * 12 + date_part('month', month)
                - date_part('year', first_purchase_date) * 12
                - date_part('month', first_purchase_date)
                - case when turn = 'continued' then 2 else -1 end
                as bigint
            )
        ) as months,
        sum(revenue) as revenue,
        max(
            concat(
                cast(month as text), chr(31),
                replace(manager, chr(31), ' '), chr(31),
                replace(branch, chr(31), ' '), chr(31),
                replace(region, chr(31), ' ')
            )
        ) as last_place
    from settings
    cross join client_turns
    where
        client_turns.turn <> 'silent'
        and client_turns.first_purchase_date
            >= cast($history_first_month as date) + settings.burn_in
    group by turn, client_id
),

bought_products as (
    select
        turn as side,
        client_id,
        unnest(products) as product_id
    from client_turns
    where turn <> 'silent'
),

distinct_products as (
    select side, client_id, product_id
    from bought_products
    group by side, client_id, product_id
),

baskets as (
    select
        side,
        client_id,
        array_sort(array_agg(product_id)) as products
    from distinct_products
    group by side, client_id
),

sides as (
    select
        'silent' as side,
        client_id,
        turn_date,
        first_purchase_date,
        purchases,
        months,
        revenue,
        products,
        manager,
        branch,
        region
    from silent
    union all
    select
        appeared_months.side,
        appeared_months.client_id,
        appeared_months.turn_date,
        appeared_months.turn_date as first_purchase_date,
        appeared_months.purchases,
        appeared_months.months,
        appeared_months.revenue,
        coalesce(baskets.products, arrow_cast(make_array(), 'List(Utf8)')) as products,
        split_part(appeared_months.last_place, chr(31), 2) as manager,
        split_part(appeared_months.last_place, chr(31), 3) as branch,
        split_part(appeared_months.last_place, chr(31), 4) as region
    from appeared_months
    left join baskets
        on appeared_months.side = baskets.side and appeared_months.client_id = baskets.client_id
)

select
    sides.side,
    sides.client_id,
    cast(
        date_part('year', sides.turn_date) * 12 + date_part('month', sides.turn_date) - 1
        as bigint
    ) as month_number,
    sides.turn_date,
    sides.first_purchase_date,
    last_months.last_purchase_date,
    sides.purchases,
    sides.months,
    cast(sides.revenue as decimal(28, 4)) as revenue,
    sides.products,
    sides.manager,
    sides.branch,
    sides.region
from sides
inner join last_months
    on sides.client_id = last_months.client_id
