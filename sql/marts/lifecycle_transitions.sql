-- One row per month and movement between life-cycle segments since the month before that occurred.
-- grain:  month, from_segment, to_segment
-- reads:  client_lifecycle[0]
-- column: month date not null -- Calendar month at whose end the clients are in to_segment
-- column: from_segment text not null -- Segment at the end of the month before, first_purchase for
--     clients who first bought in this month
-- column: to_segment text not null -- Segment at the end of this month
-- column: clients bigint not null -- Clients who made this movement
-- column: probability double not null -- Part of the clients of from_segment
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with movements as (
    select
        month,
        coalesce(previous_segment, 'first_purchase') as from_segment,
        segment as to_segment,
        is_partial,
        count(*) as clients
    from client_lifecycle
    where month between $first_month and $last_month
    group by month, previous_segment, segment, is_partial
)

select
    month,
    from_segment,
    to_segment,
    clients,
    cast(clients as double) / sum(clients) over (partition by month, from_segment) as probability,
    is_partial
from movements
