-- There are fixed borders for the scores 5, 4, 3 and 2, and a better score asks for more.
-- audits: rfm_borders
-- reads:  rfm_borders[all]
with expected as (
    select cast(unnest(range(2, 6)) as bigint) as score
)

select
    coalesce(expected.score, here.score) as score,
    here.most_days,
    below.most_days as most_days_below,
    here.least_purchases,
    below.least_purchases as least_purchases_below,
    here.least_revenue,
    below.least_revenue as least_revenue_below
from expected
full join rfm_borders as here
    on expected.score = here.score
left join rfm_borders as below
    on here.score - 1 = below.score
where
    expected.score is null
    or here.score is null
    or here.most_days >= below.most_days
    or here.least_purchases <= below.least_purchases
    or here.least_revenue <= below.least_revenue
