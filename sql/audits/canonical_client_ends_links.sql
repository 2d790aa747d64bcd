-- Confirmed links end at a client that goes on as no other: there is no circle of links, and no
-- chain of more than 16.
-- audits: canonical_client
-- reads:  canonical_client[all]
select
    canonical_client.client_id,
    canonical_client.linked_client_id,
    canonical_client.canonical_client_id as stopped_at_client_id,
    onward.linked_client_id as which_goes_on_as_client_id
from canonical_client
join canonical_client as onward
    on canonical_client.canonical_client_id = onward.client_id
