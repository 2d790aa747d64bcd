-- One row per client to win back at the as-of date, lost or dozing: what it can be expected to
-- bring back, whom to ask about it, and what to do. The most profitable stand first.
-- grain:  client_id
-- reads:  winback_clients[all]
-- param:  as_of_date date
-- column: rank bigint not null -- Place by expected profit, then expected revenue, then client_id;
--     clients whose profit is not known come after the others
-- column: manager_rank bigint not null -- Place among the clients of the manager
-- column: client_id text not null -- Canonical client
-- column: client_name text -- Name in the master data
-- column: manager text not null -- Manager of the master data, else of the last purchase
-- column: expected_profit decimal(28,4) -- chance_of_return times typical_profit_12m; null when no
--     cost or no chance is known
-- column: expected_revenue decimal(28,4) -- chance_of_return times typical_revenue_12m
-- column: chance_of_return double -- Chance to buy within 12 months, after the whole months of
--     silence that are over; see return_chances
-- column: typical_profit_12m decimal(28,4) -- Profit in the 12 months ending with the month of the
--     last purchase; null when no cost is known
-- column: typical_revenue_12m decimal(28,4) not null -- Revenue in these months
-- column: segment text not null -- Life-cycle segment at the as-of date
-- column: abc text not null -- ABC class by revenue when it last bought
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from it to the as-of date
-- column: months_silent bigint not null -- Months from the last purchase month to that of the as-of
--     date, as if it were over
-- column: purchases bigint not null -- Lifetime purchase days
-- column: lost_after_months bigint -- The longest rule of N whole months by which it is lost, all
--     over at the as-of date; null when it is dozing only
-- column: own_rhythm boolean not null -- Three purchase days or more, and silent for three times
--     its own median interval
-- column: low_nps boolean not null -- Its last nps answer of the last 12 months is 6 or less
-- column: open_conflict boolean not null -- A conflict is open
-- column: asked_without_buying boolean not null -- Three or more inquiries since the last purchase
-- column: grounds text not null -- All of these in words, such as 'lost_6, own_rhythm'; dozing or
--     asleep for who is not lost by any rule
-- column: contacts text not null -- phone_and_email, phone, email, none, or no_card without master
--     data
-- column: cause text -- Why its revenue fell before the silence: less_often, smaller_orders, cheaper,
--     dropped_product or returns, in the three months ending with the last purchase against the
--     three before; vanished when it had not fallen. Null when the history is too short to compare
-- column: cause_product text -- Product behind that fall: code and name
-- column: cause_change decimal(28,4) -- Fall of revenue between these periods, below 0; null when
--     vanished, or not to be compared
-- column: last_products text -- Up to three products of the month of the last purchase, greatest
--     revenue first: code and name, if the sales have names, set off by semicolons
-- column: main_products text -- Up to three products of the 12 months ending with it, likewise
-- column: action text -- What the playbook says for its segment; null where it says nothing
-- column: action_channel text -- By phone, e-mail, visit, chat
-- column: within_days bigint -- In how many days
-- column: last_manager text not null -- Manager of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: first_category text not null -- Category of the first purchase
-- column: as_of_date date not null -- The date the list speaks for
with expected as (
    select
        client_id,
        client_name,
        manager,
        -- Money stays decimal: the product is rounded once, to four decimals.
        cast(round(chance_of_return * cast(typical_profit_12m as double), 4) as decimal(28, 4))
            as expected_profit,
        cast(round(chance_of_return * cast(typical_revenue_12m as double), 4) as decimal(28, 4))
            as expected_revenue,
        chance_of_return,
        typical_profit_12m,
        typical_revenue_12m,
        segment,
        abc,
        last_purchase_date,
        days_since_last_purchase,
        months_silent,
        purchases,
        lost_after_months,
        own_rhythm,
        low_nps,
        open_conflict,
        asked_without_buying,
        has_phone,
        has_email,
        cause,
        cause_product,
        cause_change,
        last_products,
        main_products,
        action,
        action_channel,
        within_days,
        last_manager,
        channel,
        region,
        department,
        branch,
        first_category
    from winback_clients
    where reasons is null
)

select
    cast(
        row_number() over (
            order by expected_profit desc nulls last, expected_revenue desc nulls last, client_id
        ) as bigint
    ) as rank,
    cast(
        row_number() over (
            partition by manager
            order by expected_profit desc nulls last, expected_revenue desc nulls last, client_id
        ) as bigint
    ) as manager_rank,
    client_id,
    client_name,
    manager,
    expected_profit,
    expected_revenue,
    chance_of_return,
    typical_profit_12m,
    typical_revenue_12m,
    segment,
    abc,
    last_purchase_date,
    days_since_last_purchase,
    months_silent,
    purchases,
    lost_after_months,
    own_rhythm,
    low_nps,
    open_conflict,
    asked_without_buying,
    concat_ws(
        ', ',
        'lost_' || cast(lost_after_months as text),
        case when lost_after_months is null then split_part(segment, '_', 2) end,
        case when own_rhythm then 'own_rhythm' end,
        case when low_nps then 'low_nps' end,
        case when open_conflict then 'open_conflict' end,
        case when asked_without_buying then 'asked_without_buying' end
    ) as grounds,
    case
        when has_phone is null then 'no_card'
        when has_phone and has_email then 'phone_and_email'
        when has_phone then 'phone'
        when has_email then 'email'
        else 'none'
    end as contacts,
    cause,
    cause_product,
    cause_change,
    last_products,
    main_products,
    action,
    action_channel,
    within_days,
    last_manager,
    channel,
    region,
    department,
    branch,
    first_category,
    cast($as_of_date as date) as as_of_date
from expected
