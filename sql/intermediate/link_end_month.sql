-- One row per month and client of a confirmed link, on either end, with a line in the month, under
-- the id that the sales name: what churn would count it by if nobody had linked it.
-- grain:  month, source_client_id
-- reads:  sales_by_client[0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: source_client_id text not null -- Client as the sales name it
-- column: client_id text not null -- Canonical client
-- column: kind text not null -- Kind of its link: successor, dealer or duplicate; of the canonical
--     client, of the first link that leads to it
-- column: is_buyer boolean not null -- It has a purchase in the month
-- column: is_last_buyer boolean not null -- It made the last purchase of the canonical client in the
--     month
-- column: revenue decimal(28,4) not null -- Revenue net of returns in the month
-- column: manager text -- Manager of its last purchase in the month, null without a purchase, like
--     the four below
-- column: department text -- Department of that purchase
-- column: branch text -- Branch of that purchase
-- column: region text -- Region of that purchase
-- column: channel text -- Sales channel of that purchase
with linked as (
    select
        client_id as source_client_id,
        canonical_client_id as client_id,
        kind
    from canonical_client
    union all
    select
        canonical_client_id as source_client_id,
        canonical_client_id as client_id,
        min(kind) as kind
    from canonical_client
    group by canonical_client_id
),

names as (
    select
        sales_by_client.month,
        linked.source_client_id,
        linked.client_id,
        linked.kind,
        sales_by_client.source,
        sales_by_client.revenue,
        cast(floor(log2(nullif(sales_by_client.last_days, 0))) as bigint) as last_day,
        sales_by_client.manager,
        sales_by_client.department,
        sales_by_client.branch,
        sales_by_client.region,
        sales_by_client.channel
    from linked
    inner join sales_by_client
        on linked.source_client_id = sales_by_client.source_client_id
        and sales_by_client.month between $first_month and $last_month
),

-- The last purchase is chosen as in purchase_month, so that of a client it is that of one of its ids.
ranked as (
    select
        month,
        source_client_id,
        client_id,
        kind,
        revenue,
        last_day,
        manager,
        department,
        branch,
        region,
        channel,
        row_number() over (
            partition by month, source_client_id
            order by last_day desc nulls last, source desc
        ) as place_of_id,
        row_number() over (
            partition by month, client_id
            order by last_day desc nulls last, source desc, source_client_id desc
        ) as place_of_client
    from names
)

select
    month,
    source_client_id,
    client_id,
    min(kind) as kind,
    max(last_day) is not null as is_buyer,
    sum(case when last_day is not null and place_of_client = 1 then 1 else 0 end) > 0
        as is_last_buyer,
    cast(sum(revenue) as decimal(28, 4)) as revenue,
    max(case when last_day is not null and place_of_id = 1 then manager end) as manager,
    max(case when last_day is not null and place_of_id = 1 then department end) as department,
    max(case when last_day is not null and place_of_id = 1 then branch end) as branch,
    max(case when last_day is not null and place_of_id = 1 then region end) as region,
    max(case when last_day is not null and place_of_id = 1 then channel end) as channel
from ranked
group by month, source_client_id, client_id
