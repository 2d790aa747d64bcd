-- One row per month, comparison, cut and value of the cut: the change of revenue of its clients,
-- split into what caused it. Every effect is the sum of those of the clients.
-- grain:  month, compare, cut, cut_value
-- reads:  client_movements[0]
-- param:  as_of_date date
-- column: month date not null -- Last month of the period now, written as its first day
-- column: compare text not null -- What the period now is compared with: previous, as many months
--     directly before it, or year_ago, the same months a year before
-- column: cut text not null -- all (the company), channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the client's last purchase, as known at
--     the end of the month, 'all' for all; (unknown) for who never bought
-- column: clients bigint not null -- Clients with a line in either period
-- column: clients_fallen bigint not null -- Those of them whose revenue fell
-- column: clients_risen bigint not null -- Those of them whose revenue rose
-- column: clients_vanished bigint not null -- Bought before, not now
-- column: clients_new bigint not null -- First bought after the period before
-- column: clients_returned bigint not null -- Bought now, not before, but earlier
-- column: revenue_before decimal(28,4) not null -- Revenue net of returns in the period before
-- column: revenue_now decimal(28,4) not null -- Revenue net of returns in the period now
-- column: change decimal(28,4) not null -- revenue_now minus revenue_before: the sum of the five
--     effects, and of fall and rise
-- column: frequency_effect decimal(28,4) not null -- More or fewer purchases, clients who came and
--     went included
-- column: vanished_effect decimal(28,4) not null -- Part of frequency_effect: clients who vanished
-- column: new_effect decimal(28,4) not null -- Part of frequency_effect: new clients
-- column: returned_effect decimal(28,4) not null -- Part of frequency_effect: clients who returned
-- column: basket_effect decimal(28,4) not null -- More or fewer units per purchase
-- column: price_mix_effect decimal(28,4) not null -- More or less revenue per unit
-- column: dropped_effect decimal(28,4) not null -- Products that clients no longer bought
-- column: added_effect decimal(28,4) not null -- Products that clients had not bought before
-- column: fall decimal(28,4) not null -- Sum of the changes of the clients who fell, negative
-- column: rise decimal(28,4) not null -- Sum of the changes of the clients who rose
-- column: cause text not null -- Largest part of a fall: vanished, less_often, smaller_orders,
--     cheaper, dropped_product; of a rise: new, returned, more_often, larger_orders, dearer,
--     added_product; unchanged
-- column: client_id text -- Client that fell (in a rise: rose) most
-- column: client_change decimal(28,4) -- Change of that client
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with clients as (
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
        -- The greatest of these texts is the greatest change: the amounts have one width.
        concat(
            cast(cast(abs(change) + 1000000000000000000 as decimal(28, 4)) as text), client_id
        ) as change_key
    from client_movements
    where month between $first_month and $last_month
),

-- Few clients share all five attributes and the movement; still this leaves fewer rows to cut.
groups as (
    select
        month,
        compare,
        manager,
        department,
        branch,
        region,
        channel,
        count(*) as clients,
        sum(case when change < 0 then 1 else 0 end) as clients_fallen,
        sum(case when change > 0 then 1 else 0 end) as clients_risen,
        sum(case when movement = 'vanished' then 1 else 0 end) as clients_vanished,
        sum(case when movement = 'new' then 1 else 0 end) as clients_new,
        sum(case when movement = 'returned' then 1 else 0 end) as clients_returned,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
        sum(change) as change,
        sum(frequency_effect) as frequency_effect,
        sum(case when movement = 'vanished' then frequency_effect else 0 end) as vanished_effect,
        sum(case when movement = 'new' then frequency_effect else 0 end) as new_effect,
        sum(case when movement = 'returned' then frequency_effect else 0 end) as returned_effect,
        sum(basket_effect) as basket_effect,
        sum(price_mix_effect) as price_mix_effect,
        sum(dropped_effect) as dropped_effect,
        sum(added_effect) as added_effect,
        sum(case when change < 0 then change else 0 end) as fall,
        sum(case when change > 0 then change else 0 end) as rise,
        max(case when change < 0 then change_key end) as fallen_client,
        max(case when change > 0 then change_key end) as risen_client
    from clients
    group by month, compare, manager, department, branch, region, channel
),

