-- Every estimate of which the period has ended has its share, with its amount, and own purchases of
-- all products are those of entity_month.
-- audits: wallet_share
-- reads:  wallet_share[0], purchase_potential[-11..0], entity_month[-11..0]
with potentials as (
    select
        cast(
            date_part('year', month) * 12 + date_part('month', month) - 1 + period_months - 1
            as bigint
        ) as end_number,
        amount
    from purchase_potential
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
),

expected as (
    select
        make_date(cast(end_number / 12 as int), cast(end_number % 12 + 1 as int), 1) as month,
        amount
    from potentials
),

amounts as (
    select month, sum(amount) as expected_estimated, 0 as estimated
    from expected
    where month between $first_month and $last_month
    group by month
    union all
    select month, 0 as expected_estimated, sum(estimated) as estimated
    from wallet_share
    where month between $first_month and $last_month
    group by month
),

whole as (
    select month, period_start, period_months, client_id, own_revenue
    from wallet_share
    where month between $first_month and $last_month and category = '(all)'
),

own as (
    select
        whole.month,
        whole.client_id,
        whole.period_months,
        whole.own_revenue,
        coalesce(sum(entity_month.revenue), 0) as expected_own_revenue
    from whole
    left join entity_month
        on whole.client_id = entity_month.entity_id
        and entity_month.dimension = 'client'
        and entity_month.month between whole.period_start and whole.month
        and entity_month.month >= cast($first_month as date) - interval '11 months'
        and entity_month.month <= $last_month
    group by whole.month, whole.client_id, whole.period_months, whole.own_revenue
)

select
    month,
    'estimates of the month' as what,
    sum(expected_estimated) as expected,
    sum(estimated) as actual
from amounts
group by month
having sum(expected_estimated) <> sum(estimated)
union all
select
    month,
    concat('own purchases of ', client_id) as what,
    expected_own_revenue as expected,
    own_revenue as actual
from own
where expected_own_revenue <> own_revenue
