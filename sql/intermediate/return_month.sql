-- One row per month, whole months of silence before it, and segment and class at the last purchase,
-- with how many of the silent clients bought again in the month.
-- grain:  month, count_segment, abc, months_silent
-- reads:  client_class[-1], client_cuts[0]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: count_segment text not null -- new, prospective or regular, when they last bought
-- column: abc text not null -- ABC class by revenue when they last bought
-- column: months_silent bigint not null -- Whole months without a purchase at the end of the month
--     before, 0 when they bought in it; 36 stands for 36 and more
-- column: at_risk bigint not null -- Clients silent for so long
-- column: returned bigint not null -- Those of them with a purchase in the month
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with buyers as (
    select
        month,
        client_id
    from client_cuts
    where month between $first_month and $last_month
),

-- Where clients stand at the end of a month, the next one finds them.
clients_before as (
    select
        cast(month + interval '1 month' as date) as month,
        client_id,
        split_part(segment, '_', 1) as count_segment,
        abc,
        least(
            cast(
                date_part('year', month) * 12 + date_part('month', month)
                - date_part('year', last_purchase_month) * 12
                - date_part('month', last_purchase_month)
                as bigint
            ),
            36
        ) as months_silent
    from client_class
    where month >= cast($first_month as date) - interval '1 month' and month < $last_month
),

silences as (
    select
        clients_before.month,
        clients_before.count_segment,
        clients_before.abc,
        clients_before.months_silent,
        case when buyers.client_id is null then 0 else 1 end as is_return
    from clients_before
    left join buyers
        on clients_before.client_id = buyers.client_id
        and clients_before.month = buyers.month
)

select
    month,
    count_segment,
    abc,
    months_silent,
    count(*) as at_risk,
    cast(sum(is_return) as bigint) as returned,
    month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from silences
group by month, count_segment, abc, months_silent
