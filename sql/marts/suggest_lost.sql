-- Evidence for lost-after months: one row per part of the history and months of silence, 1 to 24:
-- the probability that a client who has been silent so long buys again within 12 months.
-- grain:  part, months_silent
-- reads:  silence_days[all]
-- column: part text not null -- all, or the first or second half of the history by the month in
--     which the silence began
-- column: months_silent bigint not null -- Months of silence, of 365.25 / 12 days each
-- column: days_silent bigint not null -- The same in days, rounded
-- column: silences bigint not null -- Silences that lasted so long
-- column: bought bigint not null -- Those of them that a purchase in the next 365 days ended
-- column: unfinished bigint not null -- Those of them that are open and not yet 365 days older
-- column: probability double -- Probability to buy again in the next 365 days, by Kaplan and Meier;
--     null where no silence is known of so long
with month_lengths as (
    select
        cast(unnest(range(1, 25)) as bigint) as months_silent
),

lengths as (
    select
        months_silent,
        -- 365.25 / 12 is 487 / 16; half a day rounds up.
        (months_silent * 487 + 8) / 16 as days_silent
    from month_lengths
),

running as (
    select
        part,
        days_silent,
        at_risk,
        ended,
        open,
        lasting,
        sum(ended) over (partition by part order by days_silent) as ended_so_far,
        sum(open) over (partition by part order by days_silent) as open_so_far
    from silence_days
    where purchases = 0 and client_type = 'all'
)

select
    starts.part,
    lengths.months_silent,
    lengths.days_silent,
    starts.at_risk - starts.ended as silences,
    cast(ends.ended_so_far - starts.ended_so_far as bigint) as bought,
    cast(
        ends.open_so_far - ends.open - starts.open_so_far + starts.open as bigint
    ) as unfinished,
    case
        when starts.lasting > 0 and (ends.at_risk > 0 or ends.lasting = 0)
            then 1 - ends.lasting / starts.lasting
    end as probability
from lengths
inner join running as starts
    on lengths.days_silent = starts.days_silent
inner join running as ends
    on starts.part = ends.part
    and lengths.days_silent + 365 = ends.days_silent
