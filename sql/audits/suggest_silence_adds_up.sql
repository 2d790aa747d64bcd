-- The halves of the history make up the whole, the numbers of purchases make up all, and a
-- probability lies between 0 and 1.
-- audits: suggest_silence
-- reads:  suggest_silence[all]
with sums as (
    select
        client_type,
        horizon_days,
        days_silent,
        sum(case when part = 'all' and purchases = 0 then silences else 0 end) as silences,
        sum(case when part <> 'all' and purchases = 0 then silences else 0 end) as of_halves,
        sum(case when part = 'all' and purchases > 0 then silences else 0 end) as of_purchases,
        sum(case when part = 'all' and purchases = 0 then bought else 0 end) as bought,
        sum(case when part <> 'all' and purchases = 0 then bought else 0 end) as bought_of_halves,
        sum(case when part = 'all' and purchases > 0 then bought else 0 end)
            as bought_of_purchases,
        sum(
            case
                when
                    probability < 0 or probability > 1 or bought + unfinished > silences
                    then 1
                else 0
            end
        ) as wrong_rows
    from suggest_silence
    group by client_type, horizon_days, days_silent
)

select
    client_type,
    horizon_days,
    days_silent,
    silences,
    of_halves,
    of_purchases,
    bought,
    bought_of_halves,
    bought_of_purchases,
    wrong_rows
from sums
where
    silences <> of_halves
    or silences <> of_purchases
    or bought <> bought_of_halves
    or bought <> bought_of_purchases
    or wrong_rows > 0
