-- The sample has the planned size, in all and in every stratum, and holds no client who has closed
-- down, must not be contacted or is not lost.
-- audits: survey_sample
-- reads:  survey_sample[all], lost_pool[all]
-- param:  churn_lost_after_months bigint[]
with strata as (
    select
        value_class,
        silence,
        max(stratum_sample) as stratum_sample,
        max(stratum_clients) as stratum_clients,
        sum(case when is_reserve then 0 else 1 end) as clients
    from survey_sample
    group by value_class, silence
),

sample as (
    select
        max(sample_size) as sample_size,
        sum(case when is_reserve then 0 else 1 end) as clients
    from survey_sample
)

select
    'stratum' as problem,
    concat(value_class, ', ', silence) as what,
    stratum_sample as expected,
    clients as actual
from strata
where stratum_sample <> clients or stratum_sample > stratum_clients
union all
select
    'sample' as problem,
    'all' as what,
    sample_size as expected,
    clients as actual
from sample
where sample_size <> clients
union all
select
    'client who is not to be asked' as problem,
    survey_sample.client_id as what,
    0 as expected,
    1 as actual
from survey_sample
left join lost_pool
    on survey_sample.client_id = lost_pool.client_id
    and lost_pool.lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
where lost_pool.client_id is null or lost_pool.is_closed or lost_pool.do_not_contact
