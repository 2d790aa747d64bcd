-- In every cut the clients at the start are those at the end of the month before, corrected by the
-- clients who moved between values of the cut by buying elsewhere.
-- audits: churn_month
-- reads:  churn_month[-1..0]
with stocks as (
    select
        month,
        lost_after_months,
        cut,
        cut_value,
        moved_in - moved_out as expected_clients_start,
        clients_start
    from churn_month
    where month between $first_month and $last_month
    union all
    select
        cast(month + interval '1 month' as date) as month,
        lost_after_months,
        cut,
        cut_value,
        clients_end as expected_clients_start,
        0 as clients_start
    from churn_month
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
)

select
    month,
    lost_after_months,
    cut,
    cut_value,
    sum(expected_clients_start) as expected_clients_start,
    sum(clients_start) as clients_start
from stocks
group by month, lost_after_months, cut, cut_value
having sum(expected_clients_start) <> sum(clients_start)
