-- One row per month and movement between RFM segments since the month before that occurred.
-- grain:  month, from_segment, to_segment
-- reads:  rfm[-1..0]
-- column: month date not null -- Calendar month at whose end the clients are in to_segment
-- column: from_segment text not null -- Segment at the end of the month before, first_purchase for
--     clients who first bought in this month
-- column: to_segment text not null -- Segment at the end of this month
-- column: clients bigint not null -- Clients who made this movement
-- column: probability double not null -- Part of the clients of from_segment
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with before as (
    select
        cast(month + interval '1 month' as date) as month,
        client_id,
        segment
    from rfm
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
),

movements as (
    select
        rfm.month,
        coalesce(before.segment, 'first_purchase') as from_segment,
        rfm.segment as to_segment,
        rfm.is_partial,
        count(*) as clients
    from rfm
    left join before
        on rfm.month = before.month
        and rfm.client_id = before.client_id
    where rfm.month between $first_month and $last_month
    group by rfm.month, coalesce(before.segment, 'first_purchase'), rfm.segment, rfm.is_partial
)

select
    month,
    from_segment,
    to_segment,
    clients,
    cast(clients as double) / sum(clients) over (partition by month, from_segment) as probability,
    is_partial
from movements
