-- Every scenario, step, unit and state of the scenarios has a label in both languages.
-- audits: whatif
-- reads:  whatif[all], labels[all]
with codes as (
    select 'scenario' as kind, scenario as code
    from whatif
    group by scenario
    union all
    select 'whatif_step' as kind, step as code
    from whatif
    group by step
    union all
    select 'unit' as kind, unit as code
    from whatif
    group by unit
    union all
    select 'whatif_state' as kind, state as code
    from whatif
    group by state
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
