-- Start plus new, returned and expansion, minus contraction and lost, is the end, in clients and in
-- revenue, and every month starts where the month before ended.
-- audits: growth_accounting
-- reads:  growth_accounting[-1..0]
select
    now.month,
    now.clients_start + now.new + now.returned - now.lost as expected_clients_end,
    now.clients_end,
    now.retained + now.resumed + now.lost as expected_clients_start,
    now.clients_start,
    before.clients_end as clients_end_before,
    now.revenue_start + now.new_revenue + now.returned_revenue + now.expansion - now.contraction
    - now.lost_revenue as expected_revenue_end,
    now.revenue_end,
    before.revenue_end as revenue_end_before,
    now.revenue_start
from growth_accounting as now
left join growth_accounting as before
    on now.month = before.month + interval '1 month'
    and before.month >= cast($first_month as date) - interval '1 month'
    and before.month < $last_month
where
    now.month between $first_month and $last_month
    and (
        now.clients_start + now.new + now.returned - now.lost <> now.clients_end
        or now.retained + now.resumed + now.lost <> now.clients_start
        or now.revenue_start + now.new_revenue + now.returned_revenue + now.expansion
        - now.contraction - now.lost_revenue <> now.revenue_end
        or now.new_revenue + now.retained_revenue + now.resumed_revenue + now.returned_revenue
        <> now.revenue_end
        or now.expansion < 0
        or now.contraction < 0
        or now.clients_start <> coalesce(before.clients_end, 0)
        or now.revenue_start <> coalesce(before.revenue_end, 0)
    )
