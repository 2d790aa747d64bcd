-- One row per client that is lost or dozing at the as-of date and not to be called, with the
-- reason; also clients that only seem so because they go on as another.
-- grain:  client_id
-- reads:  winback_clients[all], linked_silences[all]
-- param:  as_of_date date
-- column: client_id text not null -- Canonical client, or one that goes on as another
-- column: client_name text -- Name in the master data
-- column: reason text not null -- confirmed_dealer (buys through a dealer), confirmed_successor
--     (goes on as another client, or stood twice in the master data), closed, do_not_contact,
--     probable_successor (to be checked first), one_off (a single purchase), class_n (its total was
--     not positive) or class_c: the first that holds
-- column: reasons text not null -- All that hold, in this order
-- column: goes_on_as text -- The client as which it goes on, or probably does
-- column: manager text -- Manager of the master data, else of the last purchase; null when neither
--     is known
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from it to the as-of date
-- column: months_silent bigint not null -- Months from the last purchase month to that of the as-of
--     date, as if it were over
-- column: purchases bigint -- Lifetime purchase days; null for confirmed links, like the rest
-- column: segment text -- Life-cycle segment at the as-of date
-- column: abc text -- ABC class by revenue when it last bought
-- column: lost_after_months bigint -- The longest rule of N months by which it is lost; null when
--     it is dozing only
-- column: chance_of_return double -- Chance to buy within 12 months, after the whole months of
--     silence that are over
-- column: typical_profit_12m decimal(28,4) -- Profit in the 12 months ending with the month of the
--     last purchase; null when no cost is known
-- column: typical_revenue_12m decimal(28,4) -- Revenue in these months
-- column: expected_profit decimal(28,4) -- What is left out with it: chance_of_return times
--     typical_profit_12m
-- column: as_of_date date not null -- The date the list speaks for
select
    client_id,
    client_name,
    reason,
    reasons,
    goes_on_as,
    manager,
    last_purchase_date,
    days_since_last_purchase,
    months_silent,
    purchases,
    segment,
    abc,
    lost_after_months,
    chance_of_return,
    typical_profit_12m,
    typical_revenue_12m,
    cast(round(chance_of_return * cast(typical_profit_12m as double), 4) as decimal(28, 4))
        as expected_profit,
    cast($as_of_date as date) as as_of_date
from winback_clients
where reasons is not null
union all
select
    client_id,
    client_name,
    reason,
    reason as reasons,
    goes_on_as,
    manager,
    last_purchase_date,
    days_since_last_purchase,
    months_silent,
    cast(null as bigint) as purchases,
    cast(null as text) as segment,
    cast(null as text) as abc,
    cast(null as bigint) as lost_after_months,
    cast(null as double) as chance_of_return,
    cast(null as decimal(28, 4)) as typical_profit_12m,
    cast(null as decimal(28, 4)) as typical_revenue_12m,
    cast(null as decimal(28, 4)) as expected_profit,
    cast($as_of_date as date) as as_of_date
from linked_silences