cut_groups as (
    select
        groups.month,
        groups.compare,
        cuts.cut,
        case
            when cuts.cut = 'channel' then groups.channel
            when cuts.cut = 'region' then groups.region
            when cuts.cut = 'department' then groups.department
            when cuts.cut = 'branch' then groups.branch
            when cuts.cut = 'manager' then groups.manager
            else 'all'
        end as cut_value,
        groups.clients,
        groups.clients_fallen,
        groups.clients_risen,
        groups.clients_vanished,
        groups.clients_new,
        groups.clients_returned,
        groups.revenue_before,
        groups.revenue_now,
        groups.change,
        groups.frequency_effect,
        groups.vanished_effect,
        groups.new_effect,
        groups.returned_effect,
        groups.basket_effect,
        groups.price_mix_effect,
        groups.dropped_effect,
        groups.added_effect,
        groups.fall,
        groups.rise,
        groups.fallen_client,
        groups.risen_client
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
    ) as cuts (cut)
    cross join groups
),

sums as (
    select
        month,
        compare,
        cut,
        cut_value,
        sum(clients) as clients,
        sum(clients_fallen) as clients_fallen,
        sum(clients_risen) as clients_risen,
        sum(clients_vanished) as clients_vanished,
        sum(clients_new) as clients_new,
        sum(clients_returned) as clients_returned,
        cast(sum(revenue_before) as decimal(28, 4)) as revenue_before,
        cast(sum(revenue_now) as decimal(28, 4)) as revenue_now,
        cast(sum(change) as decimal(28, 4)) as change,
        cast(sum(frequency_effect) as decimal(28, 4)) as frequency_effect,
        cast(sum(vanished_effect) as decimal(28, 4)) as vanished_effect,
        cast(sum(new_effect) as decimal(28, 4)) as new_effect,
        cast(sum(returned_effect) as decimal(28, 4)) as returned_effect,
        cast(sum(basket_effect) as decimal(28, 4)) as basket_effect,
        cast(sum(price_mix_effect) as decimal(28, 4)) as price_mix_effect,
        cast(sum(dropped_effect) as decimal(28, 4)) as dropped_effect,
        cast(sum(added_effect) as decimal(28, 4)) as added_effect,
        sum(vanished_effect + new_effect + returned_effect) as arrivals,
        sum(frequency_effect - vanished_effect - new_effect - returned_effect) as frequency,
        sum(dropped_effect + added_effect) as assortment,
        cast(sum(fall) as decimal(28, 4)) as fall,
        cast(sum(rise) as decimal(28, 4)) as rise,
        max(fallen_client) as fallen_client,
        max(risen_client) as risen_client
    from cut_groups
    group by month, compare, cut, cut_value
)

-- Five parts, of which one is the cause: clients who came against those who went, purchases of
-- those who stayed, baskets, prices, and products added against those dropped.
select
    month,
    compare,
    cut,
    cut_value,
    clients,
    clients_fallen,
    clients_risen,
    clients_vanished,
    clients_new,
    clients_returned,
    revenue_before,
    revenue_now,
    change,
    frequency_effect,
    vanished_effect,
    new_effect,
    returned_effect,
    basket_effect,
    price_mix_effect,
    dropped_effect,
    added_effect,
    fall,
    rise,
    case
        when change = 0 then 'unchanged'
        when change < 0
            then case least(arrivals, frequency, basket_effect, price_mix_effect, assortment)
                when arrivals then 'vanished'
                when frequency then 'less_often'
                when basket_effect then 'smaller_orders'
                when price_mix_effect then 'cheaper'
                else 'dropped_product'
            end
        else case greatest(arrivals, frequency, basket_effect, price_mix_effect, assortment)
            when arrivals
                then case when new_effect >= returned_effect then 'new' else 'returned' end
            when frequency then 'more_often'
            when basket_effect then 'larger_orders'
            when price_mix_effect then 'dearer'
            else 'added_product'
        end
    end as cause,
    case
        when change < 0 then substr(fallen_client, 25)
        when change > 0 then substr(risen_client, 25)
    end as client_id,
    cast(
        case
            when change < 0
                then 1000000000000000000 - cast(left(fallen_client, 24) as decimal(28, 4))
            when change > 0
                then cast(left(risen_client, 24) as decimal(28, 4)) - 1000000000000000000
        end as decimal(28, 4)
    ) as client_change,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from sums
