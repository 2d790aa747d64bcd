-- One row per month and client who is watched, because it bought not too long ago and is not lost:
-- what its purchases say beside its own pattern.
-- grain:  month, client_id
-- reads:  client_state[0], client_borders[..0], entity_month[-15..0],
--     client_product_month[-4..0] ordered, abc_xyz[-4..0]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  lifecycle_asleep_days bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client
-- column: manager text not null -- Manager of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: reference_month date not null -- Last finished month: the month itself, or the one before
--     when it is partial
-- column: last_purchase_date date not null -- Last purchase day
-- column: days_since_last_purchase bigint not null -- Days from there to the end of the month, or
--     to the as-of date in a partial month
-- column: purchases bigint not null -- Lifetime purchase days
-- column: median_interval_days double -- Median days between the client's purchase days; null with
--     fewer than two purchase days
-- column: revenue_12m decimal(28,4) not null -- Revenue net of returns in the 12 months ending with
--     reference_month
-- column: revenue_month decimal(28,4) not null -- Revenue of reference_month
-- column: revenue_month_1 decimal(28,4) not null -- Revenue one month before it
-- column: revenue_month_2 decimal(28,4) not null -- Revenue two months before it
-- column: revenue_3m_earlier decimal(28,4) not null -- Revenue of the three months that end three
--     months before it
-- column: revenue_earlier decimal(28,4) not null -- Revenue of the 12 months ending two months
--     before
-- column: months_earlier bigint not null -- Those of the 12 that are not before the first purchase
-- column: is_buyer boolean not null -- Bought in reference_month
-- column: dropped_product text -- Amount and product of the largest one that was bought in each of
--     the three months before reference_month, and neither in it nor since
-- column: revenue_3m_before decimal(28,4) not null -- Revenue of the three months before
-- column: returned_now decimal(28,4) not null -- Returns in the three months ending with
--     reference_month, as a positive amount
-- column: sold_now decimal(28,4) not null -- Sales in these months, without returns
-- column: returned_before decimal(28,4) not null -- Returns in the 12 months before these
-- column: sold_before decimal(28,4) not null -- Sales in those, without returns
-- column: cell text -- Cell in ABC-XYZ by revenue in reference_month; null when in none
-- column: cell_before text -- Cell three months before it
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with own_borders as (
    select client_id, asleep_days
    from client_borders
    where month <= $last_month
),

watched as (
    select
        client_state.month,
        cast(
            date_part('year', client_state.month) * 12 + date_part('month', client_state.month) - 1
            as bigint
        ) as month_number,
        cast(
            date_part('year', client_state.first_purchase_month) * 12
            + date_part('month', client_state.first_purchase_month) - 1
            as bigint
        ) as first_month_number,
        client_state.client_id,
        client_state.manager,
        client_state.department,
        client_state.branch,
        client_state.region,
        client_state.channel,
        client_state.last_purchase_date,
        client_state.purchases,
        client_state.median_interval_days,
        cast(
            least(
                cast(client_state.month + interval '1 month' - interval '1 day' as date),
                $as_of_date
            ) - client_state.last_purchase_date as bigint
        ) as days_since_last_purchase,
        client_state.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
    from own_borders
    right join client_state
        on own_borders.client_id = client_state.client_id
    where
        client_state.month between $first_month and $last_month
        and client_state.months_since_last_purchase
        < array_min(cast($churn_lost_after_months as bigint[]))
        and least(
            cast(client_state.month + interval '1 month' - interval '1 day' as date), $as_of_date
        ) - client_state.last_purchase_date
        <= coalesce(own_borders.asleep_days, $lifecycle_asleep_days)
),

client_months as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        revenue,
        return_revenue
    from entity_month
    where
        month >= cast($first_month as date) - interval '15 months'
        and month <= $last_month
        and dimension = 'client'
),

