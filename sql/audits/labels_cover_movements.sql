-- Every movement, cause and comparison of clients has a label in both languages.
-- audits: client_movements
-- reads:  client_movements[0], labels[all]
with codes as (
    select 'movement' as kind, movement as code
    from client_movements
    where month between $first_month and $last_month
    group by movement
    union all
    select 'cause' as kind, cause as code
    from client_movements
    where month between $first_month and $last_month
    group by cause
    union all
    select 'compare' as kind, compare as code
    from client_movements
    where month between $first_month and $last_month
    group by compare
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
