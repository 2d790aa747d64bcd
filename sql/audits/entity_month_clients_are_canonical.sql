-- A client that goes on as another has no row of its own.
-- audits: entity_month
-- reads:  entity_month[0], canonical_client[all]
select
    entity_month.month,
    entity_month.entity_id as client_id,
    canonical_client.canonical_client_id,
    entity_month.revenue
from entity_month
join canonical_client
    on entity_month.entity_id = canonical_client.client_id
where
    entity_month.month between $first_month and $last_month
    and entity_month.dimension = 'client'
