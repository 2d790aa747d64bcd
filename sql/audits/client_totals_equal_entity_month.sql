-- What is known of a client in total grows by what the month brings, and by nothing else.
-- audits: client_totals
-- reads:  client_totals[-1..0], entity_month[0]
with parts as (
    select month, client_id, revenue, lines, 0 as added_revenue, 0 as added_lines
    from client_totals
    where month between $first_month and $last_month
    union all
    select
        cast(month + interval '1 month' as date) as month, client_id, 0 as revenue, 0 as lines,
        revenue as added_revenue, lines as added_lines
    from client_totals
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
    union all
    select
        month, entity_id as client_id, 0 as revenue, 0 as lines,
        revenue as added_revenue, lines as added_lines
    from entity_month
    where month between $first_month and $last_month and dimension = 'client'
)

select
    month,
    client_id,
    sum(added_revenue) as expected_revenue,
    sum(revenue) as revenue,
    sum(added_lines) as expected_lines,
    sum(lines) as lines
from parts
group by month, client_id
having sum(added_revenue) <> sum(revenue) or sum(added_lines) <> sum(lines)
