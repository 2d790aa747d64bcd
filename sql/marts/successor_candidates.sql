-- One row per pair of a client that fell silent and a client that appeared near that time and may
-- be the same company under another name: how probable that is, and why.
-- grain:  pair_id
-- reads:  successor_scores[all], successor_comparisons[all], successor_sides[all],
--     client_identity[all], client_links[all], canonical_client[all]
-- param:  successors_share double
-- param:  successors_least_probability double
-- param:  successors_possible_probability double
-- param:  successors_probable_probability double
-- param:  successors_most_candidates bigint
-- column: pair_id text not null -- Both ids with > between them: the same in every run
-- column: silent_client_id text not null -- Canonical client that fell silent
-- column: silent_client_name text -- Its name
-- column: appeared_client_id text not null -- Canonical client that appeared
-- column: appeared_client_name text -- Its name
-- column: last_purchase_date date not null -- Last purchase day of the silent one
-- column: first_purchase_date date not null -- First purchase day of the appeared one
-- column: gap_days bigint not null -- Days from the one to the other, negative when they overlap
-- column: silent_revenue decimal(28,4) not null -- Revenue of purchases of the silent one in the
--     three months that end with its last purchase
-- column: appeared_revenue decimal(28,4) not null -- Revenue of purchases of the appeared one in
--     the three months that begin with its first
-- column: silent_manager text not null -- Manager of the last purchase of the silent one
-- column: appeared_manager text not null -- Manager of the appeared one in these months
-- column: score_bits double not null -- Sum of the weights: each bit doubles the odds
-- column: probability double not null -- Probability that the one is the successor of the other,
--     other candidates of both taken into account
-- column: band text not null -- probable (from 0.8), possible (from 0.3) or unlikely
-- column: silent_rank bigint not null -- Place among the candidates of the silent client
-- column: rivals bigint not null -- Other published pairs with either of the two
-- column: evidence text -- What speaks for it, in English
-- column: counter_evidence text -- What speaks against it, in English
-- column: basket_similarity double -- Part of both baskets that they have in common, rare products
--     counting more; null without baskets
-- column: evidence_ru text -- What speaks for it, in Russian
-- column: counter_evidence_ru text -- What speaks against it, in Russian
with settings as (
    -- Of the clients that fall silent that share is assumed to go on as a new one.
    select
        cast($successors_share as double) as successor_share,
        20 as assumed_clients,
        cast($successors_least_probability as double) as least_probability,
        cast($successors_possible_probability as double) as possible_probability,
        cast($successors_probable_probability as double) as probable_probability,
        cast($successors_most_candidates as bigint) as most_candidates
),

