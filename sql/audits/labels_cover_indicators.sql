-- Every indicator of repeat sales has a label in both languages.
-- audits: repeat_sales_indicators
-- reads:  repeat_sales_indicators[0], labels[all]
with codes as (
    select 'indicator' as kind, indicator as code
    from repeat_sales_indicators
    where month between $first_month and $last_month
    group by indicator
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
