-- One row per score: the fixed borders of recency, frequency and money, as the pipeline file sets
-- them.
-- grain:  score
-- param:  rfm_recency_days bigint[]
-- param:  rfm_purchases bigint[]
-- param:  rfm_revenue bigint[]
-- column: score bigint not null -- Score from 5, the best, to 2; who meets no border has score 1
-- column: most_days bigint not null -- Recency has the score up to this many days since the last
--     purchase
-- column: least_purchases bigint not null -- Frequency has it from this many lifetime purchases
-- column: least_revenue decimal(28,4) not null -- Money has it from this lifetime revenue, in the
--     currency of the sales
select
    cast(6 - place as bigint) as score,
    array_element(cast($rfm_recency_days as bigint[]), place) as most_days,
    array_element(cast($rfm_purchases as bigint[]), place) as least_purchases,
    cast(array_element(cast($rfm_revenue as bigint[]), place) as decimal(28, 4)) as least_revenue
from (values (1), (2), (3), (4)) as places (place)
