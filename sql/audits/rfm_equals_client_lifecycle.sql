-- RFM speaks of the clients of the life cycle and their purchases, with scores from 1 to 5; the
-- longest silent, the rarest and the smallest have score 1.
-- audits: rfm
-- reads:  rfm[0], client_lifecycle[0]
with lifecycle as (
    select month, client_id, days_since_last_purchase, purchases, documents
    from client_lifecycle
    where month between $first_month and $last_month
),

scores as (
    select
        month,
        client_id,
        days_since_last_purchase,
        purchases,
        documents,
        r_quantile,
        f_quantile,
        m_quantile,
        r_fixed,
        f_fixed,
        m_fixed,
        max(days_since_last_purchase) over (partition by month) as longest_silence,
        min(purchases) over (partition by month) as fewest_purchases
    from rfm
    where month between $first_month and $last_month
)

select
    coalesce(lifecycle.month, scores.month) as month,
    coalesce(lifecycle.client_id, scores.client_id) as client_id,
    lifecycle.days_since_last_purchase as expected_days,
    scores.days_since_last_purchase,
    lifecycle.purchases as expected_purchases,
    scores.purchases,
    scores.r_quantile,
    scores.f_quantile,
    scores.m_quantile
from lifecycle
full join scores
    on lifecycle.month = scores.month
    and lifecycle.client_id = scores.client_id
where
    lifecycle.client_id is null
    or scores.client_id is null
    or lifecycle.days_since_last_purchase <> scores.days_since_last_purchase
    or lifecycle.purchases <> scores.purchases
    or lifecycle.documents <> scores.documents
    or scores.r_quantile not between 1 and 5
    or scores.f_quantile not between 1 and 5
    or scores.m_quantile not between 1 and 5
    or scores.r_fixed not between 1 and 5
    or scores.f_fixed not between 1 and 5
    or scores.m_fixed not between 1 and 5
    or (scores.days_since_last_purchase = scores.longest_silence and scores.r_quantile <> 1)
    or (scores.purchases = scores.fewest_purchases and scores.f_quantile <> 1)
