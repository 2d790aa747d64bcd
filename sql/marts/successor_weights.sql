-- One row per attribute by which a successor is recognized and degree of agreement: what it is
-- worth. m is the share of true successors with that degree, u the share of clients that chance
-- puts together; the weight is the logarithm of m / u.
-- grain:  attribute, level
-- reads:  successor_comparisons[all], identity_values[all]
-- column: attribute text not null -- tax_id, kpp, name, phone, email, address, contact_person,
--     place, branch, region, basket, rhythm, size, timing or registration
-- column: level text not null -- Degree of agreement
-- column: evidence_group text not null -- Of the levels of a group only the strongest counts: they
--     say the same thing twice
-- column: is_disagreement boolean not null -- The degree speaks against: its weight is never above
--     0
-- column: learned_from text not null -- Where m comes from beside what is set: confirmed links,
--     self (clients compared with themselves), or set alone
-- column: m_set double not null -- Share among true successors that is assumed before any is known
-- column: learned_pairs bigint not null -- Pairs to learn from that have this degree
-- column: learned_compared bigint not null -- Pairs to learn from in which the attribute is known
-- column: random_pairs bigint not null -- Pairs put together by chance that have this degree
-- column: random_compared bigint not null -- Such pairs in which the attribute is known
-- column: value_attribute text -- The attribute whose values are counted, where agreeing on a rare
--     value says more than on a common one; null where all agreements are worth the same
-- column: value_clients bigint -- Clients that have a value there
-- column: chance_clients double -- With how many others a client shares a value by chance
-- column: m double not null -- Share among true successors
-- column: u double not null -- Share among clients that chance puts together; where values are
--     counted, for a value that no third client has
-- column: weight_bits double not null -- log2(m / u), at most 0 for a disagreement
with settings as (
    -- What is set counts as much as that many pairs that were looked at.
    select 20 as set_pairs
),

levels as (
    select
        attribute,
        level,
        evidence_group,
        level in ('different', 'none', 'later', 'older') as is_disagreement,
        cast(m_set as double) as m_set,
        learned_from,
        value_attribute
    from (
        values
            ('tax_id', 'same', 'tax_id', 0.10, 'confirmed', 'tax_id'),
            ('tax_id', 'different', 'tax_id', 0.90, 'confirmed', null),
            ('kpp', 'same', 'place', 0.60, 'confirmed', 'kpp'),
            ('kpp', 'different', 'place', 0.40, 'confirmed', null),
            ('name', 'same', 'name', 0.30, 'confirmed', 'name'),
            ('name', 'similar', 'name', 0.15, 'confirmed', null),
            ('name', 'shared_word', 'name', 0.20, 'confirmed', 'name_word'),
            ('name', 'different', 'name', 0.35, 'confirmed', null),
            ('phone', 'same', 'phone', 0.50, 'confirmed', 'phone'),
            ('phone', 'different', 'phone', 0.50, 'confirmed', null),
            ('email', 'same', 'email', 0.20, 'confirmed', 'email'),
            ('email', 'same_domain', 'name', 0.20, 'confirmed', 'email_domain'),
            ('email', 'different', 'email', 0.60, 'confirmed', null),
            ('address', 'same', 'address', 0.30, 'confirmed', 'address'),
            ('address', 'same_building', 'address', 0.10, 'confirmed', 'building'),
            ('address', 'different', 'address', 0.60, 'confirmed', null),
            ('contact_person', 'same', 'contact_person', 0.40, 'confirmed', 'contact_person'),
            ('contact_person', 'different', 'contact_person', 0.60, 'confirmed', null),
            ('place', 'manager', 'place', 0.70, 'set', 'manager'),
            ('place', 'branch', 'place', 0.15, 'set', 'branch'),
            ('place', 'region', 'place', 0.05, 'set', 'region'),
            ('place', 'different', 'place', 0.10, 'set', null),
            ('branch', 'same', 'place', 0.85, 'set', 'branch'),
            ('branch', 'different', 'place', 0.15, 'set', null),
            ('region', 'same', 'place', 0.90, 'set', 'region'),
            ('region', 'different', 'place', 0.10, 'set', null),
            ('basket', 'extreme', 'basket', 0.10, 'self', null),
            ('basket', 'very_high', 'basket', 0.15, 'self', null),
            ('basket', 'high', 'basket', 0.15, 'self', null),
            ('basket', 'medium', 'basket', 0.20, 'self', null),
            ('basket', 'low', 'basket', 0.20, 'self', null),
            ('basket', 'none', 'basket', 0.20, 'self', null),
            ('rhythm', 'same', 'rhythm', 0.55, 'self', null),
            ('rhythm', 'near', 'rhythm', 0.35, 'self', null),
            ('rhythm', 'different', 'rhythm', 0.10, 'self', null),
            ('size', 'same', 'size', 0.55, 'self', null),
            ('size', 'near', 'size', 0.35, 'self', null),
            ('size', 'different', 'size', 0.10, 'self', null),
            ('timing', 'overlap', 'timing', 0.15, 'set', null),
            ('timing', 'within_45_days', 'timing', 0.50, 'set', null),
            ('timing', 'within_105_days', 'timing', 0.25, 'set', null),
            ('timing', 'later', 'timing', 0.10, 'set', null),
            ('registration', 'new', 'registration', 0.90, 'set', null),
            ('registration', 'older', 'registration', 0.10, 'set', null)
    ) as set_levels (attribute, level, evidence_group, m_set, learned_from, value_attribute)
),

