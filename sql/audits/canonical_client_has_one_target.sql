-- A client goes on as one other client, in one way, and no link is both confirmed and rejected.
-- audits: canonical_client
-- reads:  client_links[all]
with decisions as (
    select
        client_id,
        linked_client_id,
        kind,
        coalesce(decision, 'confirmed') as decision
    from client_links
),

targets as (
    select
        client_id,
        min(linked_client_id) as one_target,
        max(linked_client_id) as other_target,
        min(kind) as one_kind,
        max(kind) as other_kind
    from decisions
    where decision = 'confirmed'
    group by client_id
),

pairs as (
    select
        client_id,
        linked_client_id
    from decisions
    where decision in ('confirmed', 'rejected')
    group by client_id, linked_client_id
    having min(decision) <> max(decision)
)

select
    client_id,
    case when one_target <> other_target then 'two targets' else 'two kinds' end as problem,
    one_target,
    other_target,
    one_kind,
    other_kind
from targets
where one_target <> other_target or one_kind <> other_kind
union all
select
    client_id,
    'confirmed and rejected' as problem,
    linked_client_id as one_target,
    linked_client_id as other_target,
    null as one_kind,
    null as other_kind
from pairs
