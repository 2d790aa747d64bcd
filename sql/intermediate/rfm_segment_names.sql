-- One row per named range of RFM scores. A project that names its own segments puts a file of this
-- name in its sql/intermediate; every combination of scores needs a name.
-- grain:  priority
-- column: priority bigint not null -- Where ranges overlap, the row with the least number names the
--     combination
-- column: segment text not null -- Name of the segment
-- column: least_r bigint not null -- Lowest score of recency
-- column: most_r bigint not null -- Highest score of recency
-- column: least_f bigint not null -- Lowest score of frequency
-- column: most_f bigint not null -- Highest score of frequency
-- column: least_m bigint not null -- Lowest score of money
-- column: most_m bigint not null -- Highest score of money
select
    cast(priority as bigint) as priority,
    segment,
    cast(least_r as bigint) as least_r,
    cast(most_r as bigint) as most_r,
    cast(least_f as bigint) as least_f,
    cast(most_f as bigint) as most_f,
    cast(least_m as bigint) as least_m,
    cast(most_m as bigint) as most_m
from (
    values
    (1, 'champions', 5, 5, 4, 5, 1, 5),
    (2, 'loyal', 3, 4, 4, 5, 1, 5),
    (3, 'potential_loyalists', 4, 5, 2, 3, 1, 5),
    (4, 'new', 5, 5, 1, 1, 1, 5),
    (5, 'promising', 4, 4, 1, 1, 1, 5),
    (6, 'need_attention', 3, 3, 3, 3, 1, 5),
    (7, 'about_to_sleep', 3, 3, 1, 2, 1, 5),
    (8, 'cannot_lose', 1, 2, 5, 5, 1, 5),
    (9, 'at_risk', 1, 2, 3, 4, 1, 5),
    (10, 'hibernating', 1, 2, 1, 2, 1, 5)
) as names (priority, segment, least_r, most_r, least_f, most_f, least_m, most_m)
