-- One row per client, side of a possible succession, key that it shares with another client on the
-- other side, and quarter in which the two may meet.
-- grain:  kind, block_key, appeared_quarter, side, client_id
-- reads:  successor_sides[all], client_identity[all]
-- param:  successors_days_before bigint
-- param:  successors_days_after bigint
-- column: kind text not null -- tax_id, phone, email, email_domain, building, contact_person,
--     name_word, name_start, name_end, name_consonants, product or place_product
-- column: block_key text not null -- What is shared
-- column: appeared_quarter bigint not null -- Number of a quarter (year * 4 + quarter - 1): in
--     which it first bought for appeared, in which its successor may first have bought for silent
-- column: side text not null -- silent or appeared
-- column: client_id text not null -- Canonical client
with settings as (
    -- The rarest products of a silent client, by which it is looked for. A successor first buys
    -- between some months before and some after the last purchase of the other.
    select
        20 as most_products,
        (cast($successors_days_before as bigint) + 30) / 31 as months_before,
        (cast($successors_days_after as bigint) + 30) / 31 as months_after
),

identity_keys as (
    select client_id, 'tax_id' as kind, tax_id as block_key
    from client_identity
    where tax_id is not null
    union all
    select client_id, 'phone' as kind, unnest(phones) as block_key
    from client_identity
    union all
    select client_id, 'email' as kind, unnest(emails) as block_key
    from client_identity
    union all
    select client_id, 'email_domain' as kind, unnest(email_domains) as block_key
    from client_identity
    union all
    select client_id, 'building' as kind, unnest(buildings) as block_key
    from client_identity
    union all
    select client_id, 'contact_person' as kind, contact_person as block_key
    from client_identity
    where contact_person is not null
    union all
    select client_id, 'name_word' as kind, unnest(name_words) as block_key
    from client_identity
    union all
    -- For typing errors inside a name: both its ends, and its consonants.
    select client_id, 'name_start' as kind, left(name_letters, 5) as block_key
    from client_identity
    where character_length(name_letters) >= 6
    union all
    select client_id, 'name_end' as kind, right(name_letters, 5) as block_key
    from client_identity
    where character_length(name_letters) >= 6
    union all
    select
        client_id,
        'name_consonants' as kind,
        regexp_replace(name_letters, '[аеиоу]', '', 'g') as block_key
    from client_identity
    where character_length(regexp_replace(name_letters, '[аеиоу]', '', 'g')) >= 3
),

side_products as (
    select
        side,
        client_id,
        manager,
        branch,
        region,
        unnest(products) as product_id
    from successor_sides
    where side <> 'continued'
),

product_clients as (
    select
        product_id,
        count(*) as clients
    from side_products
    group by product_id
),

ranked_products as (
    select
        side_products.side,
        side_products.client_id,
        array_sort(
            array_agg(
                concat(
                    lpad(cast(product_clients.clients as text), 12, '0'), side_products.product_id
                )
            )
        ) as ranked_products
    from side_products
    inner join product_clients
        on side_products.product_id = product_clients.product_id
    group by side_products.side, side_products.client_id
),

-- Of a silent client its rarest products, of an appeared one all: it may have bought others too.
block_products as (
    select
        ranked_products.side,
        ranked_products.client_id,
        substr(
            unnest(
                case
                    when ranked_products.side = 'silent'
                        then array_slice(
                            ranked_products.ranked_products, 1, settings.most_products
                        )
                    else ranked_products.ranked_products
                end
            ),
            13
        ) as product_id
    from settings
    cross join ranked_products
),

side_keys as (
    select
        successor_sides.side,
        successor_sides.client_id,
        successor_sides.month_number,
        identity_keys.kind,
        identity_keys.block_key
    from successor_sides
    inner join identity_keys
        on successor_sides.client_id = identity_keys.client_id
    where successor_sides.side <> 'continued'
    union all
    select
        successor_sides.side,
        successor_sides.client_id,
        successor_sides.month_number,
        'product' as kind,
        block_products.product_id as block_key
    from successor_sides
    inner join block_products
        on successor_sides.side = block_products.side
        and successor_sides.client_id = block_products.client_id
    union all
    -- A product that many buy is a key together with who sold it and where.
    select
        successor_sides.side,
        successor_sides.client_id,
        successor_sides.month_number,
        'place_product' as kind,
        concat(
            successor_sides.manager, ' / ', successor_sides.branch, ' / ', successor_sides.region,
            ' / ', block_products.product_id
        ) as block_key
    from successor_sides
    inner join block_products
        on successor_sides.side = block_products.side
        and successor_sides.client_id = block_products.client_id
),

distinct_keys as (
    select kind, block_key, side, client_id, month_number
    from side_keys
    group by kind, block_key, side, client_id, month_number
),

-- Most keys are of one client alone and lead nowhere.
shared_keys as (
    select kind, block_key
    from distinct_keys
    group by kind, block_key
    having min(side) <> max(side) and min(client_id) <> max(client_id)
),

kept_keys as (
    select
        distinct_keys.kind,
        distinct_keys.block_key,
        distinct_keys.side,
        distinct_keys.client_id,
        distinct_keys.month_number
    from distinct_keys
    left semi join shared_keys
        on distinct_keys.kind = shared_keys.kind
        and distinct_keys.block_key = shared_keys.block_key
)

-- The short list stands first: a cross join makes a batch of rows for each row of its left side.
select
    kept_keys.kind,
    kept_keys.block_key,
    unnest(
        case
            when kept_keys.side = 'silent'
                then range(
                    (kept_keys.month_number - settings.months_before) / 3,
                    (kept_keys.month_number + settings.months_after) / 3 + 1
                )
            else make_array(kept_keys.month_number / 3)
        end
    ) as appeared_quarter,
    kept_keys.side,
    kept_keys.client_id
from settings
cross join kept_keys
