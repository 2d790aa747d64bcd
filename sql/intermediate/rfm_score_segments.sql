-- One row per combination of RFM scores, all 125: its segment.
-- grain:  r, f, m
-- reads:  rfm_segment_names[all]
-- column: r bigint not null -- Score of recency, 1 to 5
-- column: f bigint not null -- Score of frequency, 1 to 5
-- column: m bigint not null -- Score of money, 1 to 5
-- column: segment text not null -- Name of the segment, '(unnamed)' where no range holds the scores
with scores as (
    select cast(unnest(range(1, 6)) as bigint) as score
),

combinations as (
    select
        recency.score as r,
        frequency.score as f,
        money.score as m
    from scores as recency
    cross join scores as frequency
    cross join scores as money
),

first_ranges as (
    select
        combinations.r,
        combinations.f,
        combinations.m,
        min(rfm_segment_names.priority) as priority
    from combinations
    left join rfm_segment_names
        on combinations.r between rfm_segment_names.least_r and rfm_segment_names.most_r
        and combinations.f between rfm_segment_names.least_f and rfm_segment_names.most_f
        and combinations.m between rfm_segment_names.least_m and rfm_segment_names.most_m
    group by combinations.r, combinations.f, combinations.m
)

select
    first_ranges.r,
    first_ranges.f,
    first_ranges.m,
    coalesce(rfm_segment_names.segment, '(unnamed)') as segment
from first_ranges
left join rfm_segment_names
    on first_ranges.priority = rfm_segment_names.priority
