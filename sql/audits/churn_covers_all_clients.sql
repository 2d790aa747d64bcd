-- Every client who has ever bought is either a client or in the pool of the lost at the month end.
-- audits: churn_month
-- reads:  churn_month[0], client_lifecycle[0]
with clients as (
    select month, count(*) as clients
    from client_lifecycle
    where month between $first_month and $last_month
    group by month
)

select
    clients.month,
    churn_month.lost_after_months,
    clients.clients as expected_clients,
    churn_month.clients_end + churn_month.lost_pool_start + churn_month.lost
    - churn_month.returned as clients
from clients
left join churn_month
    on clients.month = churn_month.month
    and churn_month.cut = 'all'
    and churn_month.month between $first_month and $last_month
where
    churn_month.month is null
    or churn_month.clients_end + churn_month.lost_pool_start + churn_month.lost
    - churn_month.returned <> clients.clients
