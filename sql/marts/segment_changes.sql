-- One row per month, target segment and client that entered or left it in the month.
-- grain:  month, segment, client_id
-- reads:  segment_members[-1..0]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: segment text not null -- Target segment
-- column: client_id text not null -- Canonical client
-- column: change text not null -- entered: in the segment at the end of this month and not of the
--     one before; left: the other way round
-- column: months_in_segment bigint -- For how many months in a row who left had been a member; null
--     for who entered
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with members as (
    select
        month,
        cast(month + interval '1 month' as date) as next_month,
        segment,
        client_id,
        is_entered,
        member_since,
        is_partial
    from segment_members
    where
        month >= cast($first_month as date) - interval '1 month'
        and month <= $last_month
),

left_members as (
    select
        before.next_month as month,
        before.segment,
        before.client_id,
        cast(
            (date_part('year', before.next_month) - date_part('year', before.member_since)) * 12
            + date_part('month', before.next_month) - date_part('month', before.member_since)
            as bigint
        ) as months_in_segment
    from members as before
    left anti join members
        on before.segment = members.segment
        and before.client_id = members.client_id
        and before.next_month = members.month
    where before.month < $last_month
)

select
    month,
    segment,
    client_id,
    'entered' as change,
    cast(null as bigint) as months_in_segment,
    is_partial
from members
where month >= $first_month and is_entered
union all
select
    month,
    segment,
    client_id,
    'left' as change,
    months_in_segment,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from left_members
