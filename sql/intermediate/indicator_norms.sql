-- One row per indicator of repeat sales with a norm. A project that has norms of its own puts a
-- file of this name in its sql/intermediate.
-- grain:  indicator
-- column: indicator text not null -- Indicator of repeat_sales_indicators
-- column: norm_low decimal(5,4) not null -- The norm is met from this value
-- column: norm_high decimal(5,4) -- Upper end of what is usual; null when none is known
-- column: norm_for text not null -- Companies of which the norm is said
select
    indicator,
    cast(norm_low as decimal(5, 4)) as norm_low,
    cast(norm_high as decimal(5, 4)) as norm_high,
    norm_for
from (
    values
    ('active_share', 0.30, null, 'any company'),
    ('regular_share', 0.25, 0.30, 'a company of 2 to 3 years'),
    ('repeat_revenue_share', 0.40, 0.60, 'a company of 5 to 7 years'),
    ('regular_growth', 0.10, 0.15, 'a young company')
) as norms (indicator, norm_low, norm_high, norm_for)
