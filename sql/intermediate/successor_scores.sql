-- One row per candidate: the sum of its weights, and the odds that follow, if every silent client
-- had a successor and nothing else were known of it.
-- grain:  silent_client_id, appeared_client_id
-- reads:  successor_comparisons[all], successor_weights[all], successor_sides[all]
-- param:  successors_days_before bigint
-- param:  successors_days_after bigint
-- column: silent_client_id text not null -- Client that fell silent
-- column: appeared_client_id text not null -- Client that appeared
-- column: weight_millibits bigint not null -- Sum of the weights in thousandths of a bit, of every
--     group of evidence the strongest
-- column: prior_millibits bigint not null -- Logarithm of one over the clients that appeared near
--     that time: each of them is as likely before anything is compared
-- column: odds decimal(38,12) not null -- Two to the power of both
with settings as (
    -- A successor first buys between some months before and some after the last purchase.
    select
        (cast($successors_days_before as bigint) + 30) / 31 as months_before,
        (cast($successors_days_after as bigint) + 30) / 31 as months_after
),

degrees as (
    select
        silent_client_id,
        appeared_client_id,
        unnest(
            make_array(
                'tax_id', 'kpp', 'name', 'phone', 'email', 'address', 'contact_person', 'place',
                'branch', 'region', 'basket', 'rhythm', 'size', 'timing', 'registration'
            )
        ) as attribute,
        unnest(
            make_array(
                tax_id, kpp, name, phone, email, address, contact_person, place,
                branch, region, basket, rhythm, size, timing, registration
            )
        ) as level,
        unnest(
            make_array(
                tax_id_clients, kpp_clients, name_clients, phone_clients, email_clients,
                address_clients, contact_person_clients, place_clients, place_clients,
                place_clients, null, null, null, null, null
            )
        ) as clients
    from successor_comparisons
    where label = 'candidate'
),

-- A value that others have too is worth less: the two of the pair do not count as others.
weighed as (
    select
        degrees.silent_client_id,
        degrees.appeared_client_id,
        successor_weights.evidence_group,
        max(
            cast(
                round(
                    1000 * case
                        when successor_weights.value_clients > 0
                            then log2(
                                successor_weights.m * successor_weights.value_clients
                                / (
                                    greatest(degrees.clients - 2, 0)
                                    + successor_weights.chance_clients
                                )
                            )
                        else successor_weights.weight_bits
                    end
                )
                as bigint
            )
        ) as weight_millibits
    from degrees
    inner join successor_weights
        on degrees.attribute = successor_weights.attribute
        and degrees.level = successor_weights.level
    group by
        degrees.silent_client_id, degrees.appeared_client_id, successor_weights.evidence_group
),

summed as (
    select
        silent_client_id,
        appeared_client_id,
        sum(weight_millibits) as weight_millibits
    from weighed
    group by silent_client_id, appeared_client_id
),

appeared_counts as (
    select month_number, count(*) as clients
    from successor_sides
    where side = 'appeared'
    group by month_number
),

silent_months as (
    select
        month_number,
        unnest(
            range(month_number - settings.months_before, month_number + settings.months_after + 1)
        ) as appeared_month_number
    from settings
    cross join (
        select distinct month_number
        from successor_sides
        where side = 'silent'
    ) as months
),

priors as (
    select
        silent_months.month_number,
        cast(
            round(-1000 * log2(cast(sum(appeared_counts.clients) as double))) as bigint
        ) as prior_millibits
    from silent_months
    inner join appeared_counts
        on silent_months.appeared_month_number = appeared_counts.month_number
    group by silent_months.month_number
)

select
    summed.silent_client_id,
    summed.appeared_client_id,
    summed.weight_millibits,
    priors.prior_millibits,
    -- No evidence is worth more than one in a thousand million.
    cast(
        power(
            cast(2 as double),
            least(summed.weight_millibits + priors.prior_millibits, 30000) / cast(1000 as double)
        )
        as decimal(38, 12)
    ) as odds
from summed
inner join successor_sides
    on summed.silent_client_id = successor_sides.client_id and successor_sides.side = 'silent'
inner join priors
    on successor_sides.month_number = priors.month_number
