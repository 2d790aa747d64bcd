-- Every event, cut and kind of cohort of survival has a label in both languages.
-- audits: survival_curves
-- reads:  survival_curves[all], labels[all]
with codes as (
    select 'starts_with' as kind, starts_with as code
    from survival_curves
    group by starts_with
    union all
    select 'cut' as kind, cut as code
    from survival_curves
    group by cut
    union all
    select 'cohort_kind' as kind, cohort_kind as code
    from survival_curves
    group by cohort_kind
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
