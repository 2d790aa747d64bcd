-- One row per client whose type the master data name, in the month of its first purchase.
-- grain:  month, client_id
-- reads:  entity_first_purchase[0], clients[all], canonical_client[all]
-- column: month date not null -- Month of the first purchase, written as its first day
-- column: client_id text not null -- Canonical client
-- column: client_type text not null -- B2B or B2C
with types as (
    -- A client that goes on as another one has no say.
    select
        clients.client_id,
        max(clients.client_type) as client_type
    from clients
    left anti join canonical_client
        on clients.client_id = canonical_client.client_id
    where clients.client_type is not null
    group by clients.client_id
)

select
    entity_first_purchase.month,
    types.client_id,
    types.client_type
from types
inner join entity_first_purchase
    on types.client_id = entity_first_purchase.entity_id
where
    entity_first_purchase.month between $first_month and $last_month
    and entity_first_purchase.dimension = 'client'
