-- One row per pair of a client that fell silent and a client of its region in whose growth its
-- basket reappears, so that it may buy through that dealer now: how probable that is, and why.
-- grain:  pair_id
-- reads:  dealer_pairs[all], successor_sides[all], client_identity[all], client_links[all],
--     canonical_client[all]
-- param:  dealers_share double
-- param:  dealers_least_probability double
-- param:  dealers_possible_probability double
-- param:  dealers_probable_probability double
-- param:  dealers_most_candidates bigint
-- column: pair_id text not null -- Both ids with > between them: the same in every run
-- column: silent_client_id text not null -- Canonical client that fell silent
-- column: silent_client_name text -- Its name
-- column: dealer_client_id text not null -- Canonical client that grew
-- column: dealer_client_name text -- Its name
-- column: last_purchase_date date not null -- Last purchase day of the silent one
-- column: region text not null -- Region of both
-- column: products bigint not null -- Products that the silent one bought in its last three months
-- column: grown_products bigint not null -- Of these, the products that the dealer buys more of in
--     the two months after
-- column: new_products bigint not null -- Of these, the products that it had not bought before
-- column: silent_monthly_revenue decimal(28,4) not null -- Revenue a month of the silent one in its
--     last three months, returns left out
-- column: grown_monthly_revenue decimal(28,4) not null -- Growth a month of the dealer in these
--     products
-- column: silent_manager text not null -- Manager of the last purchase of the silent one
-- column: dealer_manager text not null -- Manager of the last purchase of the dealer
-- column: score_bits double not null -- Weight of the evidence: each bit doubles the odds
-- column: probability double not null -- Probability that the silent one buys through the dealer,
--     its other candidates taken into account
-- column: band text not null -- probable (from 0.8), possible (from 0.3) or unlikely
-- column: silent_rank bigint not null -- Place among the candidates of the silent client
-- column: evidence text not null -- What speaks for it, in English
-- column: evidence_ru text not null -- The same in Russian
with settings as (
    -- Of the clients that fall silent that share is assumed to buy through a dealer of its region.
    select
        cast($dealers_share as double) as dealer_share,
        20 as assumed_clients,
        cast($dealers_least_probability as double) as least_probability,
        cast($dealers_possible_probability as double) as possible_probability,
        cast($dealers_probable_probability as double) as probable_probability,
        cast($dealers_most_candidates as bigint) as most_candidates
),

-- What is expected of true pairs; what chance gives is counted in the pairs themselves.
levels as (
    select attribute, level, cast(m as double) as m
    from (
        values
            ('coverage', 'high', 0.50),
            ('coverage', 'medium', 0.35),
            ('coverage', 'low', 0.15),
            ('taken_up', 'many', 0.50),
            ('taken_up', 'few', 0.50),
            ('volume', 'same', 0.60),
            ('volume', 'near', 0.30),
            ('volume', 'different', 0.10),
            ('dealer_size', 'larger', 0.70),
            ('dealer_size', 'alike', 0.20),
            ('dealer_size', 'smaller', 0.10)
    ) as set_levels (attribute, level, m)
),

graded as (
    select
        month,
        is_placebo,
        silent_client_id,
        dealer_client_id,
        region,
        growing_clients,
        products,
        grown_products,
        new_products,
        silent_revenue,
        silent_months,
        grown_revenue,
        manager,
        dealer_manager,
        -- One product alone is chance.
        case
            when grown_products >= 2 and grown_products * 10 >= products * 6 then 'high'
            when grown_products >= 2 and grown_products * 20 >= products * 7 then 'medium'
            else 'low'
        end as coverage,
        case when new_products * 3 >= products then 'many' else 'few' end as taken_up,
        -- Two months of growth against two ordinary months.
        case
            when grown_revenue * silent_months between silent_revenue and 4 * silent_revenue
                then 'same'
            when grown_revenue * silent_months * 5
                between 2 * silent_revenue and 50 * silent_revenue then 'near'
            else 'different'
        end as volume,
        case
            when dealer_revenue * silent_months >= 9 * silent_revenue then 'larger'
            when dealer_revenue * silent_months >= 3 * silent_revenue then 'alike'
            else 'smaller'
        end as dealer_size
    from dealer_pairs
),

