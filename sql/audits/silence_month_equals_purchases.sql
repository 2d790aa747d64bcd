-- Every purchase day but the first of a client ends one silence.
-- audits: silence_month
-- reads:  silence_month[0], repeat_sales_month[0]
with counted as (
    select month, purchases - new as expected_silences, 0 as silences
    from repeat_sales_month
    where month between $first_month and $last_month
    union all
    select month, 0 as expected_silences, sum(silences) as silences
    from silence_month
    where month between $first_month and $last_month
    group by month
)

select
    month,
    sum(expected_silences) as expected_silences,
    sum(silences) as silences
from counted
group by month
having sum(expected_silences) <> sum(silences)
