-- In every period and cut the movements lead from start to end, and of the clients and of the lost
-- at the start no more are lost and won back than there were.
-- audits: churn
-- reads:  churn[all]
select
    period_kind,
    period,
    lost_after_months,
    cut,
    cut_value,
    clients_start,
    lost,
    lost_of_start,
    clients_start + new + returned - lost as expected_clients_end,
    clients_end,
    churn_rate,
    retention_rate,
    returned,
    returned_of_pool,
    lost_pool_start,
    win_back_rate
from churn
where
    clients_start + new + returned - lost <> clients_end
    or clients_start < 0
    or new < 0
    or returned < 0
    or lost_of_start < 0
    or lost_of_start > lost
    or lost_of_start > clients_start
    or returned_of_pool < 0
    or returned_of_pool > returned
    or returned_of_pool > lost_pool_start
    or (churn_rate is distinct from (cast(lost_of_start as double) / nullif(clients_start, 0)))
    or (
        retention_rate is distinct from
        (cast(clients_start - lost_of_start as double) / nullif(clients_start, 0))
    )
    or (
        win_back_rate is distinct from
        (cast(returned_of_pool as double) / nullif(lost_pool_start, 0))
    )
