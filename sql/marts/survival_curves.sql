-- One row per months of silence, event that a stay as client starts with, cut, cohort and age, with
-- the share of stays that no loss has ended by then: the estimator of Kaplan and Meier, in which
-- later stays count as long as they are observed. Finished months only.
-- grain:  lost_after_months, starts_with, cut, cut_value, cohort_kind, cohort, age
-- reads:  churn_cohorts[all], returned_clients[all], lost_clients[all]
-- param:  as_of_date date
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: starts_with text not null -- first_purchase, or return: survival after winning back
-- column: cut text not null -- all; for returns also channel, region, department, branch, manager,
--     first_category, segment or abc
-- column: cut_value text not null -- Value of the cut at the returning purchase, 'all' for all
-- column: cohort_kind text not null -- all, year, or month (for returns of the cut all; for first
--     purchases see churn_cohorts)
-- column: cohort text not null -- When the stay started: all, 2024, or 2024-05
-- column: age bigint not null -- Months from the month in which it started, up to 36
-- column: at_risk bigint not null -- Stays observed in the month of that age that no loss had ended
--     before
-- column: lost bigint not null -- Those of them that a loss ended in it
-- column: survival double not null -- Product of 1 - lost / at_risk up to this age
-- column: standard_error double not null -- Of survival, by Greenwood's formula
-- column: survival_low double not null -- Lower bound of survival, 95 % confidence, log-log; exact
--     binomial of at_risk where no stay or every stay has ended
-- column: survival_high double not null -- Upper bound
-- column: left_censored boolean not null -- Holds clients who may be older than the history; the
--     cohort all of first purchases leaves them out
with last_month as (
    -- The last month that is finished at the as-of date.
    select
        cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        ) as month
),

return_spells as (
    select
        returned_clients.lost_after_months,
        returned_clients.client_id,
        returned_clients.month,
        returned_clients.channel,
        returned_clients.region,
        returned_clients.department,
        returned_clients.branch,
        returned_clients.manager,
        returned_clients.first_category,
        returned_clients.segment,
        returned_clients.abc,
        last_month.month as last_month,
        min(lost_clients.month) as lost_month
    from last_month
    inner join returned_clients
        on last_month.month >= returned_clients.month
    left join lost_clients
        on returned_clients.client_id = lost_clients.client_id
        and returned_clients.lost_after_months = lost_clients.lost_after_months
        and returned_clients.month < lost_clients.month
        and not lost_clients.is_partial
    group by
        returned_clients.lost_after_months, returned_clients.client_id, returned_clients.month,
        returned_clients.channel, returned_clients.region, returned_clients.department,
        returned_clients.branch, returned_clients.manager, returned_clients.first_category,
        returned_clients.segment, returned_clients.abc, last_month.month
),

-- How long a stay was seen: to its loss, or to the end of what is known.
return_durations as (
    select
        lost_after_months,
        month,
        channel,
        region,
        department,
        branch,
        manager,
        first_category,
        segment,
        abc,
        lost_month is not null as is_lost,
        cast(
            date_part('year', coalesce(lost_month, last_month)) * 12
            + date_part('month', coalesce(lost_month, last_month))
            - date_part('year', month) * 12 - date_part('month', month)
            as bigint
        ) as duration
    from return_spells
),

durations_by_cut as (
    select
        lost_after_months,
        cut,
        case
            when cut = 'channel' then channel
            when cut = 'region' then region
            when cut = 'department' then department
            when cut = 'branch' then branch
            when cut = 'manager' then manager
            when cut = 'first_category' then first_category
            when cut = 'segment' then segment
            when cut = 'abc' then abc
            else 'all'
        end as cut_value,
        month,
        is_lost,
        duration
    -- The short list stands first: the engine holds the left side of a cross join in memory.
    from (
        values
            ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager'),
            ('first_category'), ('segment'), ('abc')
    ) as cuts (cut)
    cross join return_durations
),

durations_by_cohort as (
    select
        durations_by_cut.lost_after_months,
        durations_by_cut.cut,
        durations_by_cut.cut_value,
        cohort_kinds.cohort_kind,
        case
            when cohort_kinds.cohort_kind = 'all' then 'all'
            when cohort_kinds.cohort_kind = 'year'
                then substr(cast(durations_by_cut.month as text), 1, 4)
            else substr(cast(durations_by_cut.month as text), 1, 7)
        end as cohort,
        durations_by_cut.is_lost,
        durations_by_cut.duration
    from (values ('all'), ('year'), ('month')) as cohort_kinds (cohort_kind)
    cross join durations_by_cut
    where cohort_kinds.cohort_kind <> 'month' or durations_by_cut.cut = 'all'
),

