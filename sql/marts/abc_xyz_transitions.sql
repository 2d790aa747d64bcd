-- One row per movement between two cells from the month before to this month. Every entity that is
-- in either month is in exactly one row.
-- grain:  month, dimension, measure, from_cell, to_cell
-- reads:  abc_xyz[-1..0], abc_xyz_first[0]
-- param:  as_of_date date
-- column: month date not null -- Month moved to, written as its first day
-- column: dimension text not null -- What the entities are: client, product, manager and so on
-- column: measure text not null -- What is added up: revenue, profit, quantity or purchases
-- column: from_cell text not null -- Cell a month before; new: never in the table before; returned:
--     in the table once, but not a month before
-- column: to_cell text not null -- Cell of the month; gone: no lines in the window any more
-- column: entities bigint not null -- Number of entities that moved
-- column: total_before decimal(28,4) not null -- Sum of their totals a month before, 0 for entering
-- column: total_after decimal(28,4) not null -- Sum of their totals in the month, 0 for gone
-- column: probability double -- Share of the entities of from_cell; null for new and returned
-- column: is_partial boolean not null -- The month is not over at the as-of date
with moves as (
    select
        month,
        dimension,
        measure,
        previous_cell,
        cell,
        count(*) as entities,
        sum(previous_total) as total_before,
        sum(total) as total_after
    from abc_xyz
    where month >= cast($first_month as date) - interval '1 month' and month <= $last_month
    group by month, dimension, measure, previous_cell, cell
),

-- A move counts in its own month. The entities that moved to a cell are expected there in the next
-- month as gone, and whoever moves on from it is taken off: what is left has no row of its own.
sides as (
    select
        month,
        dimension,
        measure,
        previous_cell,
        cell,
        entities,
        total_before,
        total_after,
        unnest(make_array('move', 'expected', 'moved on')) as side
    from moves
),

counted as (
    select
        cast(
            case when side = 'expected' then month + interval '1 month' else month end as date
        ) as month,
        dimension,
        measure,
        case
            when side = 'expected' then cell
            else coalesce(previous_cell, 'returned')
        end as from_cell,
        case when side = 'move' then cell else 'gone' end as to_cell,
        case when side = 'moved on' then -entities else entities end as entities,
        case
            when side = 'move' then total_before
            when side = 'expected' then total_after
            else -total_before
        end as total_before,
        case when side = 'move' then total_after end as total_after
    from sides
    where side <> 'moved on' or previous_cell is not null
    union all
    select
        month,
        dimension,
        measure,
        'new' as from_cell,
        cell as to_cell,
        count(*) as entities,
        null as total_before,
        sum(total) as total_after
    from abc_xyz_first
    where month between $first_month and $last_month
    group by month, dimension, measure, cell
    union all
    -- Who is new has not returned.
    select
        month,
        dimension,
        measure,
        'returned' as from_cell,
        cell as to_cell,
        -count(*) as entities,
        null as total_before,
        -sum(total) as total_after
    from abc_xyz_first
    where month between $first_month and $last_month
    group by month, dimension, measure, cell
),

summed_moves as (
    select
        month,
        dimension,
        measure,
        from_cell,
        to_cell,
        cast(sum(entities) as bigint) as entities,
        cast(coalesce(sum(total_before), 0) as decimal(28, 4)) as total_before,
        cast(coalesce(sum(total_after), 0) as decimal(28, 4)) as total_after
    from counted
    where month between $first_month and $last_month
    group by month, dimension, measure, from_cell, to_cell
)

select
    month,
    dimension,
    measure,
    from_cell,
    to_cell,
    entities,
    total_before,
    total_after,
    case
        when from_cell not in ('new', 'returned')
            then
                cast(entities as double)
                / cast(
                    sum(entities) over (
                        partition by month, dimension, measure, from_cell
                    ) as double
                )
    end as probability,
    month = date_trunc('month', cast($as_of_date as date))
    and month = date_trunc('month', cast($as_of_date as date) + interval '1 day') as is_partial
from summed_moves
where entities <> 0
