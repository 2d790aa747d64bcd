-- The groups of a band of silence add up to all of it, a group's rate lies between its own and that
-- of all, and every chance is one.
-- audits: return_chances
-- reads:  return_chances[all]
with groups as (
    select
        silence_from,
        count_segment,
        abc,
        min(at_risk) as at_risk,
        min(returned) as returned,
        min(all_at_risk) as all_at_risk,
        min(all_returned) as all_returned
    from return_chances
    group by silence_from, count_segment, abc
),

bands as (
    select
        silence_from,
        sum(at_risk) as at_risk,
        sum(returned) as returned,
        min(all_at_risk) as all_at_risk,
        min(all_returned) as all_returned
    from groups
    group by silence_from
)

select
    return_chances.count_segment,
    return_chances.abc,
    return_chances.months_silent,
    bands.all_at_risk as expected_at_risk,
    bands.at_risk,
    bands.all_returned as expected_returned,
    bands.returned,
    return_chances.all_monthly_rate,
    return_chances.monthly_rate,
    return_chances.chance_12m
from return_chances
inner join bands
    on return_chances.silence_from = bands.silence_from
where
    bands.at_risk <> bands.all_at_risk
    or bands.returned <> bands.all_returned
    or return_chances.months_silent < return_chances.silence_from
    or (return_chances.chance_12m is null and return_chances.all_monthly_rate is not null)
    or return_chances.chance_12m < return_chances.monthly_rate - cast(0.000000001 as double)
    or return_chances.chance_12m > 1
    or (
        return_chances.at_risk > 0
        and (
            return_chances.monthly_rate - return_chances.all_monthly_rate
        ) * (
            cast(return_chances.returned as double) / nullif(return_chances.at_risk, 0)
            - return_chances.all_monthly_rate
        ) < -cast(0.000000001 as double)
    )
