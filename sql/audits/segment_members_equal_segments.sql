-- Members are exactly the clients that the segments' files name, each at the end of the same month,
-- and who entered is a member since that month.
-- audits: segment_members
-- reads:  segments[0], segment_members[0]
with sides as (
    select
        month,
        segment,
        client_id,
        1 as named,
        0 as members,
        0 as contradictions
    from segments
    where month between $first_month and $last_month
    union all
    select
        month,
        segment,
        client_id,
        0 as named,
        1 as members,
        case when is_entered = (member_since = month) and member_since <= month then 0 else 1 end
            as contradictions
    from segment_members
    where month between $first_month and $last_month
)

select
    month,
    segment,
    client_id,
    sum(named) as named,
    sum(members) as members,
    sum(contradictions) as contradictions
from sides
group by month, segment, client_id
having sum(named) <> sum(members) or sum(contradictions) > 0
