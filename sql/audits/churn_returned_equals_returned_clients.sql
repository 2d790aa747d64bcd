-- The clients counted as returned in every cut are those listed in returned_clients.
-- audits: churn_month
-- reads:  churn_month[0], returned_clients[0]
with listed as (
    select
        month,
        lost_after_months,
        cut,
        case
            when cut = 'channel' then channel
            when cut = 'region' then region
            when cut = 'department' then department
            when cut = 'branch' then branch
            when cut = 'manager' then manager
            when cut = 'first_category' then first_category
            when cut = 'segment' then segment
            when cut = 'abc' then abc
            else 'all'
        end as cut_value
    from (
        values
            ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager'),
            ('first_category'), ('segment'), ('abc')
    ) as cuts (cut)
    cross join returned_clients
    where returned_clients.month between $first_month and $last_month
),

counted as (
    select month, lost_after_months, cut, cut_value, 1 as listed_clients, 0 as returned
    from listed
    union all
    select month, lost_after_months, cut, cut_value, 0 as listed_clients, returned
    from churn_month
    where month between $first_month and $last_month
)

select
    month,
    lost_after_months,
    cut,
    cut_value,
    sum(listed_clients) as expected_returned,
    sum(returned) as returned
from counted
group by month, lost_after_months, cut, cut_value
having sum(listed_clients) <> sum(returned)
