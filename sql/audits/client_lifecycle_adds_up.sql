-- A month lists the clients of the month before and the new ones, and their purchases and documents
-- are those of the month before and those made in the month.
-- audits: client_lifecycle
-- reads:  client_lifecycle[-1..0], client_rhythm[0], purchase_month[0]
with counted as (
    select
        cast(month + interval '1 month' as date) as month,
        count(*) as expected_clients,
        sum(purchases) as expected_purchases,
        sum(documents) as expected_documents,
        0 as clients,
        0 as purchases,
        0 as documents
    from client_lifecycle
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    group by month
    union all
    select
        month,
        count(*) as expected_clients,
        0 as expected_purchases,
        0 as expected_documents,
        0 as clients,
        0 as purchases,
        0 as documents
    from client_rhythm
    where month between $first_month and $last_month and previous_purchase_date is null
    group by month
    union all
    select
        month,
        0 as expected_clients,
        sum(purchases) as expected_purchases,
        sum(documents) as expected_documents,
        0 as clients,
        0 as purchases,
        0 as documents
    from purchase_month
    where month between $first_month and $last_month
    group by month
    union all
    select
        month,
        0 as expected_clients,
        0 as expected_purchases,
        0 as expected_documents,
        count(*) as clients,
        sum(purchases) as purchases,
        sum(documents) as documents
    from client_lifecycle
    where month between $first_month and $last_month
    group by month
)

select
    month,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients,
    sum(expected_purchases) as expected_purchases,
    sum(purchases) as purchases,
    sum(expected_documents) as expected_documents,
    sum(documents) as documents
from counted
group by month
having
    sum(expected_clients) <> sum(clients)
    or sum(expected_purchases) <> sum(purchases)
    or sum(expected_documents) <> sum(documents)
