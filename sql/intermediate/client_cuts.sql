-- One row per client and month with a purchase: the value of every cut in which it stands from then
-- until its next purchase.
-- grain:  month, client_id
-- reads:  client_rhythm[0], purchase_month[0], client_lifecycle[0], abc_xyz[0],
--     client_first_category[..0]
-- column: month date not null -- Calendar month of a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: previous_purchase_month date -- Month of the purchase before; null in the month of the
--     first purchase
-- column: channel text not null -- Sales channel of the last purchase of the month
-- column: region text not null -- Region of that purchase
-- column: department text not null -- Department of that purchase
-- column: branch text not null -- Branch of that purchase
-- column: manager text not null -- Manager of that purchase
-- column: first_category text not null -- Category of the first purchase of the client's life
-- column: segment text not null -- Life-cycle segment at the end of the month
-- column: abc text not null -- ABC class by revenue in the month; (unknown) when the parameters
--     leave clients or revenue out
with facts as (
    select
        month,
        client_id,
        cast(date_trunc('month', previous_purchase_date) as date) as previous_purchase_month,
        cast(null as bigint) as segment_number,
        cast(null as bigint) as abc_number
    from client_rhythm
    where month between $first_month and $last_month
    union all
    select
        month,
        client_id,
        cast(null as date) as previous_purchase_month,
        case count_segment when 'new' then 0 when 'prospective' then 1 else 2 end
        + case recency_segment when 'active' then 0 when 'dozing' then 10 else 20 end
            as segment_number,
        cast(null as bigint) as abc_number
    from client_lifecycle
    where month between $first_month and $last_month and last_purchase_date >= month
    union all
    select
        month,
        entity_id as client_id,
        cast(null as date) as previous_purchase_month,
        cast(null as bigint) as segment_number,
        cast(ascii(abc) as bigint) as abc_number
    from abc_xyz
    where
        month between $first_month and $last_month
        and dimension = 'client'
        and measure = 'revenue'
),

-- Facts are put together by one group by, as dates and numbers, and texts are joined at last: texts
-- that go through several joins drag the buffers of all their files along. Clients with a class
-- who did not buy in the month have no segment here.
buyers as (
    select
        month,
        client_id,
        max(previous_purchase_month) as previous_purchase_month,
        max(segment_number) as segment_number,
        max(abc_number) as abc_number
    from facts
    group by month, client_id
    having max(segment_number) is not null
),

buyers_by_category as (
    select
        buyers.month,
        buyers.client_id,
        buyers.previous_purchase_month,
        buyers.segment_number,
        buyers.abc_number,
        client_first_category.first_category
    from client_first_category
    inner join buyers
        on client_first_category.client_id = buyers.client_id
    where client_first_category.month <= $last_month
)

select
    purchase_month.month,
    purchase_month.client_id,
    buyers_by_category.previous_purchase_month,
    purchase_month.channel,
    purchase_month.region,
    purchase_month.department,
    purchase_month.branch,
    purchase_month.manager,
    buyers_by_category.first_category,
    case buyers_by_category.segment_number % 10
        when 0 then 'new'
        when 1 then 'prospective'
        else 'regular'
    end
    || '_'
    || case buyers_by_category.segment_number / 10
        when 0 then 'active'
        when 1 then 'dozing'
        else 'asleep'
    end as segment,
    coalesce(chr(buyers_by_category.abc_number), '(unknown)') as abc
from purchase_month
inner join buyers_by_category
    on purchase_month.client_id = buyers_by_category.client_id
    and purchase_month.month = buyers_by_category.month
where purchase_month.month between $first_month and $last_month
