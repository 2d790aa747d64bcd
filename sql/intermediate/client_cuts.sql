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
with segments as (
    select
        month,
        client_id,
        segment
    from client_lifecycle
    where month between $first_month and $last_month and last_purchase_date >= month
),

classes as (
    select
        month,
        entity_id as client_id,
        abc
    from abc_xyz
    where
        month between $first_month and $last_month
        and dimension = 'client'
        and measure = 'revenue'
)

select
    purchase_month.month,
    purchase_month.client_id,
    cast(date_trunc('month', client_rhythm.previous_purchase_date) as date)
        as previous_purchase_month,
    purchase_month.channel,
    purchase_month.region,
    purchase_month.department,
    purchase_month.branch,
    purchase_month.manager,
    client_first_category.first_category,
    segments.segment,
    coalesce(classes.abc, '(unknown)') as abc
from purchase_month
inner join client_rhythm
    on purchase_month.client_id = client_rhythm.client_id
    and purchase_month.month = client_rhythm.month
    and client_rhythm.month between $first_month and $last_month
inner join segments
    on purchase_month.client_id = segments.client_id
    and purchase_month.month = segments.month
inner join client_first_category
    on purchase_month.client_id = client_first_category.client_id
    and client_first_category.month <= $last_month
left join classes
    on purchase_month.client_id = classes.client_id
    and purchase_month.month = classes.month
where purchase_month.month between $first_month and $last_month
