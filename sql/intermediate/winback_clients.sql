-- One row per client that is lost or dozing at the as-of date: what it could bring back, and why it
-- is not to be called, if so.
-- grain:  client_id
-- reads:  client_state[all], client_lifecycle[all], client_class[all], client_contact_grounds[all],
--     client_revenue_12m[all], lapsed_clients[all], return_chances[all], canonical_client[all],
--     clients[all], segment_playbook[all], successor_candidates[all], product_names[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  loss_rhythm_intervals bigint
-- param:  warnings_overdue_purchases bigint
-- param:  winback_includes_class_c boolean
-- column: client_id text not null -- Canonical client
-- column: client_name text -- Name in the master data
-- column: goes_on_as text -- The client as which it probably goes on; null for others
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from it to the as-of date
-- column: months_silent bigint not null -- Months from the last purchase month to that of the as-of
--     date, as if it were over
-- column: purchases bigint not null -- Lifetime purchase days
-- column: segment text not null -- Life-cycle segment at the as-of date
-- column: abc text not null -- ABC class by revenue when it last bought
-- column: lost_after_months bigint -- The longest rule of N whole months by which it is lost; null
--     when it is dozing only
-- column: own_rhythm boolean -- Three purchase days or more, and silent for three times its own
--     median interval
-- column: low_nps boolean -- Its last nps answer of the last 12 months is low
-- column: open_conflict boolean -- A conflict is open
-- column: asked_without_buying boolean -- Three or more inquiries since the last purchase
-- column: manager text -- Manager of the master data, else of the last purchase
-- column: last_manager text -- Manager of the last purchase
-- column: channel text -- Sales channel of the last purchase
-- column: region text -- Region of the last purchase
-- column: department text -- Department of the last purchase
-- column: branch text -- Branch of the last purchase
-- column: first_category text -- Category of the first purchase
-- column: has_phone boolean -- The master data have a phone; null without a card, like has_email
-- column: has_email boolean -- The master data have an e-mail
-- column: last_products text -- Products with the greatest revenue in the month of the last
--     purchase: code and name, set off by semicolons
-- column: main_products text -- The same of the 12 months ending with it
-- column: cause text -- Cause of the fall before the silence; see lapsed_clients
-- column: cause_product text -- Product behind that fall: code and name
-- column: cause_change decimal(28,4) -- Change of revenue of the three months ending with the last
--     purchase, against the three before
-- column: action text -- What the playbook says for its segment
-- column: action_channel text -- By what
-- column: within_days bigint -- In how many days
-- column: chance_of_return double -- Chance to buy within 12 months, after the whole months of
--     silence that are over
-- column: typical_revenue_12m decimal(28,4) -- Revenue in the 12 months ending with the month of
--     the last purchase
-- column: typical_profit_12m decimal(28,4) -- Profit in these months; null when no cost is known
-- column: reason text -- Why it is not to be called, the first of reasons; null when it is
-- column: reasons text -- All reasons, most telling first
with as_of as (
    select
        cast(date_trunc('month', cast($as_of_date as date)) as date) as month,
        -- Of the months of silence, that of the as-of date is no whole one until it is over.
        case
            when
                date_trunc('month', cast($as_of_date as date))
                = date_trunc('month', cast($as_of_date as date) + interval '1 day')
                then 1
            else 0
        end as unfinished_months,
        cast($loss_rhythm_intervals as bigint) as rhythm_intervals,
        cast($warnings_overdue_purchases as bigint) as rhythm_purchases,
        cast($winback_includes_class_c as boolean) as includes_class_c
),

rules as (
    select
        unfinished_months,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from as_of
),

lost_by_rule as (
    select
        client_state.client_id,
        max(rules.lost_after_months) as lost_after_months
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from rules
    cross join client_state
    where
        client_state.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
        and client_state.months_since_last_purchase - rules.unfinished_months
        >= rules.lost_after_months
    group by client_state.client_id
),

silent_clients as (
    select
        client_lifecycle.client_id,
        client_lifecycle.last_purchase_date,
        client_lifecycle.days_since_last_purchase,
        client_lifecycle.purchases,
        client_lifecycle.count_segment,
        client_lifecycle.segment,
        client_lifecycle.overdue_ratio,
        lost_by_rule.lost_after_months
    from client_lifecycle
    left join lost_by_rule
        on client_lifecycle.client_id = lost_by_rule.client_id
    where
        client_lifecycle.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
        and (
            client_lifecycle.recency_segment <> 'active'
            or lost_by_rule.lost_after_months is not null
        )
),

-- A card of the client itself; who must not be contacted under an old id must not be under the new
-- one either, but a dealer is another company.
own_cards as (
    select
        client_id,
        max(client_name) as client_name,
        max(client_type) as client_type,
        max(nullif(trim(manager), '')) as manager,
        bool_or(coalesce(is_closed, false)) as is_closed,
        bool_or(coalesce(trim(phones) <> '', false)) as has_phone,
        bool_or(coalesce(trim(emails) <> '', false)) as has_email
    from clients
    group by client_id
),

not_to_contact as (
    select coalesce(canonical_client.canonical_client_id, clients.client_id) as client_id
    from clients
    left join canonical_client
        on clients.client_id = canonical_client.client_id
        and canonical_client.kind in ('successor', 'duplicate')
    where clients.do_not_contact
    group by coalesce(canonical_client.canonical_client_id, clients.client_id)
),

-- A client that probably goes on as another is to be checked before anybody calls it.
probable_successors as (
    select
        silent_client_id as client_id,
        appeared_client_id as goes_on_as
    from successor_candidates
    where band = 'probable' and silent_rank = 1
),

-- A line for the whole segment gives way to one for its class or type, both to one for both.
playbook as (
    select
        segment,
        abc,
        client_type,
        min(action) as action,
        min(channel) as channel,
        min(within_days) as within_days,
        case when abc is null then 0 else 2 end
        + case when client_type is null then 0 else 1 end as precision
    from segment_playbook
    group by segment, abc, client_type
),

typed_clients as (
    select
        silent_clients.segment,
        client_class.abc,
        coalesce(own_cards.client_type, '(unknown)') as client_type
    from silent_clients
    inner join client_class
        on silent_clients.client_id = client_class.client_id
        and client_class.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left join own_cards
        on silent_clients.client_id = own_cards.client_id
    group by
        silent_clients.segment, client_class.abc, coalesce(own_cards.client_type, '(unknown)')
),

fitting_lines as (
    select
        typed_clients.segment,
        typed_clients.abc,
        typed_clients.client_type,
        playbook.action,
        playbook.channel,
        playbook.within_days,
        row_number() over (
            partition by typed_clients.segment, typed_clients.abc, typed_clients.client_type
            order by playbook.precision desc
        ) as place
    from typed_clients
    inner join playbook
        on typed_clients.segment = playbook.segment
        and (playbook.abc is null or typed_clients.abc = playbook.abc)
        and (playbook.client_type is null or typed_clients.client_type = playbook.client_type)
),

-- The products that are to be named, of the silences that go on: few beside all that were sold.
listed_products as (
    select
        lapsed_clients.client_id,
        lapsed_clients.last_products,
        lapsed_clients.main_products,
        lapsed_clients.cause_product_id
    from lapsed_clients
    inner join client_state
        on lapsed_clients.client_id = client_state.client_id
        and lapsed_clients.last_purchase_month = client_state.last_purchase_month
        and client_state.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left semi join silent_clients
        on lapsed_clients.client_id = silent_clients.client_id
),

product_places as (
    select
        client_id,
        'last' as list,
        unnest(range(1, cast(cardinality(last_products) as bigint) + 1)) as place,
        unnest(last_products) as product_id
    from listed_products
    union all
    select
        client_id,
        'main' as list,
        unnest(range(1, cast(cardinality(main_products) as bigint) + 1)) as place,
        unnest(main_products) as product_id
    from listed_products
    union all
    select
        client_id,
        'cause' as list,
        1 as place,
        cause_product_id as product_id
    from listed_products
    where cause_product_id is not null
),

named_products as (
    select
        product_places.client_id,
        product_places.list,
        product_places.place,
        -- Who sells by names has them for codes.
        concat_ws(
            ' ',
            product_places.product_id,
            nullif(product_names.product_name, product_places.product_id)
        ) as product
    from product_places
    left join product_names
        on product_places.product_id = product_names.product_id
),

product_texts as (
    select
        client_id,
        nullif(
            concat_ws(
                '; ',
                max(case when list = 'last' and place = 1 then product end),
                max(case when list = 'last' and place = 2 then product end),
                max(case when list = 'last' and place = 3 then product end)
            ),
            ''
        ) as last_products,
        nullif(
            concat_ws(
                '; ',
                max(case when list = 'main' and place = 1 then product end),
                max(case when list = 'main' and place = 2 then product end),
                max(case when list = 'main' and place = 3 then product end)
            ),
            ''
        ) as main_products,
        max(case when list = 'cause' then product end) as cause_product
    from named_products
    group by client_id
),

described as (
    select
        silent_clients.client_id,
        own_cards.client_name,
        probable_successors.goes_on_as,
        silent_clients.last_purchase_date,
        silent_clients.days_since_last_purchase,
        client_state.months_since_last_purchase as months_silent,
        -- The chance is that of the last month's end: of this month some days may be left to buy.
        greatest(client_state.months_since_last_purchase - as_of.unfinished_months, 0)
            as whole_months_silent,
        silent_clients.purchases,
        silent_clients.count_segment,
        silent_clients.segment,
        client_class.abc,
        silent_clients.lost_after_months,
        coalesce(
            silent_clients.purchases >= as_of.rhythm_purchases
            and silent_clients.overdue_ratio >= as_of.rhythm_intervals,
            false
        ) as own_rhythm,
        coalesce(client_contact_grounds.low_nps, false) as low_nps,
        coalesce(client_contact_grounds.open_conflict, false) as open_conflict,
        coalesce(client_contact_grounds.asked_without_buying, false) as asked_without_buying,
        coalesce(own_cards.manager, client_state.manager) as manager,
        client_state.manager as last_manager,
        client_state.channel,
        client_state.region,
        client_state.department,
        client_state.branch,
        client_class.first_category,
        coalesce(own_cards.client_type, '(unknown)') as client_type,
        own_cards.has_phone,
        own_cards.has_email,
        product_texts.last_products,
        product_texts.main_products,
        lapsed_clients.cause,
        product_texts.cause_product,
        lapsed_clients.cause_change,
        -- Who is silent within the month of its last purchase has not lapsed yet.
        case
            when lapsed_clients.client_id is null then client_revenue_12m.revenue_12m
            else lapsed_clients.revenue_12m_before
        end as typical_revenue_12m,
        case
            when lapsed_clients.client_id is null then client_revenue_12m.profit_12m
            else lapsed_clients.profit_12m_before
        end as typical_profit_12m,
        coalesce(own_cards.is_closed, false) as is_closed,
        not_to_contact.client_id is not null as is_not_to_contact,
        probable_successors.client_id is not null as is_probable_successor,
        silent_clients.purchases = 1 as is_one_off,
        client_class.abc = 'N' as is_not_positive,
        client_class.abc = 'C' and not as_of.includes_class_c as is_class_c
    from as_of
    inner join client_state
        on as_of.month = client_state.month
        and client_state.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    inner join silent_clients
        on client_state.client_id = silent_clients.client_id
    inner join client_class
        on silent_clients.client_id = client_class.client_id
        and client_class.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left join client_contact_grounds
        on silent_clients.client_id = client_contact_grounds.client_id
        and client_contact_grounds.month
        = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left join lapsed_clients
        on client_state.client_id = lapsed_clients.client_id
        and client_state.last_purchase_month = lapsed_clients.last_purchase_month
    left join product_texts
        on client_state.client_id = product_texts.client_id
    left join client_revenue_12m
        on silent_clients.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month = cast(date_trunc('month', cast($as_of_date as date)) as date)
    left join own_cards
        on silent_clients.client_id = own_cards.client_id
    left join not_to_contact
        on silent_clients.client_id = not_to_contact.client_id
    left join probable_successors
        on silent_clients.client_id = probable_successors.client_id
),

judged as (
    select
        described.client_id,
        described.client_name,
        described.goes_on_as,
        described.last_purchase_date,
        described.days_since_last_purchase,
        described.months_silent,
        described.purchases,
        described.segment,
        described.abc,
        described.lost_after_months,
        described.own_rhythm,
        described.low_nps,
        described.open_conflict,
        described.asked_without_buying,
        described.manager,
        described.last_manager,
        described.channel,
        described.region,
        described.department,
        described.branch,
        described.first_category,
        described.has_phone,
        described.has_email,
        described.last_products,
        described.main_products,
        described.cause,
        described.cause_product,
        described.cause_change,
        fitting_lines.action,
        fitting_lines.channel as action_channel,
        fitting_lines.within_days,
        return_chances.chance_12m as chance_of_return,
        described.typical_revenue_12m,
        described.typical_profit_12m,
        nullif(
            concat_ws(
                ', ',
                case when described.is_closed then 'closed' end,
                case when described.is_not_to_contact then 'do_not_contact' end,
                case when described.is_probable_successor then 'probable_successor' end,
                case when described.is_one_off then 'one_off' end,
                case when described.is_not_positive then 'class_n' end,
                case when described.is_class_c then 'class_c' end
            ),
            ''
        ) as reasons
    from described
    left join fitting_lines
        on described.segment = fitting_lines.segment
        and described.abc = fitting_lines.abc
        and described.client_type = fitting_lines.client_type
        and fitting_lines.place = 1
    left join return_chances
        on described.count_segment = return_chances.count_segment
        and described.abc = return_chances.abc
        and least(described.whole_months_silent, 36) = return_chances.months_silent
)

select
    client_id,
    client_name,
    goes_on_as,
    last_purchase_date,
    days_since_last_purchase,
    months_silent,
    purchases,
    segment,
    abc,
    lost_after_months,
    own_rhythm,
    low_nps,
    open_conflict,
    asked_without_buying,
    manager,
    last_manager,
    channel,
    region,
    department,
    branch,
    first_category,
    has_phone,
    has_email,
    last_products,
    main_products,
    cause,
    cause_product,
    cause_change,
    action,
    action_channel,
    within_days,
    chance_of_return,
    typical_revenue_12m,
    typical_profit_12m,
    split_part(reasons, ', ', 1) as reason,
    reasons
from judged