-- Chance is what the same baskets find in the growth of a time in which their clients bought still.
-- It gives degrees together (a large client covers much, and takes much up), so it is counted for all
-- four at once; half a pair more in each of the 54 cells.
cells as (
    select
        coverage,
        taken_up,
        volume,
        dealer_size,
        sum(case when is_placebo then 1 else 0 end) as pairs
    from graded
    group by coverage, taken_up, volume, dealer_size
),

-- Pairs without a product in common stand in no row: they were compared all the same.
compared as (
    select coalesce(sum(growing_clients), 0) as pairs
    from (
        select month, silent_client_id, max(growing_clients) as growing_clients
        from graded
        where is_placebo
        group by month, silent_client_id
    ) as silences
),

weights as (
    select
        cells.coverage,
        cells.taken_up,
        cells.volume,
        cells.dealer_size,
        cast(
            round(
                1000 * log2(
                    coverages.m * taken_ups.m * volumes.m * dealer_sizes.m
                    * (compared.pairs + 27) / (cells.pairs + 0.5)
                )
            )
            as bigint
        ) as weight_millibits
    from compared
    cross join cells
    inner join levels as coverages
        on coverages.attribute = 'coverage' and cells.coverage = coverages.level
    inner join levels as taken_ups
        on taken_ups.attribute = 'taken_up' and cells.taken_up = taken_ups.level
    inner join levels as volumes
        on volumes.attribute = 'volume' and cells.volume = volumes.level
    inner join levels as dealer_sizes
        on dealer_sizes.attribute = 'dealer_size' and cells.dealer_size = dealer_sizes.level
),

-- Somebody has looked at the pair, in whichever order it was written.
rejected as (
    select
        unnest(make_array(client_id, linked_client_id)) as silent_client_id,
        unnest(make_array(linked_client_id, client_id)) as dealer_client_id
    from (
        select
            coalesce(first.canonical_client_id, client_links.client_id) as client_id,
            coalesce(second.canonical_client_id, client_links.linked_client_id)
                as linked_client_id
        from client_links
        left join canonical_client as first
            on client_links.client_id = first.client_id
        left join canonical_client as second
            on client_links.linked_client_id = second.client_id
        where client_links.decision = 'rejected'
    ) as decided
),

-- Silences that last to this day, and pairs that nobody has refused.
open_pairs as (
    select
        graded.month,
        graded.silent_client_id,
        graded.dealer_client_id,
        graded.region,
        graded.products,
        graded.grown_products,
        graded.new_products,
        graded.silent_revenue,
        graded.silent_months,
        graded.grown_revenue,
        graded.manager,
        graded.dealer_manager,
        successor_sides.turn_date,
        weights.weight_millibits,
        cast(
            power(
                cast(2 as double),
                least(
                    weights.weight_millibits
                    - cast(
                        round(1000 * log2(cast(graded.growing_clients as double))) as bigint
                    ),
                    30000
                )
                / cast(1000 as double)
            )
            as decimal(38, 12)
        ) as odds
    from graded
    inner join weights
        on graded.coverage = weights.coverage
        and graded.taken_up = weights.taken_up
        and graded.volume = weights.volume
        and graded.dealer_size = weights.dealer_size
    inner join successor_sides
        on graded.silent_client_id = successor_sides.client_id
        and successor_sides.side = 'silent'
        and date_part('year', graded.month) * 12 + date_part('month', graded.month) - 3
            = successor_sides.month_number
    left anti join rejected
        on graded.silent_client_id = rejected.silent_client_id
        and graded.dealer_client_id = rejected.dealer_client_id
    where not graded.is_placebo
),

silent_odds as (
    select silent_client_id, sum(odds) as odds
    from open_pairs
    group by silent_client_id
),

-- How many buy through a dealer at all is learned from what the assumed share gives, as for
-- successors.
learned_share as (
    select
        cast(
            coalesce(
                sum(
                    cast(
                        cast(open_pairs.odds as double)
                        / (
                            (1 - settings.dealer_share) / settings.dealer_share
                            + cast(silent_odds.odds as double)
                        )
                        as decimal(18, 10)
                    )
                ),
                0
            )
            as double
        ) as clients
    from settings
    cross join open_pairs
    inner join silent_odds
        on open_pairs.silent_client_id = silent_odds.silent_client_id
),

