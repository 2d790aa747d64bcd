-- One row per score: the fixed borders of recency, frequency and money. A project that sets its own
-- puts a file of this name in its sql/intermediate.
-- grain:  score
-- column: score bigint not null -- Score from 5, the best, to 2; who meets no border has score 1
-- column: most_days bigint not null -- Recency has the score up to this many days since the last
--     purchase
-- column: least_purchases bigint not null -- Frequency has it from this many lifetime purchases
-- column: least_revenue decimal(28,4) not null -- Money has it from this lifetime revenue, in the
--     currency of the sales
select
    cast(score as bigint) as score,
    cast(most_days as bigint) as most_days,
    cast(least_purchases as bigint) as least_purchases,
    cast(least_revenue as decimal(28, 4)) as least_revenue
from (
    values
    (5, 30, 12, 1000000),
    (4, 60, 8, 300000),
    (3, 120, 4, 100000),
    (2, 180, 2, 30000)
) as borders (score, most_days, least_purchases, least_revenue)
