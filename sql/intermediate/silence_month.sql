-- One row per month, month before, type of client, number of purchases and length of silence: how
-- many silences of this length a purchase in the month ended.
-- grain:  month, client_type, start_month, purchases, silence_days
-- reads:  purchase_month[0], client_rhythm[0], client_types[..0]
-- column: month date not null -- Month of the purchase that ended the silence, written as its first
--     day
-- column: client_type text not null -- B2B or B2C; (unknown) where the master data name none
-- column: start_month date not null -- Month of the purchase that began it
-- column: purchases bigint not null -- Lifetime purchase days when it began; 10 stands for 10 and
--     more
-- column: silence_days bigint not null -- Days from the purchase day that began it to the one that
--     ended it
-- column: silences bigint not null -- Number of such silences
with types as (
    select client_id, client_type
    from client_types
    where month <= $last_month
),

buyers as (
    select
        purchase_month.month,
        coalesce(types.client_type, '(unknown)') as client_type,
        purchase_month.day_mask,
        client_rhythm.previous_purchase_date,
        client_rhythm.previous_purchases
    from purchase_month
    inner join client_rhythm
        on purchase_month.month = client_rhythm.month
        and purchase_month.client_id = client_rhythm.client_id
        and client_rhythm.month between $first_month and $last_month
    left join types
        on purchase_month.client_id = types.client_id
    where purchase_month.month between $first_month and $last_month
),

days as (
    select
        month,
        client_type,
        day_mask & ((cast(1 as bigint) << day_index) - 1) as earlier_days,
        previous_purchase_date,
        previous_purchases,
        day_index
    from (
        select
            month,
            client_type,
            day_mask,
            previous_purchase_date,
            previous_purchases,
            unnest(range(0, 31)) as day_index
        from buyers
    )
    where (day_mask >> day_index) & 1 = 1
),

-- Number of set bits of the earlier days, by adding neighbours, as in purchase_month.
bit_pairs as (
    select
        month,
        client_type,
        earlier_days,
        previous_purchase_date,
        previous_purchases,
        day_index,
        earlier_days - ((earlier_days >> 1) & 1431655765) as pairs
    from days
),

bit_fours as (
    select
        month,
        client_type,
        earlier_days,
        previous_purchase_date,
        previous_purchases,
        day_index,
        (pairs & 858993459) + ((pairs >> 2) & 858993459) as fours
    from bit_pairs
),

-- The purchase day before, inside the month, is the highest bit below the own one (log2 is exact
-- enough for 31 bits); the first day of the month looks back to the months before.
silences as (
    select
        month,
        client_type,
        cast(month + cast(day_index as int) as date) as purchase_date,
        least(
            previous_purchases
            + (((((fours + (fours >> 4)) & 252645135) * 16843009) >> 24) & 255),
            10
        ) as purchases,
        case
            when earlier_days > 0 then day_index - cast(floor(log2(earlier_days)) as bigint)
            else cast(month - previous_purchase_date + day_index as bigint)
        end as silence_days
    from bit_fours
    where earlier_days > 0 or previous_purchase_date is not null
)

select
    month,
    client_type,
    cast(date_trunc('month', purchase_date - cast(silence_days as int)) as date) as start_month,
    purchases,
    silence_days,
    count(*) as silences
from silences
group by
    month,
    client_type,
    cast(date_trunc('month', purchase_date - cast(silence_days as int)) as date),
    purchases,
    silence_days
