-- Net is churn; gross is net plus what links explain; and in gross, too, the movements lead from
-- the start to the end, which is the start of the next month.
-- audits: churn_gross_net
-- reads:  churn_gross_net[all], churn[all]
select
    coalesce(churn_gross_net.period, churn.period) as period,
    coalesce(churn_gross_net.lost_after_months, churn.lost_after_months) as lost_after_months,
    churn.lost as expected_lost_net,
    churn_gross_net.lost_net,
    churn_gross_net.lost_successor + churn_gross_net.lost_dealer + churn_gross_net.lost_duplicate
        as explained,
    churn_gross_net.lost_gross,
    churn_gross_net.clients_start_gross + churn_gross_net.new_gross
        + churn_gross_net.returned_gross - churn_gross_net.lost_gross
        as expected_clients_end_gross,
    churn_gross_net.clients_end_gross,
    next_month.clients_start_gross as next_clients_start_gross
from churn_gross_net
full join (
    select
        period,
        lost_after_months,
        clients_start,
        new,
        returned,
        lost,
        clients_end,
        lost_revenue_12m
    from churn
    where period_kind = 'month' and cut = 'all'
) as churn
    on churn_gross_net.period = churn.period
    and churn_gross_net.lost_after_months = churn.lost_after_months
left join churn_gross_net as next_month
    on churn_gross_net.period + interval '1 month' = next_month.period
    and churn_gross_net.lost_after_months = next_month.lost_after_months
where
    (churn_gross_net.clients_start_net is distinct from churn.clients_start)
    or (churn_gross_net.new_net is distinct from churn.new)
    or (churn_gross_net.returned_net is distinct from churn.returned)
    or (churn_gross_net.lost_net is distinct from churn.lost)
    or (churn_gross_net.clients_end_net is distinct from churn.clients_end)
    or (churn_gross_net.lost_revenue_12m_net is distinct from churn.lost_revenue_12m)
    or churn_gross_net.lost_net + churn_gross_net.lost_successor + churn_gross_net.lost_dealer
    + churn_gross_net.lost_duplicate <> churn_gross_net.lost_gross
    or churn_gross_net.clients_start_gross + churn_gross_net.new_gross
    + churn_gross_net.returned_gross - churn_gross_net.lost_gross
    <> churn_gross_net.clients_end_gross
    or churn_gross_net.clients_end_gross <> next_month.clients_start_gross
    or churn_gross_net.probably_not_lost > churn_gross_net.lost_net
