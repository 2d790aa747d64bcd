-- One row per indicator of repeat sales with a norm, as the pipeline file sets it.
-- grain:  indicator
-- param:  norms_active_share decimal(5,4)[]
-- param:  norms_regular_share decimal(5,4)[]
-- param:  norms_repeat_revenue_share decimal(5,4)[]
-- param:  norms_regular_growth decimal(5,4)[]
-- column: indicator text not null -- Indicator of repeat_sales_indicators
-- column: norm_low decimal(5,4) not null -- The norm is met from this value
-- column: norm_high decimal(5,4) -- Upper end of what is usual; null when none is known
-- column: norm_for text not null -- Companies of which the published norm is said; this company
--     where the pipeline file sets another
with norms as (
    select
        published.indicator,
        published.norm_for,
        cast(published.norm_low as decimal(5, 4)) as published_low,
        cast(published.norm_high as decimal(5, 4)) as published_high,
        case published.indicator
            when 'active_share' then cast($norms_active_share as decimal(5, 4)[])
            when 'regular_share' then cast($norms_regular_share as decimal(5, 4)[])
            when 'repeat_revenue_share' then cast($norms_repeat_revenue_share as decimal(5, 4)[])
            else cast($norms_regular_growth as decimal(5, 4)[])
        end as norm
    from (
        values
        ('active_share', 0.30, null, 'any company'),
        ('regular_share', 0.25, 0.30, 'a company of 2 to 3 years'),
        ('repeat_revenue_share', 0.40, 0.60, 'a company of 5 to 7 years'),
        ('regular_growth', 0.10, 0.15, 'a young company')
    ) as published (indicator, norm_low, norm_high, norm_for)
)

select
    indicator,
    array_element(norm, 1) as norm_low,
    array_element(norm, 2) as norm_high,
    case
        when
            (array_element(norm, 1) is distinct from published_low)
            or (array_element(norm, 2) is distinct from published_high)
            then 'this company'
        else norm_for
    end as norm_for
from norms
