-- The values of every cut make up the clients and the money of wallet_share, and somebody is first.
-- audits: wallet_share_league
-- reads:  wallet_share_league[0], wallet_share[0]
with expected as (
    select
        month,
        period_months,
        count(*) as clients,
        sum(own_revenue) as own_revenue,
        sum(estimated) as estimated,
        sum(case when is_losing_share then 1 else 0 end) as losing_share
    from wallet_share
    where month between $first_month and $last_month and category = '(all)'
    group by month, period_months
),

expected_cuts as (
    select
        expected.month,
        expected.period_months,
        cuts.cut,
        expected.clients,
        expected.own_revenue,
        expected.estimated,
        expected.losing_share
    from (values ('all'), ('manager'), ('branch'), ('region')) as cuts (cut)
    cross join expected
),

league as (
    select
        month,
        period_months,
        cut,
        sum(clients) as clients,
        sum(own_revenue) as own_revenue,
        sum(estimated) as estimated,
        sum(own_revenue + not_ours) as both,
        sum(losing_share) as losing_share,
        min(place) as first_place
    from wallet_share_league
    where month between $first_month and $last_month
    group by month, period_months, cut
)

select
    coalesce(expected_cuts.month, league.month) as month,
    coalesce(expected_cuts.period_months, league.period_months) as period_months,
    coalesce(expected_cuts.cut, league.cut) as cut,
    expected_cuts.clients as expected_clients,
    league.clients,
    expected_cuts.own_revenue as expected_own_revenue,
    league.own_revenue,
    expected_cuts.estimated as expected_estimated,
    league.estimated
from expected_cuts
full join league
    on expected_cuts.month = league.month
    and expected_cuts.period_months = league.period_months
    and expected_cuts.cut = league.cut
where
    expected_cuts.month is null
    or league.month is null
    or expected_cuts.clients <> league.clients
    or expected_cuts.own_revenue <> league.own_revenue
    or expected_cuts.estimated <> league.estimated
    or league.both <> league.estimated
    or expected_cuts.losing_share <> league.losing_share
    or league.first_place <> 1
