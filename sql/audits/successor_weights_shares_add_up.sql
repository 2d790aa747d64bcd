-- Of every attribute the degrees among true successors add up to all of them, and no degree is
-- impossible.
-- audits: successor_weights
-- reads:  successor_weights[all]
select
    attribute,
    sum(cast(m as decimal(20, 12))) as share,
    min(m) as least_m,
    min(u) as least_u
from successor_weights
group by attribute
having
    abs(sum(cast(m as decimal(20, 12))) - 1) > 0.000000001
    or min(m) <= 0
    or min(u) <= 0