prior_odds as (
    select share / (1 - share) as odds
    from (
        select
            (learned_share.clients + settings.assumed_clients * settings.dealer_share)
            / (silent.clients + settings.assumed_clients) as share
        from settings
        cross join learned_share
        cross join (
            select count(*) as clients
            from successor_sides
            where side = 'silent'
        ) as silent
    ) as shares
),

probabilities as (
    select
        open_pairs.silent_client_id,
        open_pairs.dealer_client_id,
        open_pairs.region,
        open_pairs.products,
        open_pairs.grown_products,
        open_pairs.new_products,
        open_pairs.silent_revenue,
        open_pairs.silent_months,
        open_pairs.grown_revenue,
        open_pairs.manager,
        open_pairs.dealer_manager,
        open_pairs.turn_date,
        open_pairs.weight_millibits,
        round(
            10000 * prior_odds.odds * cast(open_pairs.odds as double)
            / (1 + prior_odds.odds * cast(silent_odds.odds as double))
        ) / 10000 as probability
    from prior_odds
    cross join open_pairs
    inner join silent_odds
        on open_pairs.silent_client_id = silent_odds.silent_client_id
),

ranked as (
    select
        probabilities.silent_client_id,
        probabilities.dealer_client_id,
        probabilities.region,
        probabilities.products,
        probabilities.grown_products,
        probabilities.new_products,
        probabilities.silent_revenue,
        probabilities.silent_months,
        probabilities.grown_revenue,
        probabilities.manager,
        probabilities.dealer_manager,
        probabilities.turn_date,
        probabilities.weight_millibits,
        probabilities.probability,
        cast(
            row_number() over (
                partition by probabilities.silent_client_id
                order by
                    probabilities.probability desc,
                    probabilities.weight_millibits desc,
                    probabilities.dealer_client_id
            )
            as bigint
        ) as silent_rank
    from settings
    cross join probabilities
    where probabilities.probability >= settings.least_probability
)

select
    concat(ranked.silent_client_id, '>', ranked.dealer_client_id) as pair_id,
    ranked.silent_client_id,
    old.client_name as silent_client_name,
    ranked.dealer_client_id,
    dealer.client_name as dealer_client_name,
    ranked.turn_date as last_purchase_date,
    ranked.region,
    ranked.products,
    ranked.grown_products,
    ranked.new_products,
    cast(ranked.silent_revenue / ranked.silent_months as decimal(28, 4)) as silent_monthly_revenue,
    cast(ranked.grown_revenue / 2 as decimal(28, 4)) as grown_monthly_revenue,
    ranked.manager as silent_manager,
    ranked.dealer_manager,
    ranked.weight_millibits / cast(1000 as double) as score_bits,
    ranked.probability,
    case
        when ranked.probability >= settings.probable_probability then 'probable'
        when ranked.probability >= settings.possible_probability then 'possible'
        else 'unlikely'
    end as band,
    ranked.silent_rank,
    concat(
        cast(ranked.grown_products as text), ' of its ', cast(ranked.products as text),
        ' products grew there, ', cast(ranked.new_products as text),
        ' of them are new there; growth a month ',
        cast(cast(ranked.grown_revenue / 2 as decimal(28, 0)) as text), ' against ',
        cast(cast(ranked.silent_revenue / ranked.silent_months as decimal(28, 0)) as text)
    ) as evidence,
    concat(
        'товаров с ростом там: ', cast(ranked.grown_products as text), ' из ',
        cast(ranked.products as text), ', из них новых там: ', cast(ranked.new_products as text),
        '; прирост в месяц: ',
        cast(cast(ranked.grown_revenue / 2 as decimal(28, 0)) as text), ' против ',
        cast(cast(ranked.silent_revenue / ranked.silent_months as decimal(28, 0)) as text)
    ) as evidence_ru
from settings
cross join ranked
inner join client_identity as old
    on ranked.silent_client_id = old.client_id
inner join client_identity as dealer
    on ranked.dealer_client_id = dealer.client_id
where ranked.silent_rank <= settings.most_candidates
