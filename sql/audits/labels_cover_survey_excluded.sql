-- Every reason for which a lost client is not to be asked has a label in both languages.
-- audits: survey_excluded
-- reads:  survey_excluded[all], labels[all]
with codes as (
    select 'exclusion' as kind, unnest(string_to_array(reasons, ', ')) as code
    from survey_excluded
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
