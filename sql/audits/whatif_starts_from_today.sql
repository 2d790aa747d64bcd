-- The scenarios start from the clients and the revenue of segment_money and from the pool of lost
-- clients, and their steps are there without a gap.
-- audits: whatif
-- reads:  whatif[all], segment_money[all], lost_pool[all]
-- param:  churn_lost_after_months bigint[]
with expected as (
    select 'regular_share' as scenario, 'clients' as step, sum(clients) as expected_value
    from segment_money
    union all
    select 'regular_share' as scenario, 'revenue_today' as step, sum(revenue_12m) as expected_value
    from segment_money
    union all
    select 'win_back' as scenario, 'lost_clients' as step, count(*) as expected_value
    from lost_pool
    where lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
),

gaps as (
    select
        scenario,
        'last step' as step,
        count(*) as expected_value,
        max(step_number) as value
    from whatif
    group by scenario
)

select
    expected.scenario,
    expected.step,
    cast(expected.expected_value as decimal(28, 6)) as expected_value,
    whatif.value
from expected
left join whatif
    on expected.scenario = whatif.scenario
    and expected.step = whatif.step
where (cast(expected.expected_value as decimal(28, 6)) is distinct from whatif.value)
union all
select
    scenario,
    step,
    cast(expected_value as decimal(28, 6)) as expected_value,
    cast(value as decimal(28, 6)) as value
from gaps
where expected_value <> value
