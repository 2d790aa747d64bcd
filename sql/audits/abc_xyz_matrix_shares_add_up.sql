-- The nine cells are there, and their shares add up to one (shares are floats: within 1e-9).
-- audits: abc_xyz_matrix
-- reads:  abc_xyz_matrix[0]
with summed as (
    select
        month,
        dimension,
        measure,
        count(*) as cells,
        sum(entities) as entities,
        sum(share_of_entities) as share_of_entities,
        sum(share_of_total) as share_of_total
    from abc_xyz_matrix
    where month between $first_month and $last_month and abc <> 'N' and xyz <> 'N'
    group by month, dimension, measure
),

without_xyz as (
    select
        month,
        dimension,
        measure,
        sum(entities) as entities,
        sum(share_of_entities) as share_of_entities,
        sum(share_of_total) as share_of_total
    from abc_xyz_matrix
    where month between $first_month and $last_month and abc <> 'N' and xyz = 'N'
    group by month, dimension, measure
)

select
    summed.month,
    summed.dimension,
    summed.measure,
    summed.cells,
    summed.share_of_entities + coalesce(without_xyz.share_of_entities, 0) as share_of_entities,
    summed.share_of_total + coalesce(without_xyz.share_of_total, 0) as share_of_total
from summed
left join without_xyz
    on summed.month = without_xyz.month
    and summed.dimension = without_xyz.dimension
    and summed.measure = without_xyz.measure
where
    summed.cells <> 9
    or (
        summed.entities + coalesce(without_xyz.entities, 0) > 0
        and (
            summed.share_of_entities is null
            or summed.share_of_total is null
            or abs(summed.share_of_entities + coalesce(without_xyz.share_of_entities, 0) - 1) > 1e-9
            or abs(summed.share_of_total + coalesce(without_xyz.share_of_total, 0) - 1) > 1e-9
        )
    )
