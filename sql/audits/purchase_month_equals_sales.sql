-- Every day on which a canonical client has a purchase line is counted once, and no other.
-- audits: purchase_month
-- reads:  purchase_month[0], sales[0], canonical_client[all]
with source_days as (
    select
        month,
        client_id,
        bit_or(cast(1 as bigint) << cast(date_part('day', sale_date) - 1 as bigint)) as day_mask
    from sales
    where month between $first_month and $last_month and is_purchase
    group by month, client_id
),

client_days as (
    select
        source_days.month,
        coalesce(canonical_client.canonical_client_id, source_days.client_id) as client_id,
        bit_or(source_days.day_mask) as day_mask
    from source_days
    left join canonical_client
        on source_days.client_id = canonical_client.client_id
    group by
        source_days.month,
        coalesce(canonical_client.canonical_client_id, source_days.client_id)
),

-- Both sides in one list: a client whose two rows are equal has one value of everything.
both as (
    select
        month,
        client_id,
        day_mask,
        cast(null as bigint) as purchases,
        cast(null as date) as first_purchase_date,
        cast(null as date) as last_purchase_date
    from client_days
    union all
    select
        month,
        client_id,
        day_mask,
        purchases,
        first_purchase_date,
        last_purchase_date
    from purchase_month
    where month between $first_month and $last_month
),

compared as (
    select
        month,
        client_id,
        count(*) as sides,
        min(day_mask) as least_day_mask,
        max(day_mask) as greatest_day_mask,
        max(purchases) as purchases,
        max(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date
    from both
    group by month, client_id
),

bit_pairs as (
    select
        month,
        client_id,
        sides,
        least_day_mask,
        greatest_day_mask,
        purchases,
        first_purchase_date,
        last_purchase_date,
        greatest_day_mask - ((greatest_day_mask >> 1) & 1431655765) as pairs
    from compared
),

bit_fours as (
    select
        month,
        client_id,
        sides,
        least_day_mask,
        greatest_day_mask,
        purchases,
        first_purchase_date,
        last_purchase_date,
        (pairs & 858993459) + ((pairs >> 2) & 858993459) as fours
    from bit_pairs
),

expected as (
    select
        month,
        client_id,
        sides,
        least_day_mask,
        greatest_day_mask,
        purchases,
        first_purchase_date,
        last_purchase_date,
        ((((fours + (fours >> 4)) & 252645135) * 16843009) >> 24) & 255 as expected_purchases
    from bit_fours
)

select
    month,
    client_id,
    sides,
    least_day_mask,
    greatest_day_mask,
    expected_purchases,
    purchases,
    first_purchase_date,
    last_purchase_date
from expected
where
    sides <> 2
    or least_day_mask <> greatest_day_mask
    or expected_purchases <> purchases
    or month + cast(floor(log2(greatest_day_mask & -greatest_day_mask)) as int)
    <> first_purchase_date
    or month + cast(floor(log2(greatest_day_mask)) as int) <> last_purchase_date
