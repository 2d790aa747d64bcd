-- Every reason and severity of warnings has a label in both languages.
-- audits: warnings
-- reads:  warnings[0], labels[all]
with codes as (
    select 'warning' as kind, unnest(string_to_array(reasons, ', ')) as code
    from warnings
    where month between $first_month and $last_month
    union all
    select 'severity' as kind, severity as code
    from warnings
    where month between $first_month and $last_month
    group by severity
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
