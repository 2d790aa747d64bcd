-- Clients whose season is the month that comes next: they bought in that calendar month last year
-- and the year before, and in at most six of the 24 months that end with this one.
-- reads:  purchase_month[-23..0]
with purchase_months as (
    select
        client_id,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number
    from purchase_month
    where
        month >= cast($first_month as date) - interval '23 months'
        and month <= $last_month
),

-- The season of next month lies 11 months back, the one before it 23.
seasonal as (
    select
        last_season.client_id,
        last_season.month_number + 11 as month_number
    from purchase_months as last_season
    inner join purchase_months as season_before
        on last_season.client_id = season_before.client_id
        and last_season.month_number = season_before.month_number + 12
),

-- Few clients are left, so their purchase months are counted one by one.
rare as (
    select
        seasonal.client_id,
        seasonal.month_number
    from seasonal
    inner join purchase_months
        on seasonal.client_id = purchase_months.client_id
        and purchase_months.month_number between seasonal.month_number - 23
        and seasonal.month_number
    group by seasonal.client_id, seasonal.month_number
    having count(*) <= 6
)

select
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
    client_id
from rare
where
    make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1)
    between $first_month and $last_month
