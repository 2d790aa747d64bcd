-- One row per block of clients that are compared because they share a key and a time: what is
-- shared, how many stand on either side, and whether the block is too large to be compared.
-- grain:  kind, block_key, appeared_quarter
-- reads:  successor_keys[all], successor_sides[all]
-- param:  successors_most_pairs bigint
-- column: kind text not null -- tax_id, phone, email, email_domain, building, contact_person,
--     name_word, name_start, name_end, name_consonants, product or place_product
-- column: block_key text not null -- What is shared
-- column: appeared_quarter bigint not null -- Number of the quarter (year * 4 + quarter - 1) in
--     which the appeared ones first bought
-- column: silent_clients bigint not null -- Silent clients with the key who last bought near it
-- column: appeared_clients bigint not null -- Clients with the key who first bought in it
-- column: key_millibits bigint not null -- How rare the key is: the logarithm of one over the share
--     of the clients of that quarter that have it, in thousandths
-- column: is_skipped boolean not null -- More pairs than one key may make: it says too little
with settings as (
    select cast($successors_most_pairs as bigint) as most_pairs
),

counted as (
    select
        kind,
        block_key,
        appeared_quarter,
        sum(case when side = 'silent' then 1 else 0 end) as silent_clients,
        sum(case when side = 'appeared' then 1 else 0 end) as appeared_clients
    from successor_keys
    group by kind, block_key, appeared_quarter
    having min(side) <> max(side) and min(client_id) <> max(client_id)
),

appeared_counts as (
    select month_number / 3 as appeared_quarter, count(*) as clients
    from successor_sides
    where side = 'appeared'
    group by month_number / 3
)

select
    counted.kind,
    counted.block_key,
    counted.appeared_quarter,
    counted.silent_clients,
    counted.appeared_clients,
    cast(
        round(1000 * log2(cast(appeared_counts.clients as double) / counted.appeared_clients))
        as bigint
    ) as key_millibits,
    counted.silent_clients * counted.appeared_clients > settings.most_pairs as is_skipped
from settings
cross join counted
inner join appeared_counts
    on counted.appeared_quarter = appeared_counts.appeared_quarter
