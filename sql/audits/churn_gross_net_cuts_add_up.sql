-- The values of every cut add up to the whole, gross and net, and so do the probabilities.
-- audits: churn_gross_net
-- reads:  churn_gross_net[all]
with cut_sums as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        sum(clients_start_gross) as clients_start_gross,
        sum(lost_gross) as lost_gross,
        sum(lost_of_start_gross) as lost_of_start_gross,
        sum(clients_end_gross) as clients_end_gross,
        sum(lost_revenue_12m_gross) as lost_revenue_12m_gross,
        sum(lost_revenue_12m_explained) as lost_revenue_12m_explained,
        sum(clients_to_check) as clients_to_check,
        sum(probably_not_lost) as probably_not_lost
    from churn_gross_net
    group by period_kind, period, lost_after_months, cut
)

select
    cut_sums.period_kind,
    cut_sums.period,
    cut_sums.lost_after_months,
    cut_sums.cut,
    whole.clients_end_gross as expected_clients_end_gross,
    cut_sums.clients_end_gross,
    whole.lost_gross as expected_lost_gross,
    cut_sums.lost_gross,
    whole.probably_not_lost as expected_probably_not_lost,
    cut_sums.probably_not_lost
from cut_sums
left join churn_gross_net as whole
    on whole.cut = 'all'
    and cut_sums.period_kind = whole.period_kind
    and cut_sums.period = whole.period
    and cut_sums.lost_after_months = whole.lost_after_months
where
    (cut_sums.clients_start_gross is distinct from whole.clients_start_gross)
    or (cut_sums.lost_gross is distinct from whole.lost_gross)
    or (cut_sums.lost_of_start_gross is distinct from whole.lost_of_start_gross)
    or (cut_sums.clients_end_gross is distinct from whole.clients_end_gross)
    or (cut_sums.lost_revenue_12m_gross is distinct from whole.lost_revenue_12m_gross)
    or (cut_sums.lost_revenue_12m_explained is distinct from whole.lost_revenue_12m_explained)
    or (cut_sums.clients_to_check is distinct from whole.clients_to_check)
    or (cut_sums.probably_not_lost is distinct from whole.probably_not_lost)
