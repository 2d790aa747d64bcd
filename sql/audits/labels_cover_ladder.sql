-- Every step of the ladder has a label in both languages.
-- audits: client_ladder
-- reads:  client_ladder[0], labels[all]
with codes as (
    select 'ladder_step' as kind, step as code
    from client_ladder
    where month between $first_month and $last_month
    group by step
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
