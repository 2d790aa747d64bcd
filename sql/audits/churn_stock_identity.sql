-- In every cut the clients at the end are those at the start, plus new, plus returned, minus lost.
-- audits: churn_month
-- reads:  churn_month[0]
select
    month,
    lost_after_months,
    cut,
    cut_value,
    clients_start + new + returned - lost as expected_clients_end,
    clients_end
from churn_month
where
    month between $first_month and $last_month
    and clients_start + new + returned - lost <> clients_end
