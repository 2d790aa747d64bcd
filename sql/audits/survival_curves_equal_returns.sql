-- The stays that start with a return are the returns of the finished months, in every cut and kind
-- of cohort.
-- audits: survival_curves
-- reads:  survival_curves[all], returned_clients[all]
with counted as (
    select
        lost_after_months,
        cut,
        cohort_kind,
        0 as expected_stays,
        sum(at_risk) as stays
    from survival_curves
    where starts_with = 'return' and age = 0
    group by lost_after_months, cut, cohort_kind
),

returns as (
    select
        lost_after_months,
        count(*) as expected_stays
    from returned_clients
    where not is_partial
    group by lost_after_months
)

select
    counted.lost_after_months,
    counted.cut,
    counted.cohort_kind,
    returns.expected_stays,
    counted.stays
from counted
full join returns
    on counted.lost_after_months = returns.lost_after_months
where returns.expected_stays is distinct from counted.stays
