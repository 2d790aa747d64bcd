-- Every level and group of reasons, and whether the lost come back, has a label in both languages.
-- audits: loss_reasons
-- reads:  loss_reasons[all], labels[all]
with codes as (
    select
        case when level = 'group' then 'loss_group' else 'recoverable' end as kind,
        answer as code
    from loss_reasons
    where level in ('group', 'recoverable')
    union all
    select 'loss_level' as kind, level as code
    from loss_reasons
    group by level
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
