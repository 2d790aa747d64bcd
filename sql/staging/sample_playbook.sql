-- Playbook of the sample: what to do about the clients of a segment.
-- raw: segment text
-- raw: abc text
-- raw: action text
-- raw: channel text
-- raw: within_days bigint
select
    segment,
    abc,
    action,
    channel,
    within_days
from raw
