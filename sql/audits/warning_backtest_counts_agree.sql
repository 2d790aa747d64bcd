-- The back-test speaks of exactly the clients that were watched, warned and lost, and no part is
-- more than its whole.
-- audits: warning_backtest
-- reads:  warning_backtest[all], client_signals[all], warnings[all], lost_clients[all]
-- param:  churn_lost_after_months bigint[]
with watched as (
    select
        month,
        count(*) as watched
    from client_signals
    group by month
),

warned as (
    select
        month,
        count(*) as warned,
        sum(value_at_risk) as warned_value
    from warnings
    group by month
),

lost as (
    select
        month,
        count(*) as lost
    from lost_clients
    where lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
    group by month
)

select
    warning_backtest.warned_month,
    warning_backtest.reason,
    coalesce(watched.watched, 0) as expected_watched,
    warning_backtest.watched,
    warning_backtest.watched_lost,
    coalesce(warned.warned, 0) as expected_warned,
    warning_backtest.warned,
    warning_backtest.warned_lost,
    coalesce(lost.lost, 0) as expected_lost,
    warning_backtest.lost,
    warning_backtest.lost_warned,
    warning_backtest.lost_warned_early
from warning_backtest
left join watched
    on warning_backtest.warned_month = watched.month
left join warned
    on warning_backtest.warned_month = warned.month
left join lost
    on warning_backtest.warned_month = lost.month
where
    warning_backtest.watched <> coalesce(watched.watched, 0)
    or (
        warning_backtest.reason = 'any'
        and (
            warning_backtest.warned <> coalesce(warned.warned, 0)
            or warning_backtest.warned_value <> coalesce(warned.warned_value, 0)
        )
    )
    or warning_backtest.warned > coalesce(warned.warned, 0)
    or warning_backtest.lost <> coalesce(lost.lost, 0)
    or warning_backtest.watched_lost > warning_backtest.watched
    or warning_backtest.repeat_watched > warning_backtest.watched
    or warning_backtest.repeat_watched_lost > warning_backtest.repeat_watched
    or warning_backtest.repeat_watched_lost > warning_backtest.watched_lost
    or warning_backtest.warned_lost > warning_backtest.warned
    or warning_backtest.warned_lost > warning_backtest.watched_lost
    or warning_backtest.warned_lost_value > warning_backtest.warned_value
    or warning_backtest.lost_warned > warning_backtest.lost
    or warning_backtest.lost_warned_early > warning_backtest.lost_warned
