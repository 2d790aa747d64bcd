-- One row per month and client of a confirmed link, on either end, with a line in the month, under
-- the id that the sales name: what churn would count it by if nobody had linked it.
-- grain:  month, source_client_id
-- reads:  sales[0], canonical_client[all]
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

-- The last purchase is chosen as in purchase_month, so that of a client it is that of one of its
-- ids: all sort keys and the attributes stand in one text.
id_months as (
    select
        sales.month,
        linked.source_client_id,
        linked.client_id,
        linked.kind,
        bool_or(sales.is_purchase) as is_buyer,
        sum(sales.revenue) as revenue,
        max(
            case
                when sales.is_purchase
                    then concat(
                        cast(sales.sale_date as text), chr(31),
                        replace(sales.source, chr(31), ' '), chr(31),
                        replace(
                            coalesce(sales.document_id, cast(sales.sale_date as text)),
                            chr(31), ' '
                        ),
                        chr(31),
                        lpad(cast(coalesce(sales.line_number, 0) as text), 20, '0'), chr(31),
                        replace(coalesce(sales.manager, '(unknown)'), chr(31), ' '), chr(31),
                        replace(coalesce(sales.department, '(unknown)'), chr(31), ' '), chr(31),
                        replace(coalesce(sales.branch, '(unknown)'), chr(31), ' '), chr(31),
                        replace(coalesce(sales.region, '(unknown)'), chr(31), ' '), chr(31),
                        replace(coalesce(sales.channel, '(unknown)'), chr(31), ' ')
                    )
            end
        ) as last_line
    from linked
    inner join sales
        on linked.source_client_id = sales.client_id
    where sales.month between $first_month and $last_month
    group by sales.month, linked.source_client_id, linked.client_id, linked.kind
),

-- Should two ids have the same line, the greater one made it.
last_buyers as (
    select
        month,
        client_id,
        max(concat(last_line, chr(31), source_client_id)) as last_buyer
    from id_months
    where is_buyer
    group by month, client_id
)

select
    id_months.month,
    id_months.source_client_id,
    id_months.client_id,
    id_months.kind,
    id_months.is_buyer,
    coalesce(
        concat(id_months.last_line, chr(31), id_months.source_client_id) = last_buyers.last_buyer,
        false
    ) as is_last_buyer,
    cast(id_months.revenue as decimal(28, 4)) as revenue,
    split_part(id_months.last_line, chr(31), 5) as manager,
    split_part(id_months.last_line, chr(31), 6) as department,
    split_part(id_months.last_line, chr(31), 7) as branch,
    split_part(id_months.last_line, chr(31), 8) as region,
    split_part(id_months.last_line, chr(31), 9) as channel
from id_months
left join last_buyers
    on id_months.month = last_buyers.month
    and id_months.client_id = last_buyers.client_id
