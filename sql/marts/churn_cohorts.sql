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
    cast(at_risk - lost as double) / cohort_size as survival,
    (
        date_part('year', cohort_month) * 12 + date_part('month', cohort_month)
        - date_part('year', $history_first_month) * 12 - date_part('month', $history_first_month)
    ) < $history_burn_in_months as left_censored,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from cohorts
