-- Along a curve nobody comes to be at risk, survival falls by the share lost, and the estimate lies
-- between its bounds.
-- audits: survival_curves
-- reads:  survival_curves[all]
select
    now.lost_after_months,
    now.starts_with,
    now.cut,
    now.cut_value,
    now.cohort,
    now.age,
    before.at_risk as at_risk_before,
    now.at_risk,
    now.lost,
    before.survival as survival_before,
    now.survival,
    now.survival_low,
    now.survival_high
from survival_curves as now
left join survival_curves as before
    on now.lost_after_months = before.lost_after_months
    and now.starts_with = before.starts_with
    and now.cut = before.cut
    and now.cut_value = before.cut_value
    and now.cohort_kind = before.cohort_kind
    and now.cohort = before.cohort
    and now.age = before.age + 1
where
    (before.age is null and now.age > 0)
    or now.at_risk > before.at_risk - before.lost
    or now.lost > now.at_risk
    or abs(
        now.survival
        - coalesce(before.survival, 1) * (cast(now.at_risk - now.lost as double) / now.at_risk)
    ) > cast(0.000000001 as double)
    or now.survival_low > now.survival
    or now.survival_high < now.survival
