-- One row per month and RFM segment with clients: how many they are and what they bought.
-- grain:  month, segment
-- reads:  rfm[0], client_revenue_12m[0]
-- column: month date not null -- Calendar month, written as its first day
-- column: segment text not null -- Segment of the scores, by rfm_segment_names
-- column: clients bigint not null -- Clients in the segment at the end of the month
-- column: share_of_clients double not null -- Part of all clients who have ever bought
-- column: revenue decimal(28,4) not null -- Their lifetime revenue net of returns
-- column: revenue_12m decimal(28,4) not null -- Their revenue net of returns in the 12 months
--     ending with the month
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with segments as (
    select
        rfm.month,
        rfm.segment,
        rfm.is_partial,
        count(*) as clients,
        sum(rfm.revenue) as revenue,
        sum(client_revenue_12m.revenue_12m) as revenue_12m
    from rfm
    left join client_revenue_12m
        on rfm.month = client_revenue_12m.month
        and rfm.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month between $first_month and $last_month
    where rfm.month between $first_month and $last_month
    group by rfm.month, rfm.segment, rfm.is_partial
)

select
    month,
    segment,
    clients,
    cast(clients as double) / sum(clients) over (partition by month) as share_of_clients,
    cast(revenue as decimal(28, 4)) as revenue,
    cast(coalesce(revenue_12m, 0) as decimal(28, 4)) as revenue_12m,
    is_partial
from segments
