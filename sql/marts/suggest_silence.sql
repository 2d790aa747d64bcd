-- Evidence for borders of silence: one row per type of client, part of the history, number of
-- purchases, horizon and days of silence, in steps of ten: the probability that a client who has
-- been silent so long buys again within the horizon.
-- grain:  client_type, part, purchases, horizon_days, days_silent
-- reads:  silence_days[all]
-- column: client_type text not null -- all, or B2B or B2C where the master data name types
-- column: part text not null -- all, or the first or second half of the history by the month in
--     which the silence began
-- column: purchases bigint not null -- Lifetime purchase days when it began, 10 for 10 and more, 0
--     for all
-- column: horizon_days bigint not null -- 90 or 365 days from then
-- column: days_silent bigint not null -- Days since the last purchase
-- column: silences bigint not null -- Silences that lasted so long
-- column: bought bigint not null -- Those of them that a purchase within the horizon ended
-- column: unfinished bigint not null -- Those of them that are open and younger than the horizon
--     ends
-- column: probability double -- Probability to buy again within the horizon, by Kaplan and Meier;
--     null where no silence is known of so long
with horizons as (
    select
        starts.client_type,
        starts.part,
        starts.purchases,
        lengths.horizon_days,
        starts.days_silent,
        starts.at_risk - starts.ended as silences,
        starts.lasting
    from (values (90), (365)) as lengths (horizon_days)
    cross join silence_days as starts
    where starts.days_silent % 10 = 0 and starts.days_silent <= 730
),

-- What happened from one day to another is the difference of two running sums.
running as (
    select
        client_type,
        part,
        purchases,
        days_silent,
        at_risk,
        lasting,
        sum(ended) over (partition by client_type, part, purchases order by days_silent)
            as ended_so_far,
        sum(open) over (partition by client_type, part, purchases order by days_silent)
            as open_so_far,
        open
    from silence_days
)

select
    horizons.client_type,
    horizons.part,
    horizons.purchases,
    cast(horizons.horizon_days as bigint) as horizon_days,
    horizons.days_silent,
    horizons.silences,
    cast(ends.ended_so_far - starts.ended_so_far as bigint) as bought,
    cast(
        ends.open_so_far - ends.open - starts.open_so_far + starts.open as bigint
    ) as unfinished,
    case
        when horizons.lasting > 0 and (ends.at_risk > 0 or ends.lasting = 0)
            then 1 - ends.lasting / horizons.lasting
    end as probability
from horizons
inner join running as starts
    on horizons.client_type = starts.client_type
    and horizons.part = starts.part
    and horizons.purchases = starts.purchases
    and horizons.days_silent = starts.days_silent
inner join running as ends
    on horizons.client_type = ends.client_type
    and horizons.part = ends.part
    and horizons.purchases = ends.purchases
    and horizons.days_silent + horizons.horizon_days = ends.days_silent
