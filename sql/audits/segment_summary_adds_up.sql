-- Clients before, plus entered, minus left, are the clients of the segment, who are its members;
-- and its revenue is theirs.
-- audits: segment_summary
-- reads:  segment_summary[0], segment_members[0], client_revenue_12m[0]
with members as (
    select
        segment_members.month,
        segment_members.segment,
        count(*) as clients,
        cast(coalesce(sum(client_revenue_12m.revenue_12m), 0) as decimal(28, 4)) as revenue_12m
    from segment_members
    left join client_revenue_12m
        on segment_members.month = client_revenue_12m.month
        and segment_members.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month between $first_month and $last_month
    where segment_members.month between $first_month and $last_month
    group by segment_members.month, segment_members.segment
),

summary as (
    select
        month,
        segment,
        clients_before + clients_entered - clients_left as expected_clients,
        clients,
        revenue_12m
    from segment_summary
    where month between $first_month and $last_month
)

select
    coalesce(summary.month, members.month) as month,
    coalesce(summary.segment, members.segment) as segment,
    summary.expected_clients,
    summary.clients,
    coalesce(members.clients, 0) as members,
    summary.revenue_12m,
    coalesce(members.revenue_12m, 0) as revenue_of_members
from summary
full join members
    on summary.month = members.month
    and summary.segment = members.segment
where
    summary.clients is null
    or summary.clients <> summary.expected_clients
    or summary.clients <> coalesce(members.clients, 0)
    or summary.revenue_12m <> coalesce(members.revenue_12m, 0)