degrees as (
    select
        label,
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
        ) as level
    from successor_comparisons
    where label <> 'candidate'
),

counted as (
    select label, attribute, level, count(*) as pairs
    from degrees
    where level is not null
    group by label, attribute, level
),

compared as (
    select label, attribute, sum(pairs) as pairs
    from counted
    group by label, attribute
),

attribute_levels as (
    select attribute, count(*) as levels
    from levels
    group by attribute
),

evidence as (
    select
        levels.attribute,
        levels.level,
        levels.evidence_group,
        levels.is_disagreement,
        levels.learned_from,
        levels.m_set,
        levels.value_attribute,
        attribute_levels.levels,
        coalesce(learned.pairs, 0) as learned_pairs,
        coalesce(learned_all.pairs, 0) as learned_compared,
        coalesce(random.pairs, 0) as random_pairs,
        coalesce(random_all.pairs, 0) as random_compared,
        identity_values.clients as value_clients,
        identity_values.chance_clients
    from levels
    inner join attribute_levels
        on levels.attribute = attribute_levels.attribute
    left join counted as learned
        on levels.learned_from = learned.label
        and levels.attribute = learned.attribute
        and levels.level = learned.level
    left join compared as learned_all
        on levels.learned_from = learned_all.label and levels.attribute = learned_all.attribute
    left join counted as random
        on random.label = 'random'
        and levels.attribute = random.attribute
        and levels.level = random.level
    left join compared as random_all
        on random_all.label = 'random' and levels.attribute = random_all.attribute
    left join identity_values
        on levels.value_attribute = identity_values.attribute and identity_values.value = ''
),

shares as (
    select
        evidence.attribute,
        evidence.level,
        evidence.evidence_group,
        evidence.is_disagreement,
        evidence.learned_from,
        evidence.m_set,
        evidence.learned_pairs,
        evidence.learned_compared,
        evidence.random_pairs,
        evidence.random_compared,
        evidence.value_attribute,
        evidence.value_clients,
        evidence.chance_clients,
        (settings.set_pairs * evidence.m_set + evidence.learned_pairs)
        / (settings.set_pairs + evidence.learned_compared) as m,
        case
            when evidence.value_clients > 0
                then evidence.chance_clients / evidence.value_clients
            -- Half a pair more in each degree: what was never seen is rare, not impossible.
            else (cast(evidence.random_pairs as double) + 0.5)
                / (evidence.random_compared + 0.5 * evidence.levels)
        end as u
    from settings
    cross join evidence
)

select
    attribute,
    level,
    evidence_group,
    is_disagreement,
    learned_from,
    m_set,
    learned_pairs,
    learned_compared,
    random_pairs,
    random_compared,
    value_attribute,
    value_clients,
    chance_clients,
    m,
    u,
    case
        when is_disagreement then least(cast(0 as double), log2(m / u))
        else log2(m / u)
    end as weight_bits
from shares
