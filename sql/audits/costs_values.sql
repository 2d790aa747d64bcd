-- Costs are of a known kind and not negative.
-- audits: costs
-- reads:  costs[0]
select
    month,
    source,
    source_file,
    source_row,
    cost_date,
    kind,
    amount,
    contacts
from costs
where
    month between $first_month and $last_month
    and (
        kind not in ('acquisition', 'contact', 'incentive')
        or amount < 0
        or contacts < 0
    )
