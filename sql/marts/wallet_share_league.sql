-- One row per month, length of period, cut and its value with estimates for all products: the share
-- of the wallets of its clients, and its place among the others.
-- grain:  month, period_months, cut, cut_value
-- reads:  wallet_share[0]
-- column: month date not null -- Last month of the period, written as its first day
-- column: period_months bigint not null -- Months in the period
-- column: cut text not null -- all, manager, branch or region
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: clients bigint not null -- Clients with an estimate for all products
-- column: own_revenue decimal(28,4) not null -- What they bought from us in the period, net of
--     returns
-- column: estimated decimal(28,4) not null -- What they are estimated to buy from all suppliers
-- column: share double -- own_revenue divided by estimated; null when nothing is estimated
-- column: not_ours decimal(28,4) not null -- Estimated minus own_revenue: what others sell to them
-- column: place bigint not null -- Place by share among the values of the cut, the greatest first;
--     equal shares share a place
-- column: compared_clients bigint not null -- Clients with an estimate for the year before, too
-- column: compared_share double -- Share of these clients; null without any
-- column: compared_share_before double -- Their share a year before
-- column: share_change double -- compared_share minus compared_share_before
-- column: losing_share bigint not null -- Clients whose share falls while their revenue does not
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with clients as (
    select
        cuts.cut,
        case cuts.cut
            when 'manager' then wallet_share.manager
            when 'branch' then wallet_share.branch
            when 'region' then wallet_share.region
            else 'all'
        end as cut_value,
        wallet_share.month,
        wallet_share.period_months,
        wallet_share.own_revenue,
        wallet_share.estimated,
        wallet_share.own_revenue_before,
        wallet_share.estimated_before,
        wallet_share.is_losing_share,
        wallet_share.is_partial
    from (values ('all'), ('manager'), ('branch'), ('region')) as cuts (cut)
    cross join wallet_share
    where
        wallet_share.month between $first_month and $last_month
        and wallet_share.category = '(all)'
),

sums as (
    select
        month,
        period_months,
        cut,
        cut_value,
        is_partial,
        count(*) as clients,
        sum(own_revenue) as own_revenue,
        sum(estimated) as estimated,
        count(estimated_before) as compared_clients,
        sum(case when estimated_before is not null then own_revenue end) as compared_own_revenue,
        sum(case when estimated_before is not null then estimated end) as compared_estimated,
        sum(own_revenue_before) as own_revenue_before,
        sum(estimated_before) as estimated_before,
        sum(case when is_losing_share then 1 else 0 end) as losing_share
    from clients
    group by month, period_months, cut, cut_value, is_partial
),

shares as (
    select
        month,
        period_months,
        cut,
        cut_value,
        is_partial,
        clients,
        own_revenue,
        estimated,
        cast(own_revenue as double) / nullif(cast(estimated as double), 0) as share,
        compared_clients,
        cast(compared_own_revenue as double) / nullif(cast(compared_estimated as double), 0)
            as compared_share,
        cast(own_revenue_before as double) / nullif(cast(estimated_before as double), 0)
            as compared_share_before,
        losing_share
    from sums
)

select
    month,
    period_months,
    cut,
    cut_value,
    clients,
    cast(own_revenue as decimal(28, 4)) as own_revenue,
    cast(estimated as decimal(28, 4)) as estimated,
    share,
    cast(estimated - own_revenue as decimal(28, 4)) as not_ours,
    cast(
        rank() over (partition by month, period_months, cut order by share desc nulls last)
        as bigint
    ) as place,
    compared_clients,
    compared_share,
    compared_share_before,
    compared_share - compared_share_before as share_change,
    losing_share,
    is_partial
from shares
