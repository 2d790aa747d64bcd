-- Every cause, ground and kind of contacts of the list has a label in both languages; the grounds
-- lost_3 and lost_6 have that of lost.
-- audits: winback_list
-- reads:  winback_list[all], labels[all]
with codes as (
    select 'cause' as kind, cause as code
    from winback_list
    group by cause
    union all
    select 'contacts' as kind, contacts as code
    from winback_list
    group by contacts
    union all
    select 'segment' as kind, segment as code
    from winback_list
    group by segment
    union all
    select
        'ground' as kind,
        regexp_replace(unnest(string_to_array(grounds, ', ')), '^lost_[0-9]+$', 'lost') as code
    from winback_list
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
