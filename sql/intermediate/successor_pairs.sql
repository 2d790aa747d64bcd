-- One row per pair of clients that is compared, and why: a candidate that shares a block, a link
-- that was confirmed, a client with itself a quarter later, or two clients that chance put
-- together. The last three say how much an agreement is worth.
-- grain:  label, silent_client_id, appeared_client_id
-- reads:  successor_sides[all], successor_keys[all], successor_blocks[all], canonical_client[all]
-- param:  successors_days_before bigint
-- param:  successors_days_after bigint
-- column: label text not null -- candidate, confirmed, self or random
-- column: silent_client_id text not null -- Client that fell silent; of a confirmed link the client
--     that goes on as another
-- column: appeared_client_id text not null -- Client that appeared; of a confirmed link that other
-- column: shared_kinds bigint not null -- Kinds of keys that a candidate shares, 0 for others
with settings as (
    -- Days from the last purchase of the one to the first of the other; how rare shared products
    -- must be beyond one client of a quarter; and how many clients are drawn for comparisons, with
    -- how many others per month.
    select
        -cast($successors_days_before as bigint) as least_days,
        cast($successors_days_after as bigint) as most_days,
        4000 as spare_millibits,
        4000 as most_sampled,
        5 as most_per_month
),

compared_keys as (
    select
        successor_keys.kind,
        successor_keys.block_key,
        successor_keys.appeared_quarter,
        successor_keys.side,
        successor_keys.client_id,
        successor_blocks.key_millibits
    from successor_keys
    inner join successor_blocks
        on successor_keys.kind = successor_blocks.kind
        and successor_keys.block_key = successor_blocks.block_key
        and successor_keys.appeared_quarter = successor_blocks.appeared_quarter
    where not successor_blocks.is_skipped
),

shared_keys as (
    select
        silent_keys.client_id as silent_client_id,
        appeared_keys.client_id as appeared_client_id,
        silent_keys.appeared_quarter,
        silent_keys.kind,
        sum(silent_keys.key_millibits) as key_millibits
    from compared_keys as silent_keys
    inner join compared_keys as appeared_keys
        on silent_keys.kind = appeared_keys.kind
        and silent_keys.block_key = appeared_keys.block_key
        and silent_keys.appeared_quarter = appeared_keys.appeared_quarter
        and silent_keys.client_id <> appeared_keys.client_id
    where silent_keys.side = 'silent' and appeared_keys.side = 'appeared'
    group by
        silent_keys.client_id,
        appeared_keys.client_id,
        silent_keys.appeared_quarter,
        silent_keys.kind
),

quarters as (
    select
        month_number / 3 as appeared_quarter,
        cast(round(1000 * log2(cast(count(*) as double))) as bigint) as clients_millibits
    from successor_sides
    where side = 'appeared'
    group by month_number / 3
),

-- Products make a pair when so many are shared that chance would find a client with all of them in
-- one of 16 such quarters; any other key makes a pair alone.
blocked as (
    select
        shared_keys.silent_client_id,
        shared_keys.appeared_client_id,
        count(*) as shared_kinds
    from settings
    cross join shared_keys
    inner join quarters
        on shared_keys.appeared_quarter = quarters.appeared_quarter
    group by shared_keys.silent_client_id, shared_keys.appeared_client_id
    having
        max(
            case
                when shared_keys.kind not in ('product', 'place_product') then 1
                when
                    shared_keys.key_millibits
                    >= quarters.clients_millibits + settings.spare_millibits
                    then 1
                else 0
            end
        ) = 1
),

-- Who goes on as another was there before it, and the other buys after it.
candidates as (
    select
        blocked.silent_client_id,
        blocked.appeared_client_id,
        blocked.shared_kinds
    from settings
    cross join blocked
    inner join successor_sides as silent
        on blocked.silent_client_id = silent.client_id and silent.side = 'silent'
    inner join successor_sides as appeared
        on blocked.appeared_client_id = appeared.client_id and appeared.side = 'appeared'
    where
        appeared.turn_date - silent.turn_date between settings.least_days and settings.most_days
        and silent.first_purchase_date < appeared.first_purchase_date
        and silent.last_purchase_date < appeared.last_purchase_date
),

-- Clients in the order of their reversed ids: as good as chance, and the same every time.
silent_in_order as (
    select
        client_id,
        month_number,
        turn_date,
        first_purchase_date,
        last_purchase_date,
        row_number() over (order by reverse(client_id), client_id) as place
    from successor_sides
    where side = 'silent'
),

appeared_in_order as (
    select
        client_id,
        month_number,
        turn_date,
        first_purchase_date,
        last_purchase_date,
        row_number() over (
            partition by month_number order by reverse(client_id), client_id
        ) - 1 as place
    from successor_sides
    where side = 'appeared'
),

appeared_counts as (
    select
        month_number,
        count(*) as clients
    from successor_sides
    where side = 'appeared'
    group by month_number
),

draws as (
    select
        client_id,
        turn_date,
        first_purchase_date,
        last_purchase_date,
        place,
        month_number,
        draw,
        unnest(range(month_number - 2, month_number + 7)) as appeared_month_number
    from (
        select
            silent_in_order.client_id,
            silent_in_order.turn_date,
            silent_in_order.first_purchase_date,
            silent_in_order.last_purchase_date,
            silent_in_order.place,
            silent_in_order.month_number,
            unnest(range(0, settings.most_per_month)) as draw
        from settings
        cross join silent_in_order
        where silent_in_order.place <= settings.most_sampled
    ) as silent_draws
),

random as (
    select distinct
        draws.client_id as silent_client_id,
        appeared_in_order.client_id as appeared_client_id
    from settings
    cross join draws
    inner join appeared_counts
        on draws.appeared_month_number = appeared_counts.month_number
    inner join appeared_in_order
        on draws.appeared_month_number = appeared_in_order.month_number
        and (draws.place * 7919 + draws.draw * 104729) % appeared_counts.clients
            = appeared_in_order.place
    where
        draws.client_id <> appeared_in_order.client_id
        and appeared_in_order.turn_date - draws.turn_date
            between settings.least_days and settings.most_days
        and draws.first_purchase_date < appeared_in_order.first_purchase_date
        and draws.last_purchase_date < appeared_in_order.last_purchase_date
),

-- How alike one client is in two quarters that follow each other, as it would be to its successor.
itself as (
    select
        client_id,
        row_number() over (order by reverse(client_id), client_id) as place
    from successor_sides
    where side = 'continued'
)

select
    'candidate' as label,
    silent_client_id,
    appeared_client_id,
    shared_kinds
from candidates
union all
select
    'confirmed' as label,
    client_id as silent_client_id,
    linked_client_id as appeared_client_id,
    0 as shared_kinds
from canonical_client
where kind in ('successor', 'duplicate')
union all
select
    'self' as label,
    itself.client_id as silent_client_id,
    itself.client_id as appeared_client_id,
    0 as shared_kinds
from settings
cross join itself
where itself.place <= settings.most_sampled
union all
select
    'random' as label,
    silent_client_id,
    appeared_client_id,
    0 as shared_kinds
from random
