-- Every client lost by the shortest rule either may be asked or is left out with a reason, once; and
-- who is asked is not left out.
-- audits: survey_sample
-- reads:  survey_sample[all], survey_excluded[all], lost_pool[all]
-- param:  churn_lost_after_months bigint[]
with asked as (
    select
        coalesce(max(population), 0) as population,
        max(without_phone) as without_phone
    from survey_sample
),

excluded as (
    select
        count(*) as clients,
        coalesce(sum(case when reason = 'no_phone' then 1 else 0 end), 0) as without_phone
    from survey_excluded
),

lost as (
    select count(*) as clients
    from lost_pool
    where lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
)

select
    'pool' as problem,
    'all' as what,
    lost.clients as expected,
    asked.population + excluded.clients as actual
from asked
cross join excluded
cross join lost
where lost.clients <> asked.population + excluded.clients
union all
select
    'without phone' as problem,
    'all' as what,
    excluded.without_phone as expected,
    asked.without_phone as actual
from asked
cross join excluded
where excluded.without_phone <> asked.without_phone
union all
select
    'asked and left out' as problem,
    survey_sample.client_id as what,
    0 as expected,
    1 as actual
from survey_sample
inner join survey_excluded
    on survey_sample.client_id = survey_excluded.client_id
union all
select
    'left out, but not lost' as problem,
    survey_excluded.client_id as what,
    0 as expected,
    1 as actual
from survey_excluded
left join lost_pool
    on survey_excluded.client_id = lost_pool.client_id
    and lost_pool.lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
where lost_pool.client_id is null
