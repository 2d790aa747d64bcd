-- The new clients of a year are those of churn, and new and repeat money make up the whole.
-- audits: new_versus_repeat
-- reads:  new_versus_repeat[all], churn[all]
-- param:  churn_lost_after_months bigint[]
with years as (
    select period as year, new
    from churn
    where
        period_kind = 'year'
        and cut = 'all'
        and lost_after_months = array_min(cast($churn_lost_after_months as bigint[]))
)

select
    coalesce(new_versus_repeat.year, years.year) as year,
    years.new as expected_new,
    new_versus_repeat.new,
    new_versus_repeat.buyers,
    new_versus_repeat.revenue,
    new_versus_repeat.new_revenue,
    new_versus_repeat.repeat_revenue
from new_versus_repeat
full join years
    on new_versus_repeat.year = years.year
where
    (coalesce(new_versus_repeat.new, 0) <> coalesce(years.new, 0))
    or new_versus_repeat.new + new_versus_repeat.repeat <> new_versus_repeat.buyers
    or new_versus_repeat.new_again > new_versus_repeat.new
    or new_versus_repeat.new_revenue + new_versus_repeat.repeat_revenue
    <> new_versus_repeat.revenue