-- Somebody has looked at the pair, in whichever order it was written, or at the clients that it
-- has become since by other links.
rejected as (
    select
        unnest(make_array(client_id, linked_client_id)) as silent_client_id,
        unnest(make_array(linked_client_id, client_id)) as appeared_client_id
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

rejected_pairs as (
    select silent_client_id, appeared_client_id
    from rejected
    group by silent_client_id, appeared_client_id
),

open_scores as (
    select
        successor_scores.silent_client_id,
        successor_scores.appeared_client_id,
        successor_scores.weight_millibits,
        successor_scores.odds
    from successor_scores
    left anti join rejected_pairs
        on successor_scores.silent_client_id = rejected_pairs.silent_client_id
        and successor_scores.appeared_client_id = rejected_pairs.appeared_client_id
),

silent_odds as (
    select silent_client_id, sum(odds) as odds
    from open_scores
    group by silent_client_id
),

appeared_odds as (
    select appeared_client_id, sum(odds) as odds
    from open_scores
    group by appeared_client_id
),

-- A client has one successor and is that of one: candidates share the probability, with each other
-- and with there being none.
first_probabilities as (
    select
        open_scores.silent_client_id,
        open_scores.appeared_client_id,
        open_scores.weight_millibits,
        open_scores.odds,
        silent_odds.odds + appeared_odds.odds - open_scores.odds as rival_odds
    from open_scores
    inner join silent_odds
        on open_scores.silent_client_id = silent_odds.silent_client_id
    inner join appeared_odds
        on open_scores.appeared_client_id = appeared_odds.appeared_client_id
),

-- How many go on at all is learned from what the assumed share gives: one step of expectation and
-- maximization. The assumed share counts as much as twenty silent clients.
learned_share as (
    select
        cast(
            coalesce(
                sum(
                    cast(
                        cast(first_probabilities.odds as double)
                        / (
                            (1 - settings.successor_share) / settings.successor_share
                            + cast(first_probabilities.rival_odds as double)
                        )
                        as decimal(18, 10)
                    )
                ),
                0
            )
            as double
        ) as successors
    from settings
    cross join first_probabilities
),

prior_odds as (
    select share / (1 - share) as odds
    from (
        select
            (learned_share.successors + settings.assumed_clients * settings.successor_share)
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
        first_probabilities.silent_client_id,
        first_probabilities.appeared_client_id,
        first_probabilities.weight_millibits,
        round(
            10000 * prior_odds.odds * cast(first_probabilities.odds as double)
            / (1 + prior_odds.odds * cast(first_probabilities.rival_odds as double))
        ) / 10000 as probability
    from prior_odds
    cross join first_probabilities
),

ranked as (
    select
        probabilities.silent_client_id,
        probabilities.appeared_client_id,
        probabilities.weight_millibits,
        probabilities.probability,
        cast(
            row_number() over (
                partition by probabilities.silent_client_id
                order by
                    probabilities.probability desc,
                    probabilities.weight_millibits desc,
                    probabilities.appeared_client_id
            )
            as bigint
        ) as silent_rank
    from settings
    cross join probabilities
    where probabilities.probability >= settings.least_probability
),

published as (
    select
        ranked.silent_client_id,
        ranked.appeared_client_id,
        ranked.weight_millibits,
        ranked.probability,
        ranked.silent_rank
    from settings
    cross join ranked
    where ranked.silent_rank <= settings.most_candidates
),

silent_counts as (
    select silent_client_id, count(*) as pairs
    from published
    group by silent_client_id
),

appeared_counts as (
    select appeared_client_id, count(*) as pairs
    from published
    group by appeared_client_id
)

select
    concat(published.silent_client_id, '>', published.appeared_client_id) as pair_id,
    published.silent_client_id,
    old.client_name as silent_client_name,
    published.appeared_client_id,
    new.client_name as appeared_client_name,
    silent.turn_date as last_purchase_date,
    appeared.turn_date as first_purchase_date,
    cast(appeared.turn_date - silent.turn_date as bigint) as gap_days,
    silent.revenue as silent_revenue,
    appeared.revenue as appeared_revenue,
    silent.manager as silent_manager,
    appeared.manager as appeared_manager,
    published.weight_millibits / cast(1000 as double) as score_bits,
    published.probability,
    case
        when published.probability >= settings.probable_probability then 'probable'
        when published.probability >= settings.possible_probability then 'possible'
        else 'unlikely'
    end as band,
    published.silent_rank,
    silent_counts.pairs + appeared_counts.pairs - 2 as rivals,
    nullif(
        concat_ws(
            '; ',
            case when compared.tax_id = 'same' then 'same tax number' end,
            case when compared.kpp = 'same' then 'same KPP' end,
            case compared.name
                when 'same' then 'same name'
                when 'similar'
                    then concat('similar name: ', old.client_name, ' / ', new.client_name)
                when 'shared_word'
                    then concat('names share a word: ', old.client_name, ' / ', new.client_name)
            end,
            case when compared.phone = 'same' then 'same phone' end,
            case compared.email
                when 'same' then 'same e-mail'
                when 'same_domain' then 'same e-mail domain'
            end,
            case compared.address
                when 'same' then 'same address'
                when 'same_building' then 'same building'
            end,
            case when compared.contact_person = 'same' then 'same contact person' end,
            case
                when compared.place = 'manager' then 'same manager'
                when compared.place = 'branch' or compared.branch = 'same' then 'same branch'
                when compared.place = 'region' or compared.region = 'same' then 'same region'
            end,
            case
                when compared.basket in ('extreme', 'very_high', 'high', 'medium')
                    then concat(
                        'basket alike by ',
                        cast(cast(floor(100 * compared.basket_similarity) as bigint) as text), ' %'
                    )
            end,
            case when compared.rhythm = 'same' then 'same rhythm of orders' end,
            case when compared.size = 'same' then 'same monthly revenue' end,
            case
                when compared.timing = 'overlap'
                    then concat(
                        'first purchase ', cast(-compared.gap_days as text),
                        ' days before the last'
                    )
                when compared.timing in ('within_45_days', 'within_105_days')
                    then concat(
                        'first purchase ', cast(compared.gap_days as text), ' days after the last'
                    )
            end
        ),
        ''
    ) as evidence,
    nullif(
        concat_ws(
            '; ',
            case when compared.tax_id = 'different' then 'other tax number' end,
            case when compared.name = 'different' then 'other name' end,
            case when compared.phone = 'different' then 'other phone' end,
            case when compared.email = 'different' then 'other e-mail' end,
            case when compared.address = 'different' then 'other address' end,
            case when compared.contact_person = 'different' then 'other contact person' end,
            case
                when compared.place = 'different' then 'other manager, branch and region'
                when compared.branch = 'different' then 'other branch'
                when compared.region = 'different' then 'other region'
            end,
            -- The KPP says of a place what manager, branch and region say: it counts where these do
            -- not agree.
            case
                when
                    compared.kpp = 'different'
                    and coalesce(compared.place, 'different') = 'different'
                    and coalesce(compared.branch, 'different') = 'different'
                    and coalesce(compared.region, 'different') = 'different'
                    then 'other KPP'
            end,
            case when compared.basket = 'none' then 'other basket' end,
            case when compared.rhythm = 'different' then 'other rhythm of orders' end,
            case when compared.size = 'different' then 'other monthly revenue' end,
            case
                when compared.timing = 'later'
                    then concat(
                        'first purchase ', cast(compared.gap_days as text), ' days after the last'
                    )
            end,
            case
                when compared.registration = 'older'
                    then 'was in the master data long before'
            end
        ),
        ''
    ) as counter_evidence,
    compared.basket_similarity,
    nullif(
        concat_ws(
            '; ',
            case when compared.tax_id = 'same' then 'тот же ИНН' end,
            case when compared.kpp = 'same' then 'тот же КПП' end,
            case compared.name
                when 'same' then 'то же название'
                when 'similar'
                    then concat('похожее название: ', old.client_name, ' / ', new.client_name)
                when 'shared_word'
                    then concat(
                        'общее слово в названиях: ', old.client_name, ' / ', new.client_name
                    )
            end,
            case when compared.phone = 'same' then 'тот же телефон' end,
            case compared.email
                when 'same' then 'та же почта'
                when 'same_domain' then 'тот же домен почты'
            end,
            case compared.address
                when 'same' then 'тот же адрес'
                when 'same_building' then 'тот же дом'
            end,
            case when compared.contact_person = 'same' then 'то же контактное лицо' end,
            case
                when compared.place = 'manager' then 'тот же менеджер'
                when compared.place = 'branch' or compared.branch = 'same' then 'тот же филиал'
                when compared.place = 'region' or compared.region = 'same' then 'тот же регион'
            end,
            case
                when compared.basket in ('extreme', 'very_high', 'high', 'medium')
                    then concat(
                        'корзина совпадает на ',
                        cast(cast(floor(100 * compared.basket_similarity) as bigint) as text), ' %'
                    )
            end,
            case when compared.rhythm = 'same' then 'тот же ритм заказов' end,
            case when compared.size = 'same' then 'та же выручка в месяц' end,
            case
                when compared.timing = 'overlap'
                    then concat(
                        'первая покупка раньше последней, дней: ',
                        cast(-compared.gap_days as text)
                    )
                when compared.timing in ('within_45_days', 'within_105_days')
                    then concat(
                        'первая покупка после последней, дней: ',
                        cast(compared.gap_days as text)
                    )
            end
        ),
        ''
    ) as evidence_ru,
    nullif(
        concat_ws(
            '; ',
            case when compared.tax_id = 'different' then 'другой ИНН' end,
            case when compared.name = 'different' then 'другое название' end,
            case when compared.phone = 'different' then 'другой телефон' end,
            case when compared.email = 'different' then 'другая почта' end,
            case when compared.address = 'different' then 'другой адрес' end,
            case when compared.contact_person = 'different' then 'другое контактное лицо' end,
            case
                when compared.place = 'different' then 'другие менеджер, филиал и регион'
                when compared.branch = 'different' then 'другой филиал'
                when compared.region = 'different' then 'другой регион'
            end,
            case
                when
                    compared.kpp = 'different'
                    and coalesce(compared.place, 'different') = 'different'
                    and coalesce(compared.branch, 'different') = 'different'
                    and coalesce(compared.region, 'different') = 'different'
                    then 'другой КПП'
            end,
            case when compared.basket = 'none' then 'другая корзина' end,
            case when compared.rhythm = 'different' then 'другой ритм заказов' end,
            case when compared.size = 'different' then 'другая выручка в месяц' end,
            case
                when compared.timing = 'later'
                    then concat(
                        'первая покупка после последней, дней: ',
                        cast(compared.gap_days as text)
                    )
            end,
            case
                when compared.registration = 'older'
                    then 'был в карточках задолго до этого'
            end
        ),
        ''
    ) as counter_evidence_ru
from settings
cross join published
inner join successor_comparisons as compared
    on published.silent_client_id = compared.silent_client_id
    and published.appeared_client_id = compared.appeared_client_id
    and compared.label = 'candidate'
inner join successor_sides as silent
    on published.silent_client_id = silent.client_id and silent.side = 'silent'
inner join successor_sides as appeared
    on published.appeared_client_id = appeared.client_id and appeared.side = 'appeared'
inner join client_identity as old
    on published.silent_client_id = old.client_id
inner join client_identity as new
    on published.appeared_client_id = new.client_id
inner join silent_counts
    on published.silent_client_id = silent_counts.silent_client_id
inner join appeared_counts
    on published.appeared_client_id = appeared_counts.appeared_client_id