-- A month's money belongs to the windows of its own and the 15 months that follow.
money_windows as (
    select
        client_id,
        line_month_number,
        revenue,
        return_revenue,
        unnest(
            range(
                greatest(
                    line_month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    line_month_number + 16,
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from client_months
),

-- A month that is not over cannot be compared with others: the reference is the last one that is,
-- the month before that of the day after the as-of date. Its age is 0. The lines of a partial month
-- have the age -1 and count nowhere.
money_ages as (
    select
        client_id,
        month_number,
        least(
            month_number,
            cast(
                date_part('year', cast($as_of_date as date) + interval '1 day') * 12
                + date_part('month', cast($as_of_date as date) + interval '1 day') - 2 as bigint
            )
        ) - line_month_number as age,
        revenue,
        return_revenue
    from money_windows
),

money as (
    select
        client_id,
        month_number,
        sum(case when age = 0 then revenue else 0 end) as revenue_0,
        sum(case when age = 1 then revenue else 0 end) as revenue_1,
        sum(case when age = 2 then revenue else 0 end) as revenue_2,
        sum(case when age between 3 and 5 then revenue else 0 end) as revenue_3m_earlier,
        sum(case when age between 2 and 13 then revenue else 0 end) as revenue_earlier,
        sum(case when age between 0 and 11 then revenue else 0 end) as revenue_12m,
        sum(case when age between 0 and 2 then -return_revenue else 0 end) as returned_now,
        sum(case when age between 0 and 2 then revenue - return_revenue else 0 end) as sold_now,
        sum(case when age between 3 and 14 then -return_revenue else 0 end) as returned_before,
        sum(case when age between 3 and 14 then revenue - return_revenue else 0 end)
            as sold_before
    from money_ages
    group by client_id, month_number
),

product_months as (
    select
        client_id,
        product_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as line_month_number,
        revenue,
        is_bought
    from client_product_month
    where
        month >= cast($first_month as date) - interval '4 months'
        and month <= $last_month
),

product_windows as (
    select
        client_id,
        product_id,
        line_month_number,
        revenue,
        is_bought,
        unnest(
            range(
                greatest(
                    line_month_number,
                    cast(
                        date_part('year', $first_month) * 12 + date_part('month', $first_month) - 1
                        as bigint
                    )
                ),
                least(
                    line_month_number + 5,
                    cast(
                        date_part('year', $last_month) * 12 + date_part('month', $last_month)
                        as bigint
                    )
                )
            )
        ) as month_number
    from product_months
),

product_ages as (
    select
        client_id,
        product_id,
        month_number,
        least(
            month_number,
            cast(
                date_part('year', cast($as_of_date as date) + interval '1 day') * 12
                + date_part('month', cast($as_of_date as date) + interval '1 day') - 2 as bigint
            )
        ) - line_month_number as age,
        revenue,
        is_bought
    from product_windows
),

products as (
    select
        client_id,
        month_number,
        product_id,
        sum(case when is_bought and age between 1 and 3 then 1 else 0 end) as months_before,
        -- In a partial month the product may have come already: then it is not dropped.
        bool_or(is_bought and age <= 0) as is_bought,
        bool_or(is_bought and age = 0) as is_bought_reference,
        sum(case when age between 1 and 3 then revenue else 0 end) as revenue_before
    from product_ages
    group by client_id, month_number, product_id
),

-- The largest amount with its product, of those bought in each of three months and no more: the
-- text has one width before the product, so its maximum leaves no tie.
main_products as (
    select
        client_id,
        month_number,
        bool_or(is_bought_reference) as is_buyer,
        sum(revenue_before) as revenue_before,
        max(
            case
                when months_before = 3 and not is_bought and revenue_before > 0
                    then concat(
                        cast(
                            cast(revenue_before + 1000000000000000000 as decimal(28, 4)) as text
                        ),
                        product_id
                    )
            end
        ) as dropped_product
    from products
    group by client_id, month_number
),

cells as (
    select
        entity_id as client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as cell_month_number,
        cell
    from abc_xyz
    where
        month >= cast($first_month as date) - interval '4 months'
        and month <= $last_month
        and dimension = 'client'
        and measure = 'revenue'
),

reference_months as (
    select
        month,
        month_number,
        least(
            month_number,
            cast(
                date_part('year', cast($as_of_date as date) + interval '1 day') * 12
                + date_part('month', cast($as_of_date as date) + interval '1 day') - 2 as bigint
            )
        ) as reference_number,
        first_month_number,
        client_id,
        manager,
        department,
        branch,
        region,
        channel,
        last_purchase_date,
        purchases,
        median_interval_days,
        days_since_last_purchase,
        is_partial
    from watched
)

select
    reference_months.month,
    reference_months.client_id,
    reference_months.manager,
    reference_months.department,
    reference_months.branch,
    reference_months.region,
    reference_months.channel,
    make_date(
        cast(reference_months.reference_number / 12 as int),
        cast(reference_months.reference_number % 12 + 1 as int),
        1
    ) as reference_month,
    reference_months.last_purchase_date,
    reference_months.days_since_last_purchase,
    reference_months.purchases,
    reference_months.median_interval_days,
    cast(coalesce(money.revenue_12m, 0) as decimal(28, 4)) as revenue_12m,
    cast(coalesce(money.revenue_0, 0) as decimal(28, 4)) as revenue_month,
    cast(coalesce(money.revenue_1, 0) as decimal(28, 4)) as revenue_month_1,
    cast(coalesce(money.revenue_2, 0) as decimal(28, 4)) as revenue_month_2,
    cast(coalesce(money.revenue_3m_earlier, 0) as decimal(28, 4)) as revenue_3m_earlier,
    cast(coalesce(money.revenue_earlier, 0) as decimal(28, 4)) as revenue_earlier,
    greatest(
        least(reference_months.reference_number - 1 - reference_months.first_month_number, 12), 0
    ) as months_earlier,
    coalesce(main_products.is_buyer, false) as is_buyer,
    main_products.dropped_product,
    cast(coalesce(main_products.revenue_before, 0) as decimal(28, 4)) as revenue_3m_before,
    cast(coalesce(money.returned_now, 0) as decimal(28, 4)) as returned_now,
    cast(coalesce(money.sold_now, 0) as decimal(28, 4)) as sold_now,
    cast(coalesce(money.returned_before, 0) as decimal(28, 4)) as returned_before,
    cast(coalesce(money.sold_before, 0) as decimal(28, 4)) as sold_before,
    cells.cell,
    cells_before.cell as cell_before,
    reference_months.is_partial
from reference_months
left join money
    on reference_months.client_id = money.client_id
    and reference_months.month_number = money.month_number
left join main_products
    on reference_months.client_id = main_products.client_id
    and reference_months.month_number = main_products.month_number
left join cells
    on reference_months.client_id = cells.client_id
    and reference_months.reference_number = cells.cell_month_number
left join cells as cells_before
    on reference_months.client_id = cells_before.client_id
    and reference_months.reference_number = cells_before.cell_month_number + 3
