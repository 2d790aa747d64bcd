-- At every level the answers of a cut make up its respondents, the values of a cut make up all
-- respondents, and a share lies in its interval.
-- audits: loss_reasons
-- reads:  loss_reasons[all]
with levels as (
    select
        lost_after_months,
        cut,
        cut_value,
        level,
        max(respondents) as respondents,
        min(respondents) as least_respondents,
        sum(answers) as answers
    from loss_reasons
    group by lost_after_months, cut, cut_value, level
),

cuts as (
    select lost_after_months, cut, level, sum(respondents) as respondents
    from levels
    group by lost_after_months, cut, level
)

select
    'answers of a cut' as problem,
    lost_after_months,
    cut,
    cut_value,
    level,
    respondents as expected,
    answers as actual
from levels
where answers <> respondents or least_respondents <> respondents
union all
select
    'values of a cut' as problem,
    cuts.lost_after_months,
    cuts.cut,
    'all values' as cut_value,
    cuts.level,
    whole.respondents as expected,
    cuts.respondents as actual
from cuts
inner join cuts as whole
    on cuts.lost_after_months = whole.lost_after_months
    and cuts.level = whole.level
    and whole.cut = 'all'
where cuts.respondents <> whole.respondents
union all
select
    'share outside its interval' as problem,
    lost_after_months,
    cut,
    cut_value,
    level,
    respondents as expected,
    answers as actual
from loss_reasons
where
    share_low > share or share > share_high or share_low < 0 or share_high > 1
    or recoverable > answers
