-- Every dimension, measure and class of ABC-XYZ has a label in both languages.
-- audits: abc_xyz_matrix
-- reads:  abc_xyz_matrix[0], labels[all]
with codes as (
    select 'dimension' as kind, dimension as code
    from abc_xyz_matrix
    where month between $first_month and $last_month
    group by dimension
    union all
    select 'measure' as kind, measure as code
    from abc_xyz_matrix
    where month between $first_month and $last_month
    group by measure
    union all
    select 'abc' as kind, abc as code
    from abc_xyz_matrix
    where month between $first_month and $last_month
    group by abc
    union all
    select 'xyz' as kind, xyz as code
    from abc_xyz_matrix
    where month between $first_month and $last_month
    group by xyz
)

select
    codes.kind,
    codes.code,
    labels.label_en,
    labels.label_ru
from codes
left join labels
    on codes.kind = labels.kind
    and codes.code = labels.code
where
    codes.code is not null
    and codes.code <> ''
    and (coalesce(trim(labels.label_en), '') = '' or coalesce(trim(labels.label_ru), '') = '')
group by codes.kind, codes.code, labels.label_en, labels.label_ru
