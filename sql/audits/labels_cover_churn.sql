-- Every cut and kind of period of churn has a label in both languages.
-- audits: churn_gross_net
-- reads:  churn[all], churn_gross_net[all], labels[all]
with codes as (
    select 'cut' as kind, cut as code
    from churn
    group by cut
    union all
    select 'period_kind' as kind, period_kind as code
    from churn
    group by period_kind
    union all
    select 'cut' as kind, cut as code
    from churn_gross_net
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
