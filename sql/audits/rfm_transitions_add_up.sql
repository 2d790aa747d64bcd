-- Movements add up to the clients of every segment, at the end of the month before and of this
-- month.
-- audits: rfm_transitions
-- reads:  rfm_transitions[0], rfm[-1..0]
with populations as (
    select
        month,
        'to' as side,
        segment,
        count(*) as expected_clients,
        0 as clients
    from rfm
    where month between $first_month and $last_month
    group by month, segment
    union all
    select
        cast(month + interval '1 month' as date) as month,
        'from' as side,
        segment,
        count(*) as expected_clients,
        0 as clients
    from rfm
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    group by month, segment
    union all
    select
        month,
        'to' as side,
        to_segment as segment,
        0 as expected_clients,
        clients
    from rfm_transitions
    where month between $first_month and $last_month
    union all
    select
        month,
        'from' as side,
        from_segment as segment,
        0 as expected_clients,
        clients
    from rfm_transitions
    where month between $first_month and $last_month and from_segment <> 'first_purchase'
)

select
    month,
    side,
    segment,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients
from populations
group by month, side, segment
having sum(expected_clients) <> sum(clients)
