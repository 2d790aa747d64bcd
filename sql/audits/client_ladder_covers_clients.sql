-- The steps above lead hold the clients of the life cycle, each once: one-off, repeat, and the
-- regular on the two highest.
-- audits: client_ladder
-- reads:  client_ladder[0], lifecycle_matrix[0]
with counted as (
    select
        month,
        case step
            when 'one_off' then 'new'
            when 'repeat' then 'prospective'
            else 'regular'
        end as count_segment,
        clients,
        revenue_12m,
        0 as expected_clients,
        0 as expected_revenue_12m
    from client_ladder
    where month between $first_month and $last_month and step <> 'lead'
    union all
    select
        month,
        count_segment,
        0 as clients,
        0 as revenue_12m,
        clients as expected_clients,
        revenue_12m as expected_revenue_12m
    from lifecycle_matrix
    where month between $first_month and $last_month
)

select
    month,
    count_segment,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients,
    sum(expected_revenue_12m) as expected_revenue_12m,
    sum(revenue_12m) as revenue_12m
from counted
group by month, count_segment
having
    sum(expected_clients) <> sum(clients)
    or sum(expected_revenue_12m) <> sum(revenue_12m)
