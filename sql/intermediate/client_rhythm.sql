-- One row per client and month with a purchase: the purchase days of the client's life up to that
-- month, and how many and how far apart they are.
-- grain:  month, client_id
-- reads:  purchase_month[..0]
-- column: month date not null -- Calendar month of a purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: first_purchase_date date not null -- First purchase day of the client's life
-- column: last_purchase_date date not null -- Last purchase day in the month
-- column: previous_purchase_date date -- Last purchase day before the month; null in the month of
--     the first purchase
-- column: purchases bigint not null -- Purchase days up to the end of the month
-- column: previous_purchases bigint not null -- Purchase days before the month
-- column: median_interval_days double -- Median days between consecutive purchase days; null with
--     fewer than two purchase days
with buyers as (
    select
        month,
        client_id,
        last_purchase_date,
        purchases as purchases_in_month,
        cast(last_purchase_date - date '1970-01-01' as int) as last_day
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
        cast(month - date '1970-01-01' as int) + cast(day_index as int) as purchase_day,
        (day_mask >> day_index) & 1 as is_purchase_day
    from (
        select
            purchase_month.client_id,
            purchase_month.month,
            purchase_month.day_mask,
            unnest(range(0, 31)) as day_index
        from client_list
        inner join purchase_month on client_list.client_id = purchase_month.client_id
        where purchase_month.month <= $last_month
    ) as days
),

-- One list a client, sorted once: the days up to a month are its beginning, and so are the
-- intervals. A list for every month, or a join of months with earlier intervals, takes ten times
-- as long and as much memory.
client_days as (
    select client_id, array_sort(array_agg(purchase_day)) as purchase_days
    from purchase_days
    where is_purchase_day = 1
    group by client_id
),

-- Lists are copied for every month of a client: narrow numbers halve that.
client_intervals as (
    select
        client_id,
        purchase_days,
        arrow_cast(
            array_subtract(
                array_slice(purchase_days, 2, cast(array_length(purchase_days) as bigint)),
                array_slice(purchase_days, 1, cast(array_length(purchase_days) as bigint) - 1)
            ),
            'List(Int32)'
        ) as interval_days
    from client_days
),

months as (
    select
        buyers.month,
        buyers.client_id,
        buyers.last_purchase_date,
        buyers.purchases_in_month,
        client_intervals.purchase_days,
        client_intervals.interval_days,
        -- The last purchase day of the month is one of the days; as many lie before it.
        cast(array_position(client_intervals.purchase_days, buyers.last_day) as bigint)
            as purchases
    from buyers
    inner join client_intervals on buyers.client_id = client_intervals.client_id
),

sorted_intervals as (
    select
        month,
        client_id,
        purchase_days[1] as first_day,
        last_purchase_date,
        purchase_days[nullif(purchases - purchases_in_month, 0)] as previous_day,
        purchases,
        purchases_in_month,
        array_sort(array_slice(interval_days, 1, purchases - 1)) as interval_days
    from months
)

select
    month,
    client_id,
    date '1970-01-01' + first_day as first_purchase_date,
    last_purchase_date,
    date '1970-01-01' + previous_day as previous_purchase_date,
    purchases,
    purchases - purchases_in_month as previous_purchases,
    case
        when purchases > 1
            then
                cast(
                    interval_days[purchases / 2] + interval_days[(purchases + 1) / 2] as double
                ) / 2
    end as median_interval_days
from sorted_intervals
