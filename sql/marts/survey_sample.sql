-- Whom of the lost clients to ask next why they left: a random sample, stratified by value and
-- silence, as large as the wanted precision needs, with as many reserves. One row per client to be
-- asked.
-- grain:  client_id
-- reads:  lost_pool[all], survey_excluded[all]
-- param:  churn_lost_after_months bigint[]
-- param:  survey_precision double
-- param:  survey_seed bigint
-- param:  survey_silence_months bigint[]
-- column: client_id text not null -- Canonical client
-- column: is_reserve boolean not null -- Only to be asked for one of its stratum who cannot be
--     reached
-- column: call_order bigint not null -- Order in which to ask, of the sample and of the reserves
--     each
-- column: value_class text not null -- large, middle or small: third of the population by revenue
--     before the loss
-- column: silence text not null -- Months since the month of the last purchase, in four bands: 6 or
--     less, 7 to 12, 13 to 24, 25 or more, unless survey.silence_months says otherwise
-- column: months_silent bigint not null -- Months since the month of the last purchase
-- column: purchases bigint not null -- Lifetime purchase days
-- column: revenue_12m_before decimal(28,4) not null -- Revenue in the 12 months ending with the
--     month of the last purchase
-- column: last_purchase_date date not null -- Last purchase day
-- column: manager text not null -- Manager of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: has_email boolean not null -- The master data hold an e-mail address
-- column: stratum_clients bigint not null -- Clients of the same value and silence who may be asked
-- column: stratum_sample bigint not null -- How many of them are in the sample
-- column: population bigint not null -- Lost clients who may be asked
-- column: sample_size bigint not null -- Size of the whole sample
-- column: without_phone bigint not null -- Lost clients who might be asked, too, if they had a phone
--     number: they stand in survey_excluded, and the sample does not speak for them
with settings as (
    select
        cast($survey_seed as bigint) as seed,
        -- Half of the widest 95 % interval of a share.
        cast($survey_precision as double) as precision,
        array_element(cast($survey_silence_months as bigint[]), 1) as silence_1,
        array_element(cast($survey_silence_months as bigint[]), 2) as silence_2,
        array_element(cast($survey_silence_months as bigint[]), 3) as silence_3,
        cast(1.959963984540054 as double) as z,
        array_min(cast($churn_lost_after_months as bigint[])) as lost_after_months
),

may_be_asked as (
    select
        lost_pool.client_id,
        lost_pool.months_silent,
        lost_pool.purchases,
        lost_pool.revenue_12m_before,
        lost_pool.last_purchase_date,
        lost_pool.manager,
        lost_pool.branch,
        lost_pool.region,
        lost_pool.has_email
    from settings
    inner join lost_pool
        on settings.lost_after_months = lost_pool.lost_after_months
    left anti join survey_excluded
        on lost_pool.client_id = survey_excluded.client_id
),

unreachable as (
    select count(*) as clients
    from survey_excluded
    where reason = 'no_phone'
),

-- A number drawn from seed and client: every character times a number of its place, added up, both
-- mixed by shifts and products modulo 2 to the power of 32.
characters as (
    select
        may_be_asked.client_id,
        settings.seed,
        unnest(range(1, length(may_be_asked.client_id) + 1)) as place
    from settings
    cross join may_be_asked
),

factors as (
    select
        client_id,
        cast(ascii(substr(client_id, place, 1)) as bigint) as code,
        (place + 1000 * seed) * 2654435761 % 4294967296 as factor
    from characters
),

factors_once as (
    select client_id, code, (factor ^ (factor >> 16)) * 73244475 % 4294967296 as factor
    from factors
),

factors_twice as (
    select client_id, code, (factor ^ (factor >> 16)) * 73244475 % 4294967296 as factor
    from factors_once
),

code_sums as (
    select client_id, sum(code * (factor ^ (factor >> 16)) % 4294967296) % 4294967296 as mixed
    from factors_twice
    group by client_id
),

draws_once as (
    select client_id, (mixed ^ (mixed >> 16)) * 73244475 % 4294967296 as mixed
    from code_sums
),

draws as (
    select client_id, (mixed ^ (mixed >> 16)) * 73244475 % 4294967296 as draw
    from draws_once
),

