-- One row per month, whole months of silence before it, and segment and class at the last purchase,
-- with how many of the silent clients bought again in the month.
-- grain:  month, count_segment, abc, months_silent
-- reads:  client_state[0], client_class[0]
-- param:  as_of_date date
-- column: month date not null -- Calendar month, written as its first day
-- column: count_segment text not null -- new, prospective or regular, when they last bought
-- column: abc text not null -- ABC class by revenue when they last bought
-- column: months_silent bigint not null -- Whole months without a purchase at the end of the month
--     before, 0 when they bought in it; 36 stands for 36 and more
-- column: at_risk bigint not null -- Clients silent for so long
-- column: returned bigint not null -- Those of them with a purchase in the month
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with silences as (
    select
        client_state.month,
        split_part(client_class.previous_segment, '_', 1) as count_segment,
        client_class.previous_abc as abc,
        least(client_state.months_since_previous_purchase - 1, 36) as months_silent,
        case when client_state.months_since_last_purchase = 0 then 1 else 0 end as is_return
    from client_state
    inner join client_class
        on client_state.client_id = client_class.client_id
        and client_state.month = client_class.month
        and client_class.month between $first_month and $last_month
    where
        client_state.month between $first_month and $last_month
        and client_state.previous_purchase_month is not null
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
