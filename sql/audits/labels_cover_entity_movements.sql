-- Every cause and cut of managers, branches and regions has a label in both languages.
-- audits: entity_movements
-- reads:  entity_movements[0], labels[all]
with codes as (
    select 'cause' as kind, cause as code
    from entity_movements
    where month between $first_month and $last_month
    group by cause
    union all
    select 'cut' as kind, cut as code
    from entity_movements
    where month between $first_month and $last_month
    group by cut
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
