-- Clients of ABC class A by revenue who bought nothing of one category in the 12 months ending with
-- the month.
-- reads:  abc_xyz[0], sales[-11..0], canonical_client[all]
with category_months as (
    -- The category stands here; write the one that you mean.
    select
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.month
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where
        sales.month >= cast($first_month as date) - interval '11 months'
        and sales.month <= $last_month
        and sales.category = 'Чай и кофе'
        and sales.is_purchase
    group by coalesce(canonical_client.canonical_client_id, sales.client_id), sales.month
),

numbered as (
    select
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number
    from category_months
),

-- A purchase counts in its own month and in the eleven that follow.
told as (
    select
        client_id,
        unnest(range(month_number, month_number + 12)) as month_number
    from numbered
),

category_clients as (
    select
        client_id,
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month
    from told
    group by client_id, month_number
)

select
    abc_xyz.month,
    abc_xyz.entity_id as client_id
from abc_xyz
left anti join category_clients
    on abc_xyz.entity_id = category_clients.client_id
    and abc_xyz.month = category_clients.month
where
    abc_xyz.month between $first_month and $last_month
    and abc_xyz.dimension = 'client'
    and abc_xyz.measure = 'revenue'
    and abc_xyz.abc = 'A'
