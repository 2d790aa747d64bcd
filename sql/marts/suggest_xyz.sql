-- Evidence for XYZ presets: one row per dimension, measure and preset: how the entities of the last
-- finished month, and of the month a year before, would be classed.
-- grain:  dimension, measure, preset
-- reads:  abc_xyz[all]
-- param:  as_of_date date
-- param:  xyz_preset text
-- param:  suggest_least_x_share decimal(5,4)
-- param:  suggest_most_z_share decimal(5,4)
-- column: dimension text not null -- What the entities are: client, product and so on
-- column: measure text not null -- What is added up
-- column: preset text not null -- classic, wide or client
-- column: x bigint not null -- Entities whose CV is up to the border of X
-- column: y bigint not null -- Entities above it, up to the border of Y
-- column: z bigint not null -- Entities above both
-- column: without_cv bigint not null -- Entities without a CV: too short a history, or nothing to
--     vary
-- column: x_share double -- x divided by the entities with a CV; null without any
-- column: y_share double -- y divided by them
-- column: z_share double -- z divided by them
-- column: x_share_before double -- x_share of the month a year before
-- column: z_share_before double -- z_share of the month a year before
-- column: is_telling boolean -- At least suggest.least_x_share of the entities (5 %) are X and at
--     most suggest.most_z_share (80 %) Z; null without any
-- column: is_current boolean not null -- The preset is the one in use
with variations as (
    -- The months stand in the filters, not in a table to join, so that no others are read.
    select
        true as is_now,
        dimension,
        measure,
        cv
    from abc_xyz
    where
        month = cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day') - interval '1 month'
            as date
        )
    union all
    select
        false as is_now,
        dimension,
        measure,
        cv
    from abc_xyz
    where
        month = cast(
            date_trunc('month', cast($as_of_date as date) + interval '1 day')
            - interval '13 months'
            as date
        )
),

counts as (
    select
        variations.dimension,
        variations.measure,
        presets.preset,
        sum(case when variations.is_now and variations.cv <= presets.x_cv then 1 else 0 end) as x,
        sum(
            case
                when
                    variations.is_now
                    and variations.cv > presets.x_cv
                    and variations.cv <= presets.y_cv
                    then 1
                else 0
            end
        ) as y,
        sum(case when variations.is_now and variations.cv > presets.y_cv then 1 else 0 end) as z,
        sum(case when variations.is_now and variations.cv is null then 1 else 0 end)
            as without_cv,
        sum(case when not variations.is_now and variations.cv <= presets.x_cv then 1 else 0 end)
            as x_before,
        sum(case when not variations.is_now and variations.cv > presets.y_cv then 1 else 0 end)
            as z_before,
        sum(case when not variations.is_now and variations.cv is not null then 1 else 0 end)
            as with_cv_before
    from (
        values
        ('classic', cast(0.10 as double), cast(0.25 as double)),
        ('wide', cast(0.20 as double), cast(0.60 as double)),
        ('client', cast(0.50 as double), cast(1.00 as double))
    ) as presets (preset, x_cv, y_cv)
    cross join variations
    group by variations.dimension, variations.measure, presets.preset
)

select
    dimension,
    measure,
    preset,
    x,
    y,
    z,
    without_cv,
    cast(x as double) / nullif(x + y + z, 0) as x_share,
    cast(y as double) / nullif(x + y + z, 0) as y_share,
    cast(z as double) / nullif(x + y + z, 0) as z_share,
    cast(x_before as double) / nullif(with_cv_before, 0) as x_share_before,
    cast(z_before as double) / nullif(with_cv_before, 0) as z_share_before,
    case
        when x + y + z > 0
            then x >= $suggest_least_x_share * (x + y + z)
            and z <= $suggest_most_z_share * (x + y + z)
    end as is_telling,
    preset = $xyz_preset as is_current
from counts
