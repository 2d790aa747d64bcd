-- Every combination of RFM scores has a name, and ranges lie within 1 to 5.
-- audits: rfm_score_segments
-- reads:  rfm_score_segments[all], rfm_segment_names[all]
select
    'scores without a segment' as problem,
    r,
    f,
    m,
    segment
from rfm_score_segments
where segment = '(unnamed)'
union all
select
    'no range of scores' as problem,
    least_r as r,
    least_f as f,
    least_m as m,
    segment
from rfm_segment_names
where
    least_r < 1 or least_r > most_r or most_r > 5
    or least_f < 1 or least_f > most_f or most_f > 5
    or least_m < 1 or least_m > most_m or most_m > 5
