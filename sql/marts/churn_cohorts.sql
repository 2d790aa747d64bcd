-- One row per months of silence, cohort and age in months: the cohort's first losses, returns and
-- survival.
-- grain:  lost_after_months, cohort_month, age
-- reads:  client_state[0]
-- param:  as_of_date date
-- param:  history_first_month date
-- param:  history_burn_in_months bigint
-- param:  churn_lost_after_months bigint[]
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: cohort_month date not null -- Month of the first purchase
-- column: age bigint not null -- Months from cohort_month to month, 0 in the cohort month itself
-- column: month date not null -- Calendar month, written as its first day
-- column: cohort_size bigint not null -- Clients who first bought in cohort_month
-- column: at_risk bigint not null -- Clients of the cohort never lost before the month
-- column: lost bigint not null -- First losses in the month
-- column: returned bigint not null -- Returns in the month, after a first or a later loss
-- column: survival double not null -- Part of the cohort never lost up to the end of the month
-- column: standard_error double not null -- Of survival, by Greenwood's formula
-- column: survival_low double not null -- Lower bound of survival, 95 % confidence, log-log; exact
--     binomial where everybody or nobody survives
-- column: survival_high double not null -- Upper bound
-- column: left_censored boolean not null -- The cohort lies in the first months of the data, so its
--     clients may be older than the history
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with silences as (
    -- Beyond the longest rule all silences are alike, which keeps the groups below few.
    select
        month,
        first_purchase_month as cohort_month,
        least(
            longest_gap_months, array_max(cast($churn_lost_after_months as bigint[])) + 1
        ) as longest_gap_months,
        least(
            months_since_last_purchase, array_max(cast($churn_lost_after_months as bigint[])) + 1
        ) as months_since_last_purchase,
        least(
            coalesce(months_since_previous_purchase, 0),
            array_max(cast($churn_lost_after_months as bigint[])) + 1
        ) as months_since_previous_purchase
    from client_state
    where month between $first_month and $last_month
),

clients_by_silence as (
    select
        month,
        cohort_month,
        longest_gap_months,
        months_since_last_purchase,
        months_since_previous_purchase,
        count(*) as clients
    from silences
    group by
        month,
        cohort_month,
        longest_gap_months,
        months_since_last_purchase,
        months_since_previous_purchase
),

-- Never lost before the month: no gap has lasted longer than the rule, nor had the silence at the
-- end of the month before reached it. A purchase in month L+N comes in time.
clients_by_rule as (
    select
        month,
        cohort_month,
        lost_after_months,
        clients,
        months_since_last_purchase = lost_after_months as is_loss,
        months_since_last_purchase = 0 and months_since_previous_purchase > lost_after_months
            as is_return,
        longest_gap_months <= lost_after_months
            and months_since_last_purchase <= lost_after_months as is_at_risk
    from (
        select
            month,
            cohort_month,
            longest_gap_months,
            months_since_last_purchase,
            months_since_previous_purchase,
            clients,
            unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
        from clients_by_silence
    ) as rules
),

cohorts as (
    select
        month,
        cohort_month,
        lost_after_months,
        sum(clients) as cohort_size,
        sum(case when is_at_risk then clients else 0 end) as at_risk,
        sum(case when is_at_risk and is_loss then clients else 0 end) as lost,
        sum(case when is_return then clients else 0 end) as returned
    from clients_by_rule
    group by month, cohort_month, lost_after_months
),

-- Nobody leaves a cohort but by a loss, so Greenwood's sum of lost / (at risk * (at risk - lost)),
-- each at risk being the one before without its losses, is 1 / survivors - 1 / cohort size.
estimates as (
    select
        month,
        cohort_month,
        lost_after_months,
        cohort_size,
        at_risk,
        lost,
        returned,
        at_risk - lost as survivors,
        cast(at_risk - lost as double) / cohort_size as survival,
        case
            when at_risk > lost
                then cast(cohort_size - at_risk + lost as double)
                    / (cast(cohort_size as double) * (at_risk - lost))
        end as greenwood_sum
    from cohorts
),

-- 1.959963984540054 is the normal quantile of 97.5 %.
bounds as (
    select
        month,
        cohort_month,
        lost_after_months,
        cohort_size,
        at_risk,
        lost,
        returned,
        survivors,
        survival,
        coalesce(survival * sqrt(greenwood_sum), 0) as standard_error,
        case
            when survivors between 1 and cohort_size - 1
                then exp(
                    cast(1.959963984540054 as double) * sqrt(greenwood_sum) / abs(ln(survival))
                )
        end as widening,
        power(cast(0.025 as double), cast(1 as double) / cohort_size) as edge
    from estimates
)

select
    lost_after_months,
    cohort_month,
    cast(
        date_part('year', month) * 12 + date_part('month', month)
        - date_part('year', cohort_month) * 12 - date_part('month', cohort_month)
        as bigint
    ) as age,
    month,
    cohort_size,
    at_risk,
    lost,
    returned,
    survival,
    standard_error,
    case
        when survivors = cohort_size then edge
        when survivors = 0 then cast(0 as double)
        else power(survival, widening)
    end as survival_low,
    case
        when survivors = cohort_size then cast(1 as double)
        when survivors = 0 then 1 - edge
        else power(survival, 1 / widening)
    end as survival_high,
    (
        date_part('year', cohort_month) * 12 + date_part('month', cohort_month)
        - date_part('year', $history_first_month) * 12 - date_part('month', $history_first_month)
    ) < $history_burn_in_months as left_censored,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from bounds
