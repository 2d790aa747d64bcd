-- Six settings are told of, and of what is suggested asleep comes after active, and the second
-- number of months after the first.
-- audits: suggest_borders
-- reads:  suggest_borders[all]
with numbers as (
    select
        count(*) as settings,
        max(case when setting = 'lifecycle.active_days' then cast(suggested_value as bigint) end)
            as active_days,
        max(case when setting = 'lifecycle.asleep_days' then cast(suggested_value as bigint) end)
            as asleep_days,
        max(
            case
                when setting = 'churn.lost_after_months' and place = 1
                    then cast(suggested_value as bigint)
            end
        ) as lost_1,
        max(
            case
                when setting = 'churn.lost_after_months' and place = 2
                    then cast(suggested_value as bigint)
            end
        ) as lost_2
    from suggest_borders
)

select settings, active_days, asleep_days, lost_1, lost_2
from numbers
where settings <> 6 or active_days >= asleep_days or lost_1 >= lost_2
