-- Every stratum of the clients to be asked has a label in both languages.
-- audits: survey_sample
-- reads:  survey_sample[all], labels[all]
with codes as (
    select 'value_class' as kind, value_class as code
    from survey_sample
    group by value_class
    union all
    select 'silence' as kind, silence as code
    from survey_sample
    group by silence
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
