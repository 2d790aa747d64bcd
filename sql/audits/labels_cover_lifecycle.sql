-- Every segment of the life cycle has a label in both languages.
-- audits: lifecycle_transitions
-- reads:  lifecycle_transitions[0], labels[all]
with codes as (
    select 'segment' as kind, from_segment as code
    from lifecycle_transitions
    where month between $first_month and $last_month
    group by from_segment
    union all
    select 'segment' as kind, to_segment as code
    from lifecycle_transitions
    where month between $first_month and $last_month
    group by to_segment
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
