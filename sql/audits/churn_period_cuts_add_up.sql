-- The values of every cut of a period add up to the cut all.
-- audits: churn
-- reads:  churn[all]
with cuts as (
    select
        period_kind,
        period,
        lost_after_months,
        cut,
        sum(clients_start) as clients_start,
        sum(new) as new,
        sum(returned) as returned,
        sum(lost) as lost,
        sum(lost_of_start) as lost_of_start,
        sum(clients_end) as clients_end,
        sum(returned_of_pool) as returned_of_pool,
        sum(lost_pool_start) as lost_pool_start
    from churn
    group by period_kind, period, lost_after_months, cut
)

select
    cuts.period_kind,
    cuts.period,
    cuts.lost_after_months,
    cuts.cut,
    churn.clients_start as expected_clients_start,
    cuts.clients_start,
    churn.new as expected_new,
    cuts.new,
    churn.returned as expected_returned,
    cuts.returned,
    churn.lost as expected_lost,
    cuts.lost,
    churn.lost_of_start as expected_lost_of_start,
    cuts.lost_of_start,
    churn.clients_end as expected_clients_end,
    cuts.clients_end,
    churn.returned_of_pool as expected_returned_of_pool,
    cuts.returned_of_pool,
    churn.lost_pool_start as expected_lost_pool_start,
    cuts.lost_pool_start
from cuts
left join churn
    on cuts.period_kind = churn.period_kind
    and cuts.period = churn.period
    and cuts.lost_after_months = churn.lost_after_months
    and churn.cut = 'all'
where
    churn.period is null
    or cuts.clients_start <> churn.clients_start
    or cuts.new <> churn.new
    or cuts.returned <> churn.returned
    or cuts.lost <> churn.lost
    or cuts.lost_of_start <> churn.lost_of_start
    or cuts.clients_end <> churn.clients_end
    or cuts.returned_of_pool <> churn.returned_of_pool
    or cuts.lost_pool_start <> churn.lost_pool_start
