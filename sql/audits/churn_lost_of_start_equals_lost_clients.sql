-- The losses counted against the clients at the start are the listed ones whose client neither
-- first bought nor returned in the period before the loss.
-- audits: churn
-- reads:  churn[all], lost_clients[all], returned_clients[all]
with lost_again as (
    -- Clients who returned and were lost again in one year, which holds its quarters and months.
    select
        lost_clients.month,
        lost_clients.lost_after_months,
        lost_clients.client_id,
        lost_clients.first_purchase_date,
        max(returned_clients.month) as returned_month
    from returned_clients
    inner join lost_clients
        on returned_clients.client_id = lost_clients.client_id
        and returned_clients.lost_after_months = lost_clients.lost_after_months
        and date_part('year', returned_clients.month) = date_part('year', lost_clients.month)
        and returned_clients.month < lost_clients.month
    group by
        lost_clients.month,
        lost_clients.lost_after_months,
        lost_clients.client_id,
        lost_clients.first_purchase_date
),

came_months as (
    select
        month,
        lost_after_months,
        first_purchase_date as came_date,
        count(*) as clients
    from lost_clients
    group by month, lost_after_months, first_purchase_date
    union all
    -- Who returned has come later than with the first purchase.
    select
        month,
        lost_after_months,
        first_purchase_date as came_date,
        -1 as clients
    from lost_again
    union all
    select
        month,
        lost_after_months,
        returned_month as came_date,
        1 as clients
    from lost_again
),

listed as (
    select
        period_kinds.period_kind,
        cast(
            case
                when period_kinds.period_kind = 'month' then date_trunc('month', month)
                when period_kinds.period_kind = 'quarter' then date_trunc('quarter', month)
                else date_trunc('year', month)
            end
            as date
        ) as period,
        lost_after_months,
        came_date,
        clients
    from (values ('month'), ('quarter'), ('year')) as period_kinds (period_kind)
    cross join came_months
),

counted as (
    select
        period_kind,
        period,
        lost_after_months,
        clients as expected_lost_of_start,
        0 as lost_of_start
    from listed
    where came_date < period
    union all
    select
        period_kind,
        period,
        lost_after_months,
        0 as expected_lost_of_start,
        lost_of_start
    from churn
    where cut = 'all'
)

select
    period_kind,
    period,
    lost_after_months,
    sum(expected_lost_of_start) as expected_lost_of_start,
    sum(lost_of_start) as lost_of_start
from counted
group by period_kind, period, lost_after_months
having sum(expected_lost_of_start) <> sum(lost_of_start)
