-- A segment names canonical clients, not ones that go on as others: these have no row in any other
-- result, so a join with it would lose them.
-- audits: segment_members
-- reads:  segment_members[0], canonical_client[all]
select
    segment_members.month,
    segment_members.segment,
    segment_members.client_id,
    canonical_client.canonical_client_id
from segment_members
inner join canonical_client
    on segment_members.client_id = canonical_client.client_id
where segment_members.month between $first_month and $last_month
