-- One row per month and reason: of the clients warned in the month, how many were lost within three
-- months, beside all who were watched; and of those lost in the month, how many had been warned,
-- and how early.
-- grain:  warned_month, reason
-- reads:  warning_outcomes[all]
-- param:  churn_lost_after_months bigint[]
-- column: warned_month date not null -- Calendar month, written as its first day
-- column: reason text not null -- any, overdue, falling, product_dropped, returns_rising or
--     slipping
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss:
--     the smallest of those in churn
-- column: watched bigint -- Clients who were not lost, and not asleep, at the end of the month;
--     null, like the twelve below, until the third month after it
-- column: watched_lost bigint -- Those of them lost within three months
-- column: repeat_watched bigint -- Those of the watched with at least three purchases: one purchase
--     is often the last, and nobody can warn of that
-- column: repeat_watched_lost bigint -- Those of these lost within three months
-- column: base_rate double -- repeat_watched_lost divided by repeat_watched: what a warning must
--     beat
-- column: warned bigint -- Clients warned in the month, for the reason
-- column: warned_lost bigint -- Those of them lost within three months
-- column: hit_rate double -- warned_lost divided by warned
-- column: lift double -- hit_rate divided by base_rate
-- column: warned_value decimal(28,4) -- Value at risk of the warned
-- column: warned_lost_value decimal(28,4) -- Value at risk of those of them lost within three
--     months
-- column: value_hit_rate double -- warned_lost_value divided by warned_value
-- column: is_outcome_partial boolean -- The three months are not over at the as-of date
-- column: lost bigint not null -- Clients lost in the month
-- column: repeat_lost bigint not null -- Those of them with at least three purchases
-- column: lost_warned bigint not null -- Those of the lost warned in one of the three months before
-- column: lost_warned_early bigint not null -- Those warned already in the month of their last
--     purchase, or before
-- column: caught_rate double -- lost_warned divided by lost
-- column: lead_months double -- Mean over lost_warned of the months from the first of their
--     warnings in a row to the loss, at most 12 each
-- column: is_partial boolean not null -- The month is not finished at the as-of date
select
    now.month as warned_month,
    now.reason,
    array_min(cast($churn_lost_after_months as bigint[])) as lost_after_months,
    after.watched,
    after.watched_lost,
    after.repeat_watched,
    after.repeat_watched_lost,
    cast(after.repeat_watched_lost as double) / nullif(after.repeat_watched, 0) as base_rate,
    after.warned,
    after.warned_lost,
    cast(after.warned_lost as double) / nullif(after.warned, 0) as hit_rate,
    cast(after.warned_lost as double) * after.repeat_watched
    / nullif(cast(after.warned as double) * after.repeat_watched_lost, 0) as lift,
    after.warned_value,
    after.warned_lost_value,
    cast(after.warned_lost_value as double) / cast(nullif(after.warned_value, 0) as double)
        as value_hit_rate,
    after.is_partial as is_outcome_partial,
    now.lost,
    now.repeat_lost,
    now.lost_warned,
    now.lost_warned_early,
    cast(now.lost_warned as double) / nullif(now.lost, 0) as caught_rate,
    cast(now.lead_months as double) / nullif(now.lost_warned, 0) as lead_months,
    now.is_partial
from warning_outcomes as now
left join warning_outcomes as after
    on now.month + interval '3 months' = after.month
    and now.reason = after.reason
