-- Every band of candidates has a label in both languages.
-- audits: successor_candidates
-- reads:  successor_candidates[all], labels[all]
with codes as (
    select 'band' as kind, band as code
    from successor_candidates
    group by band
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
