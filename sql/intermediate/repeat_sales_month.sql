-- One row per month: clients who bought, by whether they are new in the month and in its calendar
-- year, and what first and later purchases brought. Every number adds up over the months of a year.
-- grain:  month
-- reads:  client_state[0], sales_by_client[0], sales[0], canonical_client[all]
-- column: month date not null -- Calendar month, written as its first day
-- column: buyers bigint not null -- Clients with a purchase in the month
-- column: new bigint not null -- Those of them with their first purchase in the month
-- column: first_in_year bigint not null -- Those of them who had not bought before in the calendar
--     year: over the months of a year every buyer counts once
-- column: new_again bigint not null -- Those of them whose second purchase day lies in the month,
--     and the first in the same calendar year
-- column: purchases bigint not null -- Their purchase days in the month
-- column: revenue decimal(28,4) not null -- Revenue of the lines that are no returns
-- column: first_revenue decimal(28,4) not null -- Part of it from documents of a client's first
--     purchase day
-- column: new_revenue decimal(28,4) not null -- Part of it from clients whose first purchase lies
--     in the same calendar year
with months as (
    select
        unnest(
            generate_series(
                cast($first_month as date), cast($last_month as date), interval '1 month'
            )
        ) as month
),

buyers as (
    select
        month,
        client_id,
        first_purchase_date,
        first_purchase_month,
        previous_purchase_month,
        purchases,
        previous_purchases
    from client_state
    where month between $first_month and $last_month and months_since_last_purchase = 0
),

clients as (
    select
        month,
        count(*) as buyers,
        sum(case when first_purchase_month = month then 1 else 0 end) as new,
        sum(
            case
                when
                    previous_purchase_month is null
                    or previous_purchase_month < date_trunc('year', month)
                    then 1
                else 0
            end
        ) as first_in_year,
        sum(
            case
                when
                    first_purchase_month >= date_trunc('year', month)
                    and previous_purchases <= 1
                    and purchases >= 2
                    then 1
                else 0
            end
        ) as new_again,
        sum(purchases - previous_purchases) as purchases
    from buyers
    group by month
),

money as (
    select
        sales_by_client.month,
        sum(sales_by_client.revenue - sales_by_client.return_revenue) as revenue,
        sum(
            case
                when buyers.first_purchase_month >= date_trunc('year', buyers.month)
                    then sales_by_client.revenue - sales_by_client.return_revenue
                else 0
            end
        ) as new_revenue
    from sales_by_client
    left join buyers
        on sales_by_client.month = buyers.month
        and sales_by_client.client_id = buyers.client_id
    where sales_by_client.month between $first_month and $last_month
    group by sales_by_client.month
),

first_days as (
    select
        month,
        client_id,
        first_purchase_date
    from buyers
    where first_purchase_month = month
),

first_money as (
    select
        sales.month,
        sum(sales.revenue) as first_revenue
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    inner join first_days
        on coalesce(canonical_client.canonical_client_id, sales.client_id)
        = first_days.client_id
        and sales.sale_date = first_days.first_purchase_date
    where sales.month between $first_month and $last_month and sales.kind <> 'return'
    group by sales.month
)

select
    months.month,
    coalesce(clients.buyers, 0) as buyers,
    coalesce(clients.new, 0) as new,
    coalesce(clients.first_in_year, 0) as first_in_year,
    coalesce(clients.new_again, 0) as new_again,
    coalesce(clients.purchases, 0) as purchases,
    cast(coalesce(money.revenue, 0) as decimal(28, 4)) as revenue,
    cast(coalesce(first_money.first_revenue, 0) as decimal(28, 4)) as first_revenue,
    cast(coalesce(money.new_revenue, 0) as decimal(28, 4)) as new_revenue
from months
left join clients
    on months.month = clients.month
left join money
    on months.month = money.month
left join first_money
    on months.month = first_money.month
