-- Every other ground for loss has a label in both languages.
-- audits: loss_grounds
-- reads:  loss_grounds[0], labels[all]
with codes as (
    select 'ground' as kind, ground as code
    from loss_grounds
    where month between $first_month and $last_month
    group by ground
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
