-- Buyers, purchases and revenue before returns are those of the clients in entity_month, and new
-- clients are among those who buy for the first time in the year.
-- audits: repeat_sales_month
-- reads:  repeat_sales_month[0], entity_month[0]
with clients as (
    select
        month,
        sum(case when purchases > 0 then 1 else 0 end) as buyers,
        sum(purchases) as purchases,
        sum(revenue - return_revenue) as revenue
    from entity_month
    where month between $first_month and $last_month and dimension = 'client'
    group by month
)

select
    repeat_sales_month.month,
    coalesce(clients.buyers, 0) as expected_buyers,
    repeat_sales_month.buyers,
    coalesce(clients.purchases, 0) as expected_purchases,
    repeat_sales_month.purchases,
    coalesce(clients.revenue, 0) as expected_revenue,
    repeat_sales_month.revenue,
    repeat_sales_month.new,
    repeat_sales_month.first_in_year
from repeat_sales_month
left join clients
    on repeat_sales_month.month = clients.month
where
    repeat_sales_month.month between $first_month and $last_month
    and (
        repeat_sales_month.buyers <> coalesce(clients.buyers, 0)
        or repeat_sales_month.purchases <> coalesce(clients.purchases, 0)
        or repeat_sales_month.revenue <> coalesce(clients.revenue, 0)
        or repeat_sales_month.new > repeat_sales_month.first_in_year
        or repeat_sales_month.first_in_year > repeat_sales_month.buyers
        or repeat_sales_month.first_revenue > repeat_sales_month.new_revenue
    )
