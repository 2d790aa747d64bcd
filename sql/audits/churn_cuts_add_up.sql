-- The values of every cut add up to the cut all, and what moves in moved out elsewhere.
-- audits: churn_month
-- reads:  churn_month[0]
with cuts as (
    select
        month,
        lost_after_months,
        cut,
        sum(clients_start) as clients_start,
        sum(new) as new,
        sum(new_left_censored) as new_left_censored,
        sum(returned) as returned,
        sum(lost) as lost,
        sum(clients_end) as clients_end,
        sum(moved_in) as moved_in,
        sum(moved_out) as moved_out,
        sum(lost_pool_start) as lost_pool_start,
        sum(lost_revenue_12m) as lost_revenue_12m,
        sum(lost_profit_12m) as lost_profit_12m
    from churn_month
    where month between $first_month and $last_month
    group by month, lost_after_months, cut
)

select
    cuts.month,
    cuts.lost_after_months,
    cuts.cut,
    churn_month.clients_start as expected_clients_start,
    cuts.clients_start,
    churn_month.new as expected_new,
    cuts.new,
    churn_month.returned as expected_returned,
    cuts.returned,
    churn_month.lost as expected_lost,
    cuts.lost,
    churn_month.clients_end as expected_clients_end,
    cuts.clients_end,
    churn_month.lost_pool_start as expected_lost_pool_start,
    cuts.lost_pool_start,
    churn_month.lost_revenue_12m as expected_lost_revenue_12m,
    cuts.lost_revenue_12m,
    churn_month.lost_profit_12m as expected_lost_profit_12m,
    cuts.lost_profit_12m,
    cuts.moved_out as expected_moved_in,
    cuts.moved_in
from cuts
left join churn_month
    on cuts.month = churn_month.month
    and cuts.lost_after_months = churn_month.lost_after_months
    and churn_month.cut = 'all'
    and churn_month.month between $first_month and $last_month
where
    churn_month.month is null
    or cuts.clients_start <> churn_month.clients_start
    or cuts.new <> churn_month.new
    or cuts.new_left_censored <> churn_month.new_left_censored
    or cuts.returned <> churn_month.returned
    or cuts.lost <> churn_month.lost
    or cuts.clients_end <> churn_month.clients_end
    or cuts.lost_pool_start <> churn_month.lost_pool_start
    or cuts.lost_revenue_12m <> churn_month.lost_revenue_12m
    or (cuts.lost_profit_12m is distinct from churn_month.lost_profit_12m)
    or cuts.moved_in <> cuts.moved_out
