-- Every setting is told of: four, the months of loss (each of them, and two at least), and three more for
-- each type of client; of what is suggested asleep comes after active, and the second number of months
-- after the first.
-- audits: suggest_borders
-- reads:  suggest_borders[all]
-- param:  churn_lost_after_months bigint[]
with borders as (
    select
        replace(replace(setting, '.active_days', ''), '.asleep_days', '') as section,
        setting like '%.asleep_days' or place = 2 as is_second,
        cast(suggested_value as bigint) as suggested_value
    from suggest_borders
    where
        setting like '%.active_days'
        or setting like '%.asleep_days'
        or (setting = 'churn.lost_after_months' and place <= 2)
),

pairs as (
    select
        section,
        max(case when is_second then null else suggested_value end) as lower_border,
        max(case when is_second then suggested_value end) as upper_border
    from borders
    group by section
),

counted as (
    select
        count(*) as settings,
        4 + greatest(cast(array_length($churn_lost_after_months) as bigint), 2)
        + 3 * sum(
            case when setting in ('lifecycle.b2b.active_days', 'lifecycle.b2c.active_days')
                then 1 else 0
            end
        ) as expected_settings
    from suggest_borders
)

select 'settings' as problem, expected_settings as expected, settings as actual
from counted
where settings <> expected_settings
union all
select section as problem, lower_border as expected, upper_border as actual
from pairs
where lower_border >= upper_border
