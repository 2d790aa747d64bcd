-- One row per client and month with at least one purchase: the purchase days, documents, and where
-- the last purchase was made.
-- grain:  month, client_id
-- reads:  sales_by_client[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: purchases bigint not null -- Distinct purchase days in the month
-- column: documents bigint not null -- Documents with at least one purchase line
-- column: first_purchase_date date not null -- First purchase day in the month
-- column: last_purchase_date date not null -- Last purchase day in the month
-- column: day_mask bigint not null -- Purchase days as bits, bit d - 1 is day d of the month
-- column: is_merged boolean not null -- The client bought under several names or in several
--     sources in the month
-- column: manager text not null -- Manager of the last purchase, '(unknown)' when not given
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
with purchases as (
    select
        month,
        client_id,
        sum(documents) as documents,
        bit_or(purchase_days) as day_mask,
        max(manager) as manager,
        max(department) as department,
        max(branch) as branch,
        max(region) as region,
        max(channel) as channel
    from sales_by_client
    where month between $first_month and $last_month and purchase_days <> 0
    group by month, client_id
),

-- Nearly every client buys under one name, in one source, and from one manager: its one row says
-- where. Those with several rows are few.
several as (
    select
        month,
        client_id
    from sales_by_client
    where month between $first_month and $last_month and purchase_days <> 0
    group by month, client_id
    having count(*) > 1
),

several_rows as (
    select
        sales_by_client.month,
        sales_by_client.client_id,
        sales_by_client.source,
        sales_by_client.source_client_id,
        cast(floor(log2(nullif(sales_by_client.last_days, 0))) as bigint) as last_day,
        sales_by_client.manager,
        sales_by_client.department,
        sales_by_client.branch,
        sales_by_client.region,
        sales_by_client.channel
    from sales_by_client
    left semi join several
        on sales_by_client.month = several.month
        and sales_by_client.client_id = several.client_id
    where
        sales_by_client.month between $first_month and $last_month
        and sales_by_client.purchase_days <> 0
),

-- The last purchase is the last line of the last document of the last day. A name and source has one
-- such line a day; of several the name of the source decides, then that of the client.
ranked as (
    select
        month,
        client_id,
        source,
        source_client_id,
        manager,
        department,
        branch,
        region,
        channel,
        row_number() over (
            partition by month, client_id
            order by last_day desc nulls last, source desc, source_client_id desc
        ) as place
    from several_rows
),

last_of_several as (
    select
        month,
        client_id,
        min(source) <> max(source) or min(source_client_id) <> max(source_client_id) as is_merged,
        max(case when place = 1 then manager end) as manager,
        max(case when place = 1 then department end) as department,
        max(case when place = 1 then branch end) as branch,
        max(case when place = 1 then region end) as region,
        max(case when place = 1 then channel end) as channel
    from ranked
    group by month, client_id
),

-- Number of set bits of the mask, by adding neighbours: pairs, fours, bytes, all.
bit_pairs as (
    select
        month,
        client_id,
        documents,
        day_mask,
        manager,
        department,
        branch,
        region,
        channel,
        day_mask - ((day_mask >> 1) & 1431655765) as pairs
    from purchases
),

bit_fours as (
    select
        month,
        client_id,
        documents,
        day_mask,
        manager,
        department,
        branch,
        region,
        channel,
        (pairs & 858993459) + ((pairs >> 2) & 858993459) as fours
    from bit_pairs
)

select
    bit_fours.month,
    bit_fours.client_id,
    ((((bit_fours.fours + (bit_fours.fours >> 4)) & 252645135) * 16843009) >> 24) & 255
        as purchases,
    bit_fours.documents,
    -- The lowest and the highest bit of the days; log2 is exact enough for 31 bits.
    bit_fours.month
    + cast(floor(log2(bit_fours.day_mask & -bit_fours.day_mask)) as int) as first_purchase_date,
    bit_fours.month + cast(floor(log2(bit_fours.day_mask)) as int) as last_purchase_date,
    bit_fours.day_mask,
    coalesce(last_of_several.is_merged, false) as is_merged,
    coalesce(last_of_several.manager, bit_fours.manager) as manager,
    coalesce(last_of_several.department, bit_fours.department) as department,
    coalesce(last_of_several.branch, bit_fours.branch) as branch,
    coalesce(last_of_several.region, bit_fours.region) as region,
    coalesce(last_of_several.channel, bit_fours.channel) as channel
from bit_fours
left join last_of_several
    on bit_fours.month = last_of_several.month
    and bit_fours.client_id = last_of_several.client_id
