-- The clients watched are those who returned by the shortest rule in the twelve months that end
-- with the last one, each once, with a purchase since.
-- audits: returned_watch
-- reads:  returned_watch[all], returned_clients[all], client_state[all]
-- param:  churn_lost_after_months bigint[]
with last_month as (
    select max(month) as month
    from client_state
),

returns as (
    select
        returned_clients.client_id,
        max(returned_clients.month) as month
    from last_month
    inner join returned_clients
        on returned_clients.month >= last_month.month - interval '11 months'
    where
        returned_clients.lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
    group by returned_clients.client_id
)

select
    coalesce(returns.client_id, returned_watch.client_id) as client_id,
    returns.month as expected_returned_month,
    returned_watch.returned_month,
    returned_watch.purchases_since
from returns
full join returned_watch
    on returns.client_id = returned_watch.client_id
where
    returns.client_id is null
    or returned_watch.client_id is null
    or returns.month <> returned_watch.returned_month
    or returned_watch.purchases_since < 1
