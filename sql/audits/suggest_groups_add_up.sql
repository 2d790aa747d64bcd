-- By the settings in use and by the suggested ones every client who has ever bought is in one
-- group.
-- audits: suggest_groups
-- reads:  suggest_groups[all], lifecycle_matrix[all]
-- param:  as_of_date date
with base as (
    select coalesce(sum(clients), 0) as clients
    from lifecycle_matrix
    where month = cast(date_trunc('month', $as_of_date) as date)
),

kinds as (
    select kind, sum(clients) as clients, sum(suggested_clients) as suggested_clients
    from suggest_groups
    group by kind
)

select
    kinds.kind,
    base.clients as expected_clients,
    kinds.clients,
    kinds.suggested_clients
from base
cross join kinds
where kinds.clients <> base.clients or kinds.suggested_clients <> base.clients
