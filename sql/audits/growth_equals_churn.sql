-- Where both use the same months of silence, growth accounting and churn count the same clients.
-- audits: growth_accounting
-- reads:  growth_accounting[0], churn_month[0]
select
    growth_accounting.month,
    churn_month.clients_start as expected_clients_start,
    growth_accounting.clients_start,
    churn_month.new as expected_new,
    growth_accounting.new,
    churn_month.returned as expected_returned,
    growth_accounting.returned,
    churn_month.lost as expected_lost,
    growth_accounting.lost,
    churn_month.clients_end as expected_clients_end,
    growth_accounting.clients_end
from growth_accounting
inner join churn_month
    on growth_accounting.month = churn_month.month
    and growth_accounting.lost_after_months = churn_month.lost_after_months
    and churn_month.cut = 'all'
    and churn_month.month between $first_month and $last_month
where
    growth_accounting.month between $first_month and $last_month
    and (
        churn_month.clients_start <> growth_accounting.clients_start
        or churn_month.new <> growth_accounting.new
        or churn_month.returned <> growth_accounting.returned
        or churn_month.lost <> growth_accounting.lost
        or churn_month.clients_end <> growth_accounting.clients_end
    )