ranked as (
    select
        may_be_asked.client_id,
        may_be_asked.months_silent,
        may_be_asked.purchases,
        may_be_asked.revenue_12m_before,
        may_be_asked.last_purchase_date,
        may_be_asked.manager,
        may_be_asked.branch,
        may_be_asked.region,
        may_be_asked.has_email,
        draws.draw,
        count(*) over () as population,
        3 * (
            cast(rank() over (order by may_be_asked.revenue_12m_before desc) as bigint) - 1
        ) / count(*) over () as larger_thirds,
        case
            when may_be_asked.months_silent <= settings.silence_1
                then concat(cast(settings.silence_1 as text), ' or less')
            when may_be_asked.months_silent <= settings.silence_2
                then concat(
                    cast(settings.silence_1 + 1 as text), ' to ', cast(settings.silence_2 as text)
                )
            when may_be_asked.months_silent <= settings.silence_3
                then concat(
                    cast(settings.silence_2 + 1 as text), ' to ', cast(settings.silence_3 as text)
                )
            else concat(cast(settings.silence_3 + 1 as text), ' or more')
        end as silence
    from settings
    cross join may_be_asked
    inner join draws
        on may_be_asked.client_id = draws.client_id
),

population as (
    select
        client_id,
        months_silent,
        purchases,
        revenue_12m_before,
        last_purchase_date,
        manager,
        branch,
        region,
        has_email,
        draw,
        population,
        case larger_thirds when 0 then 'large' when 1 then 'middle' else 'small' end as value_class,
        silence
    from ranked
),

-- Size for a share of one half, with the finite population correction.
sizes as (
    select
        population.value_class,
        population.silence,
        population.population,
        count(*) as stratum_clients,
        cast(
            ceil(
                settings.z * settings.z / (4 * settings.precision * settings.precision)
                / (
                    1
                    + (settings.z * settings.z / (4 * settings.precision * settings.precision) - 1)
                    / population.population
                )
            )
            as bigint
        ) as sample_size
    from settings
    cross join population
    group by
        population.value_class, population.silence, population.population,
        settings.z, settings.precision
),

-- Each stratum gets its part of the sample; what rounding down leaves goes to the largest
-- remainders.
parts as (
    select
        value_class,
        silence,
        stratum_clients,
        sample_size,
        sample_size * stratum_clients / population as whole_part,
        sample_size - sum(sample_size * stratum_clients / population) over () as left_over,
        row_number() over (
            order by sample_size * stratum_clients % population desc, value_class, silence
        ) as remainder_place
    from sizes
),

strata as (
    select
        value_class,
        silence,
        stratum_clients,
        sample_size,
        whole_part + case when remainder_place <= left_over then 1 else 0 end as stratum_sample
    from parts
),

drawn as (
    select
        population.client_id,
        population.months_silent,
        population.purchases,
        population.revenue_12m_before,
        population.last_purchase_date,
        population.manager,
        population.branch,
        population.region,
        population.has_email,
        population.draw,
        population.population,
        population.value_class,
        population.silence,
        strata.stratum_clients,
        strata.stratum_sample,
        strata.sample_size,
        cast(
            row_number() over (
                partition by population.value_class, population.silence
                order by population.draw, population.client_id
            )
            as bigint
        ) as place
    from population
    inner join strata
        on population.value_class = strata.value_class
        and population.silence = strata.silence
)

select
    drawn.client_id,
    drawn.place > drawn.stratum_sample as is_reserve,
    cast(
        row_number() over (
            partition by drawn.place > drawn.stratum_sample order by drawn.draw, drawn.client_id
        ) as bigint
    ) as call_order,
    drawn.value_class,
    drawn.silence,
    drawn.months_silent,
    drawn.purchases,
    drawn.revenue_12m_before,
    drawn.last_purchase_date,
    drawn.manager,
    drawn.branch,
    drawn.region,
    drawn.has_email,
    drawn.stratum_clients,
    drawn.stratum_sample,
    drawn.population,
    drawn.sample_size,
    unreachable.clients as without_phone
from unreachable
cross join drawn
where drawn.place <= 2 * drawn.stratum_sample
