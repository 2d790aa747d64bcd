-- Where anything is positive there is a class A, and no class is better than that of a greater
-- total.
-- audits: abc_xyz
-- reads:  abc_xyz[0]
with classes as (
    select
        month,
        dimension,
        measure,
        sum(case when total > 0 then 1 else 0 end) as positive_entities,
        sum(case when abc = 'A' then 1 else 0 end) as entities_in_a,
        min(case when abc = 'A' then total end) as lowest_a,
        min(case when abc = 'B' then total end) as lowest_b,
        min(case when abc = 'C' then total end) as lowest_c,
        max(case when abc = 'B' then total end) as highest_b,
        max(case when abc = 'C' then total end) as highest_c,
        max(case when abc = 'N' then total end) as highest_n
    from abc_xyz
    where month between $first_month and $last_month
    group by month, dimension, measure
)

select
    month,
    dimension,
    measure,
    positive_entities,
    entities_in_a,
    lowest_a,
    highest_b,
    lowest_b,
    highest_c,
    lowest_c,
    highest_n
from classes
where
    (positive_entities > 0 and entities_in_a = 0)
    or lowest_a <= highest_b
    or lowest_a <= highest_c
    or lowest_b <= highest_c
    or lowest_c <= 0
    or highest_n > 0