duration_counts as (
    select
        lost_after_months,
        cut,
        cut_value,
        cohort_kind,
        cohort,
        is_lost,
        duration,
        count(*) as spells
    from durations_by_cohort
    group by lost_after_months, cut, cut_value, cohort_kind, cohort, is_lost, duration
),

-- A stay is at risk at every age that it was seen at.
return_ages as (
    select
        lost_after_months,
        cut,
        cut_value,
        cohort_kind,
        cohort,
        is_lost,
        duration,
        spells,
        unnest(range(0, least(duration, 36) + 1)) as age
    from duration_counts
),

curves as (
    select
        lost_after_months,
        'return' as starts_with,
        cut,
        cut_value,
        cohort_kind,
        cohort,
        age,
        sum(spells) as at_risk,
        sum(case when is_lost and age = duration then spells else 0 end) as lost,
        false as left_censored
    from return_ages
    group by lost_after_months, cut, cut_value, cohort_kind, cohort, age
    union all
    select
        churn_cohorts.lost_after_months,
        'first_purchase' as starts_with,
        'all' as cut,
        'all' as cut_value,
        cohort_kinds.cohort_kind,
        case
            when cohort_kinds.cohort_kind = 'all' then 'all'
            else substr(cast(churn_cohorts.cohort_month as text), 1, 4)
        end as cohort,
        churn_cohorts.age,
        sum(churn_cohorts.at_risk) as at_risk,
        sum(churn_cohorts.lost) as lost,
        bool_or(churn_cohorts.left_censored) as left_censored
    from (values ('all'), ('year')) as cohort_kinds (cohort_kind)
    cross join churn_cohorts
    where
        not churn_cohorts.is_partial
        and churn_cohorts.age <= 36
        and (cohort_kinds.cohort_kind = 'year' or not churn_cohorts.left_censored)
    group by
        churn_cohorts.lost_after_months,
        cohort_kinds.cohort_kind,
        case
            when cohort_kinds.cohort_kind = 'all' then 'all'
            else substr(cast(churn_cohorts.cohort_month as text), 1, 4)
        end,
        churn_cohorts.age
    having sum(churn_cohorts.at_risk) > 0
),

-- Running sums in the order of the ages, so that their digits do not depend on anything else.
sums as (
    select
        lost_after_months,
        starts_with,
        cut,
        cut_value,
        cohort_kind,
        cohort,
        age,
        at_risk,
        lost,
        sum(lost) over ages as lost_so_far,
        sum(case when lost < at_risk then ln(1 - cast(lost as double) / at_risk) else 0 end)
            over ages as log_survival,
        sum(
            case
                when lost < at_risk
                    then cast(lost as double) / (cast(at_risk as double) * (at_risk - lost))
                else 0
            end
        ) over ages as greenwood_sum,
        bool_or(left_censored) over (
            partition by lost_after_months, starts_with, cut, cut_value, cohort_kind, cohort
        ) as left_censored
    from curves
    window ages as (
        partition by lost_after_months, starts_with, cut, cut_value, cohort_kind, cohort
        order by age rows between unbounded preceding and current row
    )
),

-- 1.959963984540054 is the normal quantile of 97.5 %.
bounds as (
    select
        lost_after_months,
        starts_with,
        cut,
        cut_value,
        cohort_kind,
        cohort,
        age,
        at_risk,
        lost,
        lost_so_far,
        case when lost = at_risk then cast(0 as double) else exp(log_survival) end as survival,
        greenwood_sum,
        case
            when lost_so_far > 0 and lost < at_risk
                then exp(
                    cast(1.959963984540054 as double) * sqrt(greenwood_sum) / abs(log_survival)
                )
        end as widening,
        power(cast(0.025 as double), cast(1 as double) / at_risk) as edge,
        left_censored
    from sums
)

select
    lost_after_months,
    starts_with,
    cut,
    cut_value,
    cohort_kind,
    cohort,
    age,
    cast(at_risk as bigint) as at_risk,
    cast(lost as bigint) as lost,
    survival,
    survival * sqrt(greenwood_sum) as standard_error,
    case
        when lost_so_far = 0 then edge
        when lost = at_risk then cast(0 as double)
        else power(survival, widening)
    end as survival_low,
    case
        when lost_so_far = 0 then cast(1 as double)
        when lost = at_risk then 1 - edge
        else power(survival, 1 / widening)
    end as survival_high,
    left_censored
from bounds
