-- A segment names nobody who is neither a client by the end of the month nor in the master data, under
-- the id that stands for it: a mistyped id would be counted, exported and never found.
-- audits: segment_members
-- reads:  segment_members[0], client_lifecycle[0], clients[all], canonical_client[all]
with in_master_data as (
    select coalesce(canonical_client.canonical_client_id, clients.client_id) as client_id
    from clients
    left join canonical_client
        on clients.client_id = canonical_client.client_id
    group by coalesce(canonical_client.canonical_client_id, clients.client_id)
)

select
    segment_members.month,
    segment_members.segment,
    segment_members.client_id
from segment_members
left join client_lifecycle
    on segment_members.month = client_lifecycle.month
    and segment_members.client_id = client_lifecycle.client_id
    and client_lifecycle.month between $first_month and $last_month
left join in_master_data
    on segment_members.client_id = in_master_data.client_id
where
    segment_members.month between $first_month and $last_month
    and client_lifecycle.client_id is null
    and in_master_data.client_id is null
