-- Decisions of the sample on which client goes on as which, kept by hand: one link per row.
-- raw: client_code text
-- raw: linked_client_code text
-- raw: kind text
-- raw: decision text
-- raw: since date
-- raw: decided_on date
-- raw: decided_by text
-- raw: comment text
select
    trim(client_code) as client_id,
    trim(linked_client_code) as linked_client_id,
    kind,
    decision,
    since as link_date,
    decided_on as decision_date,
    decided_by,
    comment
from raw
