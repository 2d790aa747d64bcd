-- One row per month and indicator of repeat sales, all seven every month: its value, its norm, and
-- whether it is met.
-- grain:  month, indicator
-- reads:  lifecycle_matrix[-12..0], repeat_sales_month[-11..0], indicator_norms[all]
-- param:  as_of_date date
-- param:  history_first_month date
-- column: month date not null -- Calendar month, written as its first day
-- column: indicator text not null -- one_off_share, prospective_share, regular_share, active_share,
--     regular_active_share, repeat_revenue_share or regular_growth
-- column: numerator decimal(28,4) -- What is divided: clients or revenue; null when not known
-- column: denominator decimal(28,4) -- By what it is divided
-- column: value double -- Numerator divided by denominator; null when that is zero or not known
-- column: norm_low decimal(5,4) -- The norm is met from this value; null without a norm
-- column: norm_high decimal(5,4) -- Upper end of what is usual
-- column: norm_for text -- Companies of which the norm is said
-- column: is_met boolean -- The value reaches norm_low; null without a norm or a value
-- column: is_full_window boolean not null -- The history holds all months that the value speaks of
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with stocks as (
    select
        month,
        sum(clients) as clients,
        sum(case when count_segment = 'new' then clients else 0 end) as one_off,
        sum(case when count_segment = 'prospective' then clients else 0 end) as prospective,
        sum(case when count_segment = 'regular' then clients else 0 end) as regular,
        sum(case when recency_segment = 'active' then clients else 0 end) as active,
        sum(
            case
                when count_segment = 'regular' and recency_segment = 'active' then clients
                else 0
            end
        ) as regular_active
    from lifecycle_matrix
    where
        month >= cast($first_month as date) - interval '12 months'
        and month <= $last_month
    group by month
),

-- A month's revenue belongs to its own window and the eleven that follow.
windows as (
    select
        unnest(
            generate_series(
                greatest(month, cast($first_month as date)),
                least(cast(month + interval '11 months' as date), cast($last_month as date)),
                interval '1 month'
            )
        ) as month,
        revenue,
        first_revenue
    from repeat_sales_month
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
),

money as (
    select
        month,
        sum(revenue) as revenue,
        sum(revenue - first_revenue) as repeat_revenue
    from windows
    group by month
),

indicators as (
    select
        stocks.month,
        names.indicator,
        case
            when names.indicator = 'one_off_share' then stocks.one_off
            when names.indicator = 'prospective_share' then stocks.prospective
            when names.indicator = 'regular_share' then stocks.regular
            when names.indicator = 'active_share' then stocks.active
            when names.indicator = 'regular_active_share' then stocks.regular_active
            when names.indicator = 'repeat_revenue_share' then money.repeat_revenue
            else stocks.regular - year_ago.regular
        end as numerator,
        case
            when names.indicator = 'repeat_revenue_share' then money.revenue
            when names.indicator = 'regular_growth' then year_ago.regular
            else stocks.clients
        end as denominator
    from (
        values
        ('one_off_share'),
        ('prospective_share'),
        ('regular_share'),
        ('active_share'),
        ('regular_active_share'),
        ('repeat_revenue_share'),
        ('regular_growth')
    ) as names (indicator)
    cross join stocks
    left join money
        on stocks.month = money.month
    left join stocks as year_ago
        on stocks.month = cast(year_ago.month + interval '12 months' as date)
    where stocks.month between $first_month and $last_month
)

select
    indicators.month,
    indicators.indicator,
    cast(indicators.numerator as decimal(28, 4)) as numerator,
    cast(indicators.denominator as decimal(28, 4)) as denominator,
    cast(indicators.numerator as double) / nullif(cast(indicators.denominator as double), 0)
        as value,
    indicator_norms.norm_low,
    indicator_norms.norm_high,
    indicator_norms.norm_for,
    case
        when indicators.denominator > 0
            then indicators.numerator >= indicator_norms.norm_low * indicators.denominator
    end as is_met,
    case
        when indicators.indicator = 'repeat_revenue_share'
            then indicators.month >= cast($history_first_month as date) + interval '11 months'
        when indicators.indicator = 'regular_growth'
            then indicators.month >= cast($history_first_month as date) + interval '12 months'
        else true
    end as is_full_window,
    indicators.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from indicators
left join indicator_norms
    on indicators.indicator = indicator_norms.indicator
