-- The halves of the history make up the whole, and no silence is counted twice.
-- audits: suggest_lost
-- reads:  suggest_lost[all]
select
    months_silent,
    sum(case when part = 'all' then silences else 0 end) as silences,
    sum(case when part <> 'all' then silences else 0 end) as of_halves,
    sum(case when part = 'all' then bought else 0 end) as bought,
    sum(case when part <> 'all' then bought else 0 end) as bought_of_halves,
    sum(case when bought + unfinished > silences then 1 else 0 end) as wrong_rows
from suggest_lost
group by months_silent
having
    sum(case when part = 'all' then silences else -silences end) <> 0
    or sum(case when part = 'all' then bought else -bought end) <> 0
    or sum(case when bought + unfinished > silences then 1 else 0 end) > 0
