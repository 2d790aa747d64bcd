-- Links are of a known kind and decision.
-- audits: client_links
-- reads:  client_links[all]
select
    source,
    source_file,
    source_row,
    client_id,
    linked_client_id,
    kind,
    decision
from client_links
where
    kind not in ('successor', 'dealer', 'duplicate')
    or decision not in ('confirmed', 'rejected')
