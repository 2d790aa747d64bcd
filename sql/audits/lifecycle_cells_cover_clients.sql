-- Every client who has ever bought is in exactly one of nine life-cycle cells.
-- audits: lifecycle_matrix
-- reads:  lifecycle_matrix[0], client_lifecycle[0]
with counted as (
    select month, count(*) as expected_clients, 0 as clients, 0 as cells
    from client_lifecycle
    where month between $first_month and $last_month
    group by month
    union all
    select
        month, 0 as expected_clients, sum(clients) as clients, count(*) as cells
    from lifecycle_matrix
    where month between $first_month and $last_month
    group by month
)

select
    month,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients,
    9 as expected_cells,
    sum(cells) as cells
from counted
group by month
having
    sum(expected_clients) <> sum(clients)
    or sum(cells) <> 9
