-- Every attribute, degree and source of the weights has a label in both languages.
-- audits: successor_weights
-- reads:  successor_weights[all], labels[all]
with codes as (
    select 'attribute' as kind, attribute as code
    from successor_weights
    group by attribute
    union all
    select 'attribute' as kind, evidence_group as code
    from successor_weights
    group by evidence_group
    union all
    select 'attribute' as kind, value_attribute as code
    from successor_weights
    group by value_attribute
    union all
    select 'agreement' as kind, level as code
    from successor_weights
    group by level
    union all
    select 'learned_from' as kind, learned_from as code
    from successor_weights
    group by learned_from
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
