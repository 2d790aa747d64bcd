-- One row per month and life-cycle cell, all nine every month: its clients and their revenue.
-- grain:  month, count_segment, recency_segment
-- reads:  client_lifecycle[0], client_revenue_12m[0]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: count_segment text not null -- new, prospective or regular, by lifetime purchases
-- column: recency_segment text not null -- active, dozing or asleep, by days since the last
--     purchase
-- column: clients bigint not null -- Clients in the cell at the end of the month
-- column: share_of_clients double -- Part of all clients who have ever bought; null while nobody
--     has
-- column: revenue_12m decimal(28,4) not null -- Their revenue net of returns in the 12 months
--     ending
--     with the month
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with cells as (
    select
        months.month,
        count_segments.count_segment,
        recency_segments.recency_segment
    from (
        select
            unnest(
                generate_series(
                    cast($first_month as date), cast($last_month as date), interval '1 month'
                )
            ) as month
    ) as months
    cross join (values ('new'), ('prospective'), ('regular')) as count_segments (count_segment)
    cross join (values ('active'), ('dozing'), ('asleep')) as recency_segments (recency_segment)
),

clients_by_cell as (
    select
        client_lifecycle.month,
        client_lifecycle.count_segment,
        client_lifecycle.recency_segment,
        count(*) as clients,
        sum(client_revenue_12m.revenue_12m) as revenue_12m
    from client_lifecycle
    left join client_revenue_12m
        on client_lifecycle.month = client_revenue_12m.month
        and client_lifecycle.client_id = client_revenue_12m.client_id
        and client_revenue_12m.month between $first_month and $last_month
    where client_lifecycle.month between $first_month and $last_month
    group by
        client_lifecycle.month, client_lifecycle.count_segment, client_lifecycle.recency_segment
),

filled_cells as (
    select
        cells.month,
        cells.count_segment,
        cells.recency_segment,
        coalesce(clients_by_cell.clients, 0) as clients,
        coalesce(clients_by_cell.revenue_12m, 0) as revenue_12m
    from cells
    left join clients_by_cell
        on cells.month = clients_by_cell.month
        and cells.count_segment = clients_by_cell.count_segment
        and cells.recency_segment = clients_by_cell.recency_segment
)

select
    month,
    count_segment,
    recency_segment,
    clients,
    cast(clients as double) / nullif(sum(clients) over (partition by month), 0)
        as share_of_clients,
    cast(revenue_12m as decimal(28, 4)) as revenue_12m,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from filled_cells
