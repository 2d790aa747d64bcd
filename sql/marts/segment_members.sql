-- One row per month, target segment and client that is in it at the end of the month: since when.
-- grain:  month, segment, client_id
-- reads:  segments[-1..0], segment_members[-1]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: segment text not null -- Name of the file that says who is in the segment
-- column: client_id text not null -- Canonical client
-- column: is_entered boolean not null -- The client was not in the segment at the end of the month
--     before; in the first month of the data everybody enters
-- column: member_since date not null -- First month of this unbroken membership
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with members as (
    select
        month,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        segment,
        client_id
    from segments
    where
        month >= cast($first_month as date) - interval '1 month'
        and month <= $last_month
),

entries as (
    select
        members.segment,
        members.client_id,
        members.month_number
    from members
    left anti join members as before
        on members.segment = before.segment
        and members.client_id = before.client_id
        and members.month_number = before.month_number + 1
    where members.month >= $first_month
),

-- Every entry is told to all months of the range from it on; the last one counts.
told as (
    select
        segment,
        client_id,
        month_number as entered_number,
        unnest(
            range(
                month_number,
                cast(
                    date_part('year', cast($last_month as date)) * 12
                    + date_part('month', cast($last_month as date)) as bigint
                )
            )
        ) as month_number
    from entries
),

last_entries as (
    select
        segment,
        client_id,
        month_number,
        max(entered_number) as entered_number
    from told
    group by segment, client_id, month_number
),

-- Who has not entered in the range was there before it.
before_range as (
    select
        segment,
        client_id,
        member_since
    from segment_members
    where month = cast($first_month as date) - interval '1 month'
)

select
    members.month,
    members.segment,
    members.client_id,
    coalesce(last_entries.entered_number = members.month_number, false) as is_entered,
    coalesce(
        make_date(
            cast(last_entries.entered_number / 12 as int),
            cast(last_entries.entered_number % 12 + 1 as int),
            1
        ),
        before_range.member_since
    ) as member_since,
    members.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from members
left join last_entries
    on members.segment = last_entries.segment
    and members.client_id = last_entries.client_id
    and members.month_number = last_entries.month_number
left join before_range
    on members.segment = before_range.segment
    and members.client_id = before_range.client_id
where members.month >= $first_month
