-- An estimate speaks for one, three, six or twelve months from the first of a month, is not
-- negative, and stands once.
-- audits: purchase_potential
-- reads:  purchase_potential[0]
with counted as (
    select
        period_start,
        period_months,
        client_id,
        coalesce(category, '') as category,
        count(*) as times
    from purchase_potential
    where month between $first_month and $last_month
    group by period_start, period_months, client_id, coalesce(category, '')
)

select
    purchase_potential.month,
    purchase_potential.source,
    purchase_potential.source_file,
    purchase_potential.source_row,
    purchase_potential.client_id,
    purchase_potential.period_start,
    purchase_potential.period_months,
    purchase_potential.category,
    purchase_potential.amount,
    counted.times
from purchase_potential
join counted
    on purchase_potential.period_start = counted.period_start
    and purchase_potential.period_months = counted.period_months
    and purchase_potential.client_id = counted.client_id
    and coalesce(purchase_potential.category, '') = counted.category
where
    purchase_potential.month between $first_month and $last_month
    and (
        counted.times > 1
        or purchase_potential.period_start <> purchase_potential.month
        or purchase_potential.period_months not in (1, 3, 6, 12)
        or purchase_potential.amount < 0
    )
