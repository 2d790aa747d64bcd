-- Net is churn; gross is net plus what links explain; and in gross, too, the movements lead from
-- the start to the end, which for months of the whole is the start of the next one.
-- audits: churn_gross_net
-- reads:  churn_gross_net[all], churn[all]
with all_next as (
    select
        period,
        lost_after_months,
        clients_start_gross
    from churn_gross_net
    where period_kind = 'month' and cut = 'all'
),

expected as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        cut_value,
        clients_start,
        new,
        returned,
        lost,
        lost_of_start,
        clients_end,
        lost_revenue_12m
    from churn
    where cut in ('all', 'channel', 'region', 'department', 'branch', 'manager')
)

select
    coalesce(churn_gross_net.period_kind, expected.period_kind) as period_kind,
    coalesce(churn_gross_net.period, expected.period) as period,
    coalesce(churn_gross_net.lost_after_months, expected.lost_after_months) as lost_after_months,
    coalesce(churn_gross_net.cut, expected.cut) as cut,
    coalesce(churn_gross_net.cut_value, expected.cut_value) as cut_value,
    expected.lost as expected_lost_net,
    churn_gross_net.lost_net,
    churn_gross_net.lost_successor + churn_gross_net.lost_dealer + churn_gross_net.lost_duplicate
        as explained,
    churn_gross_net.lost_gross,
    churn_gross_net.clients_start_gross + churn_gross_net.new_gross
        + churn_gross_net.returned_gross - churn_gross_net.lost_gross
        as expected_clients_end_gross,
    churn_gross_net.clients_end_gross,
    all_next.clients_start_gross as next_clients_start_gross
from churn_gross_net
full join expected
    on churn_gross_net.period_kind = expected.period_kind
    and churn_gross_net.period = expected.period
    and churn_gross_net.lost_after_months = expected.lost_after_months
    and churn_gross_net.cut = expected.cut
    and churn_gross_net.cut_value = expected.cut_value
left join all_next
    on churn_gross_net.period_kind = 'month'
    and churn_gross_net.cut = 'all'
    and churn_gross_net.period + interval '1 month' = all_next.period
    and churn_gross_net.lost_after_months = all_next.lost_after_months
where
    churn_gross_net.period is null
    -- A value that only ids have, and no client, is there gross only.
    or churn_gross_net.clients_start_net <> coalesce(expected.clients_start, 0)
    or churn_gross_net.new_net <> coalesce(expected.new, 0)
    or churn_gross_net.returned_net <> coalesce(expected.returned, 0)
    or churn_gross_net.lost_net <> coalesce(expected.lost, 0)
    or churn_gross_net.lost_of_start_net <> coalesce(expected.lost_of_start, 0)
    or churn_gross_net.clients_end_net <> coalesce(expected.clients_end, 0)
    or churn_gross_net.lost_revenue_12m_net <> coalesce(expected.lost_revenue_12m, 0)
    or churn_gross_net.lost_net + churn_gross_net.lost_successor + churn_gross_net.lost_dealer
    + churn_gross_net.lost_duplicate <> churn_gross_net.lost_gross
    or churn_gross_net.clients_start_gross + churn_gross_net.new_gross
    + churn_gross_net.returned_gross - churn_gross_net.lost_gross
    <> churn_gross_net.clients_end_gross
    or least(
        churn_gross_net.clients_start_gross,
        churn_gross_net.new_gross,
        churn_gross_net.returned_gross,
        churn_gross_net.lost_of_start_gross,
        churn_gross_net.lost_gross - churn_gross_net.lost_of_start_gross,
        churn_gross_net.clients_end_gross
    ) < 0
    or churn_gross_net.clients_end_gross <> all_next.clients_start_gross
    or churn_gross_net.probably_not_lost > churn_gross_net.lost_net
    or churn_gross_net.clients_probable > churn_gross_net.clients_to_check
