-- The clients with classes are all who have ever bought, each with those of the month in which it
-- last bought.
-- audits: client_class
-- reads:  client_class[0], client_lifecycle[0]
with counted as (
    select
        month,
        cast(date_trunc('month', last_purchase_date) as date) as last_purchase_month,
        count(*) as expected_clients,
        0 as clients
    from client_lifecycle
    where month between $first_month and $last_month
    group by month, cast(date_trunc('month', last_purchase_date) as date)
    union all
    select
        month,
        last_purchase_month,
        0 as expected_clients,
        count(*) as clients
    from client_class
    where month between $first_month and $last_month
    group by month, last_purchase_month
)

select
    month,
    last_purchase_month,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients
from counted
group by month, last_purchase_month
having sum(expected_clients) <> sum(clients)
