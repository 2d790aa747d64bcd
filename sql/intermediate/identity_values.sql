-- One row per attribute by which clients are recognized and value of it that two clients or more
-- have, with their number: the more, the less it says. The empty value stands for all clients that
-- have any.
-- grain:  attribute, value
-- reads:  client_identity[all], successor_sides[all]
-- column: attribute text not null -- tax_id, kpp, name, name_word, phone, email, email_domain,
--     address, building, contact_person, manager, branch or region
-- column: value text not null -- What they have in common, empty for all
-- column: clients bigint not null -- Number of clients that have it
-- column: chance_clients double not null -- Of the empty value: with how many others a client
--     shares its value on average, between 0.02 and 1; 0 for other values
with client_values as (
    select
        unnest(make_array('tax_id', 'kpp', 'name', 'contact_person')) as attribute,
        unnest(make_array(tax_id, kpp, name_key, contact_person)) as value
    from client_identity
    union all
    select 'name_word' as attribute, unnest(name_words) as value
    from client_identity
    union all
    select 'phone' as attribute, unnest(phones) as value
    from client_identity
    union all
    select 'email' as attribute, unnest(emails) as value
    from client_identity
    union all
    select 'email_domain' as attribute, unnest(email_domains) as value
    from client_identity
    union all
    select 'address' as attribute, unnest(addresses) as value
    from client_identity
    union all
    select 'building' as attribute, unnest(buildings) as value
    from client_identity
    union all
    select
        unnest(make_array('manager', 'branch', 'region')) as attribute,
        nullif(unnest(make_array(manager, branch, region)), '(unknown)') as value
    from successor_sides
    where side = 'appeared'
),

counted as (
    select
        attribute,
        value,
        count(*) as clients
    from client_values
    where value is not null
    group by attribute, value
),

-- Both rows of an attribute come from one pass: every value counts for itself and for all.
summed as (
    select
        attribute,
        value,
        sum(clients) as clients,
        sum(clients * (clients - 1)) as shared_pairs
    from (
        select
            attribute,
            unnest(make_array(value, '')) as value,
            clients
        from counted
    ) as twice
    group by attribute, value
)

select
    attribute,
    value,
    clients,
    case
        when value = ''
            then least(
                cast(1 as double),
                greatest(cast(0.02 as double), cast(shared_pairs as double) / clients)
            )
        else cast(0 as double)
    end as chance_clients
from summed
where value = '' or clients > 1
