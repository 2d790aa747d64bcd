-- Every client that is lost or dozing at the as-of date is either in the list of those to win back
-- or left out with a reason, once; beside them only clients that go on as another are left out.
-- audits: winback_excluded
-- reads:  winback_excluded[all], winback_list[all], client_lifecycle[all], client_state[all],
--     canonical_client[all]
-- param:  churn_lost_after_months bigint[]
with last_month as (
    select max(month) as month
    from client_state
),

counted as (
    select
        client_lifecycle.client_id,
        1 as expected,
        0 as listed,
        0 as excluded,
        0 as linked
    from last_month
    inner join client_lifecycle
        on last_month.month = client_lifecycle.month
    inner join client_state
        on client_lifecycle.client_id = client_state.client_id
        and client_lifecycle.month = client_state.month
    where
        client_lifecycle.recency_segment <> 'active'
        or client_state.months_since_last_purchase
        - case when client_lifecycle.is_partial then 1 else 0 end
        >= array_min(cast($churn_lost_after_months as bigint[]))
    union all
    select client_id, 0 as expected, 1 as listed, 0 as excluded, 0 as linked
    from winback_list
    union all
    select client_id, 0 as expected, 0 as listed, 1 as excluded, 0 as linked
    from winback_excluded
    union all
    select client_id, 0 as expected, 0 as listed, 0 as excluded, 1 as linked
    from canonical_client
)

select
    client_id,
    sum(expected) as expected,
    sum(listed) as listed,
    sum(excluded) as excluded,
    sum(linked) as linked
from counted
group by client_id
having
    sum(listed) + sum(excluded) > 1
    or (sum(linked) = 0 and sum(listed) + sum(excluded) <> sum(expected))
    or (sum(linked) > 0 and sum(listed) + sum(expected) > 0)
