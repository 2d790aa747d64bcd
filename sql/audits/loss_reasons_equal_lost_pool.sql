-- The pool that shares are extrapolated to is that of the lost clients.
-- audits: loss_reasons
-- reads:  loss_reasons[all], lost_pool[all]
with pools as (
    select
        lost_after_months,
        count(*) as clients,
        sum(revenue_12m_before) as revenue_12m
    from lost_pool
    group by lost_after_months
)

select
    loss_reasons.lost_after_months,
    loss_reasons.level,
    loss_reasons.answer,
    pools.clients as expected_clients,
    loss_reasons.pool_clients,
    pools.revenue_12m as expected_revenue_12m,
    loss_reasons.pool_revenue_12m
from loss_reasons
left join pools
    on loss_reasons.lost_after_months = pools.lost_after_months
where
    loss_reasons.cut = 'all'
    and (
        coalesce(pools.clients, 0) <> loss_reasons.pool_clients
        or coalesce(pools.revenue_12m, 0) <> loss_reasons.pool_revenue_12m
    )
