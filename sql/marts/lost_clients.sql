-- One row per month, months of silence and client lost in that month.
-- grain:  month, lost_after_months, client_id
-- reads:  client_rhythm[0-max(churn_lost_after_months)..0],
--     client_cuts[0-max(churn_lost_after_months)..0], client_contact_grounds[0],
--     client_revenue_12m[0-max(churn_lost_after_months)..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  loss_rhythm_intervals bigint
-- param:  warnings_overdue_purchases bigint
-- column: month date not null -- Month of the loss, written as its first day
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: client_id text not null -- Canonical client
-- column: first_purchase_date date not null -- First purchase day of the client's life
-- column: last_purchase_date date not null -- Last purchase day before the loss
-- column: manager text not null -- Manager of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending with the month of the last purchase
-- column: purchases bigint not null -- Lifetime purchase days
-- column: profit_12m_before decimal(28,4) -- Profit in the same 12 months; null when no cost is
--     known
-- column: first_category text not null -- Category of the first purchase
-- column: segment text not null -- Life-cycle segment in the month of the last purchase
-- column: abc text not null -- ABC class by revenue in the month of the last purchase
-- column: own_rhythm boolean not null -- Also silent for three times its own median interval, at
--     the end of the month, with three purchase days or more; like the next three a ground of its
--     own, which makes no loss here
-- column: low_nps boolean not null -- Its last nps answer of the last 12 months is 6 or less
-- column: open_conflict boolean not null -- A conflict is open
-- column: asked_without_buying boolean not null -- Three or more inquiries since the last purchase,
--     in the last 12 months
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with purchase_months as (
    select
        month,
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number,
        first_purchase_date,
        last_purchase_date,
        previous_purchase_date,
        purchases,
        median_interval_days
    from client_rhythm
    where
        month >= make_date(
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) / 12,
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) % 12 + 1,
            1
        )
        and month <= $last_month
),

-- Every month with a purchase, with the next one as far as it is known.
silences as (
    select
        purchase_months.month,
        purchase_months.client_id,
        purchase_months.month_number,
        purchase_months.first_purchase_date,
        purchase_months.last_purchase_date,
        purchase_months.purchases,
        purchase_months.median_interval_days,
        next_months.month_number as next_month_number,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from purchase_months
    left join purchase_months as next_months
        on purchase_months.client_id = next_months.client_id
        and purchase_months.last_purchase_date = next_months.previous_purchase_date
),

losses as (
    select
        make_date(
            cast((month_number + lost_after_months) / 12 as int),
            cast((month_number + lost_after_months) % 12 + 1 as int),
            1
        ) as month,
        month as last_purchase_month,
        client_id,
        lost_after_months,
        first_purchase_date,
        last_purchase_date,
        purchases,
        median_interval_days
    from silences
    where
        (next_month_number is null or next_month_number > month_number + lost_after_months)
        and month_number + lost_after_months between
            cast(date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                as bigint)
            and cast(date_part('year', $last_month) * 12 + date_part('month', $last_month) - 1
                as bigint)
),

revenues as (
    select
        month,
        client_id,
        revenue_12m,
        profit_12m
    from client_revenue_12m
    where
        month >= make_date(
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) / 12,
            (
                cast(
                    date_part('year', cast($first_month as date)) * 12
                    + date_part('month', cast($first_month as date)) as bigint
                ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
            ) % 12 + 1,
            1
        )
        and month <= $last_month
)

select
    losses.month,
    losses.lost_after_months,
    losses.client_id,
    losses.first_purchase_date,
    losses.last_purchase_date,
    client_cuts.manager,
    client_cuts.channel,
    client_cuts.region,
    client_cuts.department,
    client_cuts.branch,
    revenues.revenue_12m as revenue_12m_before,
    losses.purchases,
    revenues.profit_12m as profit_12m_before,
    client_cuts.first_category,
    client_cuts.segment,
    client_cuts.abc,
    coalesce(
        losses.purchases >= $warnings_overdue_purchases
        and cast(
            least(
                cast(losses.month + interval '1 month' - interval '1 day' as date),
                $as_of_date
            ) - losses.last_purchase_date as bigint
        ) >= losses.median_interval_days * $loss_rhythm_intervals,
        false
    ) as own_rhythm,
    coalesce(client_contact_grounds.low_nps, false) as low_nps,
    coalesce(client_contact_grounds.open_conflict, false) as open_conflict,
    coalesce(client_contact_grounds.asked_without_buying, false) as asked_without_buying,
    losses.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from losses
inner join client_cuts
    on losses.client_id = client_cuts.client_id
    and losses.last_purchase_month = client_cuts.month
    and client_cuts.month >= make_date(
        (
            cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date)) as bigint
            ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
        ) / 12,
        (
            cast(
                date_part('year', cast($first_month as date)) * 12
                + date_part('month', cast($first_month as date)) as bigint
            ) - 1 - array_max(cast($churn_lost_after_months as bigint[]))
        ) % 12 + 1,
        1
    )
    and client_cuts.month <= $last_month
left join client_contact_grounds
    on losses.client_id = client_contact_grounds.client_id
    and losses.month = client_contact_grounds.month
    and client_contact_grounds.month between $first_month and $last_month
left join revenues
    on losses.client_id = revenues.client_id
    and losses.last_purchase_month = revenues.month
