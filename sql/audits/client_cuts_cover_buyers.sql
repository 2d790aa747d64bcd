-- Every buyer of a month has its cuts, and those without a purchase before are the new clients.
-- audits: client_cuts
-- reads:  client_cuts[0], purchase_month[0], entity_first_purchase[0]
with counted as (
    select
        month,
        1 as expected_buyers,
        0 as expected_new,
        0 as buyers,
        0 as new
    from purchase_month
    where month between $first_month and $last_month
    union all
    select
        month,
        0 as expected_buyers,
        1 as expected_new,
        0 as buyers,
        0 as new
    from entity_first_purchase
    where month between $first_month and $last_month and dimension = 'client'
    union all
    select
        month,
        0 as expected_buyers,
        0 as expected_new,
        1 as buyers,
        case when previous_purchase_month is null then 1 else 0 end as new
    from client_cuts
    where month between $first_month and $last_month
)

select
    month,
    sum(expected_buyers) as expected_buyers,
    sum(buyers) as buyers,
    sum(expected_new) as expected_new,
    sum(new) as new
from counted
group by month
having sum(expected_buyers) <> sum(buyers) or sum(expected_new) <> sum(new)
