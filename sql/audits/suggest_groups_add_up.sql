-- By the settings in use and by the suggested ones every client who has ever bought is in one group
-- of each kind, and every client of a type in one of its type.
-- audits: suggest_groups
-- reads:  suggest_groups[all], lifecycle_matrix[all], client_types[all]
-- param:  as_of_date date
with base as (
    select coalesce(sum(clients), 0) as clients
    from lifecycle_matrix
    where month = cast(date_trunc('month', $as_of_date) as date)
),

types as (
    select concat('lifecycle_', lower(client_type)) as kind, count(*) as clients
    from client_types
    group by client_type
),

kinds as (
    select kind, sum(clients) as clients, sum(suggested_clients) as suggested_clients
    from suggest_groups
    group by kind
)

select
    kinds.kind,
    coalesce(types.clients, base.clients) as expected_clients,
    kinds.clients,
    kinds.suggested_clients
from base
cross join kinds
left join types
    on kinds.kind = types.kind
where
    kinds.clients <> coalesce(types.clients, base.clients)
    or kinds.suggested_clients <> coalesce(types.clients, base.clients)
