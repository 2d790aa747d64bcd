-- One row per client who has ever bought and month from its first purchase on: recency, frequency
-- and money, their scores by fifths of the base and by fixed borders, and the segment they make.
-- grain:  month, client_id
-- reads:  client_lifecycle[0], client_totals[0], rfm_borders[all], rfm_score_segments[all]
-- param:  rfm_method text
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: last_purchase_date date not null -- Last purchase day up to the end of the month
-- column: days_since_last_purchase bigint not null -- Recency: days from the last purchase to the
--     end of the month, or to the as-of date in a partial month
-- column: purchases bigint not null -- Frequency: lifetime purchase days
-- column: documents bigint not null -- Lifetime documents
-- column: revenue decimal(28,4) not null -- Money: lifetime revenue net of returns
-- column: r_quantile bigint not null -- Score of recency by fifths: one more for every fifth of the
--     base that has been silent longer
-- column: f_quantile bigint not null -- Score of frequency by fifths: one more for every fifth of
--     the base with fewer purchases
-- column: m_quantile bigint not null -- Score of money by fifths: one more for every fifth of the
--     base with less revenue
-- column: r_fixed bigint not null -- Score of recency by the borders of rfm_borders
-- column: f_fixed bigint not null -- Score of frequency by the borders of rfm_borders
-- column: m_fixed bigint not null -- Score of money by the borders of rfm_borders
-- column: method text not null -- Scores that form the segment: quantile or fixed
-- column: score text not null -- The three scores of the method, recency first, for example 543
-- column: segment text not null -- Segment of these scores, by rfm_segment_names
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with settings as (
    select cast($rfm_method as text) as method
),

borders as (
    select
        settings.method,
        max(case when rfm_borders.score = 5 then rfm_borders.most_days end) as days_5,
        max(case when rfm_borders.score = 4 then rfm_borders.most_days end) as days_4,
        max(case when rfm_borders.score = 3 then rfm_borders.most_days end) as days_3,
        max(case when rfm_borders.score = 2 then rfm_borders.most_days end) as days_2,
        max(case when rfm_borders.score = 5 then rfm_borders.least_purchases end) as purchases_5,
        max(case when rfm_borders.score = 4 then rfm_borders.least_purchases end) as purchases_4,
        max(case when rfm_borders.score = 3 then rfm_borders.least_purchases end) as purchases_3,
        max(case when rfm_borders.score = 2 then rfm_borders.least_purchases end) as purchases_2,
        max(case when rfm_borders.score = 5 then rfm_borders.least_revenue end) as revenue_5,
        max(case when rfm_borders.score = 4 then rfm_borders.least_revenue end) as revenue_4,
        max(case when rfm_borders.score = 3 then rfm_borders.least_revenue end) as revenue_3,
        max(case when rfm_borders.score = 2 then rfm_borders.least_revenue end) as revenue_2
    from settings
    cross join rfm_borders
    group by settings.method
),

clients as (
    select
        client_lifecycle.month,
        client_lifecycle.client_id,
        client_lifecycle.last_purchase_date,
        client_lifecycle.days_since_last_purchase,
        client_lifecycle.purchases,
        client_lifecycle.documents,
        client_totals.revenue,
        client_lifecycle.is_partial
    from client_lifecycle
    inner join client_totals
        on client_lifecycle.month = client_totals.month
        and client_lifecycle.client_id = client_totals.client_id
        and client_totals.month between $first_month and $last_month
    where client_lifecycle.month between $first_month and $last_month
),

-- A rank less one is the number of clients who are strictly worse, so equal clients are equal.
ranked as (
    select
        month,
        client_id,
        last_purchase_date,
        days_since_last_purchase,
        purchases,
        documents,
        revenue,
        is_partial,
        cast(rank() over (partition by month order by days_since_last_purchase desc) as bigint) - 1
            as worse_r,
        cast(rank() over (partition by month order by purchases) as bigint) - 1 as worse_f,
        cast(rank() over (partition by month order by revenue) as bigint) - 1 as worse_m,
        count(*) over (partition by month) as clients
    from clients
),

scored as (
    select
        ranked.month,
        ranked.client_id,
        ranked.last_purchase_date,
        ranked.days_since_last_purchase,
        ranked.purchases,
        ranked.documents,
        ranked.revenue,
        ranked.is_partial,
        borders.method,
        1 + 5 * ranked.worse_r / ranked.clients as r_quantile,
        1 + 5 * ranked.worse_f / ranked.clients as f_quantile,
        1 + 5 * ranked.worse_m / ranked.clients as m_quantile,
        case
            when ranked.days_since_last_purchase <= borders.days_5 then 5
            when ranked.days_since_last_purchase <= borders.days_4 then 4
            when ranked.days_since_last_purchase <= borders.days_3 then 3
            when ranked.days_since_last_purchase <= borders.days_2 then 2
            else 1
        end as r_fixed,
        case
            when ranked.purchases >= borders.purchases_5 then 5
            when ranked.purchases >= borders.purchases_4 then 4
            when ranked.purchases >= borders.purchases_3 then 3
            when ranked.purchases >= borders.purchases_2 then 2
            else 1
        end as f_fixed,
        case
            when ranked.revenue >= borders.revenue_5 then 5
            when ranked.revenue >= borders.revenue_4 then 4
            when ranked.revenue >= borders.revenue_3 then 3
            when ranked.revenue >= borders.revenue_2 then 2
            else 1
        end as m_fixed
    from borders
    cross join ranked
),

chosen as (
    select
        month,
        client_id,
        last_purchase_date,
        days_since_last_purchase,
        purchases,
        documents,
        revenue,
        r_quantile,
        f_quantile,
        m_quantile,
        r_fixed,
        f_fixed,
        m_fixed,
        method,
        case when method = 'fixed' then r_fixed else r_quantile end as r,
        case when method = 'fixed' then f_fixed else f_quantile end as f,
        case when method = 'fixed' then m_fixed else m_quantile end as m,
        is_partial
    from scored
)

select
    chosen.month,
    chosen.client_id,
    chosen.last_purchase_date,
    chosen.days_since_last_purchase,
    chosen.purchases,
    chosen.documents,
    chosen.revenue,
    chosen.r_quantile,
    chosen.f_quantile,
    chosen.m_quantile,
    chosen.r_fixed,
    chosen.f_fixed,
    chosen.m_fixed,
    chosen.method,
    concat(cast(chosen.r as text), cast(chosen.f as text), cast(chosen.m as text)) as score,
    rfm_score_segments.segment,
    chosen.is_partial
from chosen
inner join rfm_score_segments
    on chosen.r = rfm_score_segments.r
    and chosen.f = rfm_score_segments.f
    and chosen.m = rfm_score_segments.m
