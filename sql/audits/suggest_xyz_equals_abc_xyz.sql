-- Every preset classes all entities of the last finished month, each once.
-- audits: suggest_xyz
-- reads:  suggest_xyz[all], abc_xyz[all]
-- param:  as_of_date date
with entities as (
    select dimension, measure, count(*) as entities
    from abc_xyz
    where
        month = cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        )
    group by dimension, measure
)

select
    suggest_xyz.dimension,
    suggest_xyz.measure,
    suggest_xyz.preset,
    coalesce(entities.entities, 0) as expected_entities,
    suggest_xyz.x + suggest_xyz.y + suggest_xyz.z + suggest_xyz.without_cv as entities
from suggest_xyz
left join entities
    on suggest_xyz.dimension = entities.dimension
    and suggest_xyz.measure = entities.measure
where
    suggest_xyz.x + suggest_xyz.y + suggest_xyz.z + suggest_xyz.without_cv
    <> coalesce(entities.entities, 0)
