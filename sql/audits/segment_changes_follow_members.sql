-- A client has a change exactly when it is in the segment at the end of one of the two months, and
-- the change says of which.
-- audits: segment_changes
-- reads:  segment_changes[0], segment_members[-1..0]
with sides as (
    select
        cast(month + interval '1 month' as date) as month,
        segment,
        client_id,
        -1 as presence,
        0 as told
    from segment_members
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    union all
    select
        month,
        segment,
        client_id,
        1 as presence,
        0 as told
    from segment_members
    where month between $first_month and $last_month
    union all
    select
        month,
        segment,
        client_id,
        0 as presence,
        case change when 'entered' then 1 when 'left' then -1 else 2 end as told
    from segment_changes
    where month between $first_month and $last_month
)

select
    month,
    segment,
    client_id,
    sum(presence) as expected_change,
    sum(told) as change
from sides
group by month, segment, client_id
having sum(presence) <> sum(told)
