-- The playbook speaks of known segments, and of each combination once.
-- audits: segment_playbook
-- reads:  segment_playbook[all]
with counted as (
    select
        segment,
        coalesce(abc, '') as abc,
        coalesce(client_type, '') as client_type,
        count(*) as times
    from segment_playbook
    group by segment, coalesce(abc, ''), coalesce(client_type, '')
)

select
    segment_playbook.source,
    segment_playbook.source_file,
    segment_playbook.source_row,
    segment_playbook.segment,
    segment_playbook.abc,
    segment_playbook.client_type,
    segment_playbook.within_days,
    counted.times
from segment_playbook
join counted
    on segment_playbook.segment = counted.segment
    and coalesce(segment_playbook.abc, '') = counted.abc
    and coalesce(segment_playbook.client_type, '') = counted.client_type
where
    counted.times > 1
    or split_part(segment_playbook.segment, '_', 1) not in ('new', 'prospective', 'regular')
    or split_part(segment_playbook.segment, '_', 2) not in ('active', 'dozing', 'asleep')
    or split_part(segment_playbook.segment, '_', 3) <> ''
    or segment_playbook.abc not in ('A', 'B', 'C')
    or segment_playbook.client_type not in ('B2B', 'B2C')
    or segment_playbook.within_days < 0
