-- One row per client and month with a purchase: the median of the client's intervals between
-- consecutive purchase days, over its life up to that month.
-- grain:  month, client_id
-- reads:  purchase_month[..0]
-- column: month date not null -- Calendar month of a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: median_interval_days double -- Median days between consecutive purchase days; null with
--     fewer than two purchase days
with buyers as (
    select
        month,
        client_id,
        cast(last_purchase_date - date '1970-01-01' as bigint) as last_day
    from purchase_month
    where month between $first_month and $last_month
),

client_list as (
    select client_id
    from buyers
    group by client_id
),

purchase_days as (
    select
        client_id,
        cast(month - date '1970-01-01' as bigint) + day_index as purchase_day,
        (day_mask >> day_index) & 1 as is_purchase_day
    from (
        select
            purchase_month.client_id,
            purchase_month.month,
            purchase_month.day_mask,
            unnest(range(0, 31)) as day_index
        from purchase_month
        left semi join client_list on purchase_month.client_id = client_list.client_id
        where purchase_month.month <= $last_month
    ) as days
),

-- One list a client, sorted once: the intervals up to a month are its beginning. A list for every
-- month, or a join of months with earlier intervals, takes ten times as long and as much memory.
client_days as (
    select client_id, array_sort(array_agg(purchase_day)) as purchase_days
    from purchase_days
    where is_purchase_day = 1
    group by client_id
),

client_intervals as (
    select
        client_id,
        purchase_days,
        array_subtract(
            array_slice(purchase_days, 2, cast(array_length(purchase_days) as bigint)),
            array_slice(purchase_days, 1, cast(array_length(purchase_days) as bigint) - 1)
        ) as interval_days
    from client_days
),

months as (
    select
        buyers.month,
        buyers.client_id,
        client_intervals.interval_days,
        -- The last purchase day of the month is one of the days; as many intervals lie before it.
        cast(array_position(client_intervals.purchase_days, buyers.last_day) as bigint) - 1
            as intervals
    from buyers
    inner join client_intervals on buyers.client_id = client_intervals.client_id
),

sorted_intervals as (
    select
        month,
        client_id,
        intervals,
        array_sort(array_slice(interval_days, 1, intervals)) as interval_days
    from months
)

select
    month,
    client_id,
    case
        when intervals > 0
            then (interval_days[(intervals + 1) / 2] + interval_days[(intervals + 2) / 2]) / 2e0
    end as median_interval_days
from sorted_intervals
