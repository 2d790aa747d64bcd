-- The segments hold every client of the month once, and its lifetime revenue.
-- audits: rfm_segments
-- reads:  rfm_segments[0], rfm[0]
with counted as (
    select
        month, segment, count(*) as expected_clients, sum(revenue) as expected_revenue,
        0 as clients, 0 as revenue
    from rfm
    where month between $first_month and $last_month
    group by month, segment
    union all
    select month, segment, 0 as expected_clients, 0 as expected_revenue, clients, revenue
    from rfm_segments
    where month between $first_month and $last_month
)

select
    month,
    segment,
    sum(expected_clients) as expected_clients,
    sum(clients) as clients,
    sum(expected_revenue) as expected_revenue,
    sum(revenue) as revenue
from counted
group by month, segment
having
    sum(expected_clients) <> sum(clients)
    or sum(expected_revenue) <> sum(revenue)
