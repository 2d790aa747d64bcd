-- Estimates of the sample's managers: what a client buys from all its suppliers in a year.
-- raw: client_code text
-- raw: period_start date
-- raw: months bigint
-- raw: category text
-- raw: amount decimal(18,4)
-- raw: estimated_on date
-- raw: estimated_by text
-- raw: basis text
select
    period_start,
    months as period_months,
    client_code as client_id,
    category,
    amount,
    estimated_on as estimate_date,
    estimated_by,
    basis
from raw
