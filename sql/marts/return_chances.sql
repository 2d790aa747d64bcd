-- One row per count segment, ABC class and whole months of silence: the chance that such a client
-- buys again within 12 months, observed over the last finished months, with small groups drawn to
-- what all clients of that silence do.
-- grain:  count_segment, abc, months_silent
-- reads:  return_month[all]
-- param:  as_of_date date
-- param:  winback_chance_history_months bigint
-- column: count_segment text not null -- new, prospective or regular, when it last bought
-- column: abc text not null -- ABC class by revenue when it last bought
-- column: months_silent bigint not null -- Whole months without a purchase so far; 36 stands for 36
--     and more
-- column: silence_from bigint not null -- First month of the band of silence that shares one rate
-- column: at_risk bigint not null -- Months that clients of the group spent in the band
-- column: returned bigint not null -- Those of them with a purchase
-- column: all_at_risk bigint not null -- The same for all groups of the band
-- column: all_returned bigint not null -- Those of them with a purchase
-- column: all_monthly_rate double -- (all_returned + 0.5) / (all_at_risk + 1); of the longest
--     observed silence where nobody has been silent for so long; null where nobody ever was
-- column: prior_weight double not null -- Months by which that rate weighs against the group's own,
--     from how much the groups of the band differ
-- column: monthly_rate double -- (returned + prior_weight * all_monthly_rate) / (at_risk +
--     prior_weight): the chance to buy in the next month
-- column: chance_12m double -- Chance to buy within the next 12 months: one minus the product of
--     the chances not to, month after month of growing silence
with history as (
    select
        return_month.count_segment,
        return_month.abc,
        return_month.months_silent,
        return_month.at_risk,
        return_month.returned
    from return_month
    where
        not return_month.is_partial
        and (
            date_part('year', cast($as_of_date as date)) * 12
            + date_part('month', cast($as_of_date as date))
            - date_part('year', return_month.month) * 12
            - date_part('month', return_month.month)
        ) <= $winback_chance_history_months
),

-- Few clients stay silent for long and few of them return: later months share a rate.
bands as (
    select column1 as silence_from, column2 as silence_to
    from (
        values
            (0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (9, 11), (12, 17), (18, 23),
            (24, 35), (36, 36)
    ) as band_list
),

observed as (
    select
        history.count_segment,
        history.abc,
        bands.silence_from,
        sum(history.at_risk) as at_risk,
        sum(history.returned) as returned
    from bands
    inner join history
        on bands.silence_from <= history.months_silent
        and bands.silence_to >= history.months_silent
    group by history.count_segment, history.abc, bands.silence_from
),

-- x^2 / n and n^2 of the groups, as decimals, whose sums do not depend on their order.
band_sums as (
    select
        silence_from,
        count(*) as groups,
        sum(at_risk) as at_risk,
        sum(returned) as returned,
        sum(cast(returned * returned as decimal(25, 6)) / cast(at_risk as decimal(12, 0)))
            as returned_squares,
        sum(cast(at_risk * at_risk as decimal(30, 0))) as at_risk_squares
    from observed
    group by silence_from
),

-- The variance between groups beyond that of chance alone, as the correlation inside a group
-- (moments of the beta-binomial): rho = (Q / (p (1 - p)) - (m - 1)) / (N - sum(n^2) / N - (m - 1)).
heterogeneity as (
    select
        silence_from,
        at_risk,
        returned,
        (cast(returned as double) + 0.5) / (at_risk + 1) as rate,
        case
            when groups > 1 and returned > 0 and returned < at_risk
                then (
                    (
                        cast(returned_squares as double)
                        - cast(returned as double) * returned / at_risk
                    )
                    / (
                        cast(returned as double) / at_risk
                        * (1 - cast(returned as double) / at_risk)
                    )
                    - (groups - 1)
                )
                / nullif(at_risk - cast(at_risk_squares as double) / at_risk - (groups - 1), 0)
        end as correlation
    from band_sums
),

-- Weight of the prior: 1 / rho - 1, between one month and a thousand; a thousand where the groups
-- do not differ more than by chance.
priors as (
    select
        silence_from,
        at_risk,
        returned,
        rate,
        case
            when correlation >= 0.5 then cast(1 as double)
            when correlation > cast(1 as double) / 1001 then 1 / correlation - 1
            else cast(1000 as double)
        end as prior_weight
    from heterogeneity
),

-- A silence that nobody has had takes over the rate of the longest that was observed before it.
known_bands as (
    select
        bands.silence_from,
        bands.silence_to,
        max(priors.silence_from) as known_from
    from bands
    left join priors
        on bands.silence_from >= priors.silence_from
    group by bands.silence_from, bands.silence_to
),

groups_in_bands as (
    select
        groups.count_segment,
        groups.abc,
        known_bands.silence_from,
        known_bands.silence_to,
        coalesce(observed.at_risk, 0) as at_risk,
        coalesce(observed.returned, 0) as returned,
        case when known_bands.known_from = known_bands.silence_from then priors.at_risk else 0 end
            as all_at_risk,
        case when known_bands.known_from = known_bands.silence_from then priors.returned else 0 end
            as all_returned,
        priors.rate,
        coalesce(priors.prior_weight, 1000) as prior_weight
    from (
        select segments.column1 as count_segment, classes.column1 as abc
        from (values ('new'), ('prospective'), ('regular')) as segments
        cross join (values ('A'), ('B'), ('C'), ('N'), ('(unknown)')) as classes
    ) as groups
    cross join known_bands
    left join priors
        on known_bands.known_from = priors.silence_from
    left join observed
        on groups.count_segment = observed.count_segment
        and groups.abc = observed.abc
        and known_bands.silence_from = observed.silence_from
),

-- 48 steps of silence: 36 and the months that follow are alike.
steps as (
    select
        count_segment,
        abc,
        silence_from,
        at_risk,
        returned,
        all_at_risk,
        all_returned,
        rate,
        prior_weight,
        unnest(
            range(silence_from, case when silence_from = 36 then 48 else silence_to + 1 end)
        ) as step
    from groups_in_bands
),

rates as (
    select
        count_segment,
        abc,
        silence_from,
        at_risk,
        returned,
        all_at_risk,
        all_returned,
        rate,
        prior_weight,
        step,
        (returned + prior_weight * rate) / (at_risk + prior_weight) as monthly_rate
    from steps
),

-- A running sum in the order of the steps, so that its digits do not depend on anything else.
logarithms as (
    select
        count_segment,
        abc,
        step,
        sum(ln(1 - monthly_rate)) over (
            partition by count_segment, abc order by step
            rows between unbounded preceding and current row
        ) as log_silent
    from rates
)

select
    rates.count_segment,
    rates.abc,
    rates.step as months_silent,
    rates.silence_from,
    rates.at_risk,
    rates.returned,
    cast(rates.all_at_risk as bigint) as all_at_risk,
    cast(rates.all_returned as bigint) as all_returned,
    rates.rate as all_monthly_rate,
    rates.prior_weight,
    rates.monthly_rate,
    1 - exp(ahead.log_silent - coalesce(behind.log_silent, 0)) as chance_12m
from rates
inner join logarithms as ahead
    on rates.count_segment = ahead.count_segment
    and rates.abc = ahead.abc
    and rates.step = ahead.step - 11
left join logarithms as behind
    on rates.count_segment = behind.count_segment
    and rates.abc = behind.abc
    and rates.step = behind.step + 1
where rates.step <= 36
