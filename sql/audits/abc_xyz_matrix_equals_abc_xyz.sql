-- Entities and totals of the matrix are those of the ABC-XYZ table, for every ABC letter.
-- audits: abc_xyz_matrix
-- reads:  abc_xyz_matrix[0], abc_xyz[0]
with expected as (
    select
        month,
        dimension,
        measure,
        abc,
        count(*) as entities,
        sum(total) as total
    from abc_xyz
    where month between $first_month and $last_month
    group by month, dimension, measure, abc
),

actual as (
    select
        month,
        dimension,
        measure,
        abc,
        sum(entities) as entities,
        sum(total) as total
    from abc_xyz_matrix
    where month between $first_month and $last_month
    group by month, dimension, measure, abc
)

select
    coalesce(expected.month, actual.month) as month,
    coalesce(expected.dimension, actual.dimension) as dimension,
    coalesce(expected.measure, actual.measure) as measure,
    coalesce(expected.abc, actual.abc) as abc,
    expected.entities as table_entities,
    actual.entities as matrix_entities,
    expected.total as table_total,
    actual.total as matrix_total
from expected
full join actual
    on expected.month = actual.month
    and expected.dimension = actual.dimension
    and expected.measure = actual.measure
    and expected.abc = actual.abc
where
    coalesce(expected.entities, 0) <> coalesce(actual.entities, 0)
    or coalesce(expected.total, 0) <> coalesce(actual.total, 0)
