-- One row per client and month with a purchase: the median of the client's intervals between
-- consecutive purchase days, over its life up to that month.
-- grain:  month, client_id
-- reads:  purchase_month[..0]
-- column: month date not null -- Calendar month of a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: median_interval_days double -- Median days between consecutive purchase days; null with
--     fewer than two purchase days
with buyers as (
    select month, client_id
    from purchase_month
    where month between $first_month and $last_month
),

client_list as (
    select client_id
    from buyers
    group by client_id
),

purchases_in_order as (
    select
        purchase_month.month,
        purchase_month.client_id,
        purchase_month.day_mask,
        lag(purchase_month.last_purchase_date) over (
            partition by purchase_month.client_id order by purchase_month.month
        ) as previous_purchase_date
    from purchase_month
    left semi join client_list on purchase_month.client_id = client_list.client_id
    where purchase_month.month <= $last_month
),

days as (
    select
        month,
        client_id,
        day_mask,
        previous_purchase_date,
        unnest(range(0, 31)) as day_index
    from purchases_in_order
),

-- The purchase day before, inside the month, is the highest bit below the own one (log2 is exact
-- enough for 31 bits); the first day of the month looks back to the month before.
intervals as (
    select
        month,
        client_id,
        case
            when day_mask & ((cast(1 as bigint) << day_index) - 1) > 0
                then day_index
                    - floor(log2(day_mask & ((cast(1 as bigint) << day_index) - 1)))
            else cast(month - previous_purchase_date + day_index as double)
        end as interval_days
    from days
    where (day_mask >> day_index) & 1 = 1
),

medians as (
    select
        buyers.month,
        buyers.client_id,
        median(intervals.interval_days) as median_interval_days
    from buyers
    inner join intervals
        on buyers.client_id = intervals.client_id
        and buyers.month >= intervals.month
    group by buyers.month, buyers.client_id
)

select month, client_id, median_interval_days
from medians
