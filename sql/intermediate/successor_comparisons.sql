-- One row per compared pair: in which degree each attribute of the two agrees, and how many clients
-- share what they have in common. A degree is null where one of them has no value: nothing follows.
-- grain:  label, silent_client_id, appeared_client_id
-- reads:  successor_pairs[all], successor_sides[all], client_identity[all], identity_values[all],
--     successor_baskets[all]
-- column: label text not null -- candidate, confirmed, self or random
-- column: silent_client_id text not null -- Client that fell silent
-- column: appeared_client_id text not null -- Client that appeared
-- column: tax_id text -- same or different
-- column: kpp text -- same or different
-- column: name text -- same, similar (one letter in five differs at most), shared_word or different
-- column: phone text -- same or different
-- column: email text -- same, same_domain (not of free mail) or different
-- column: address text -- same, same_building or different
-- column: contact_person text -- same or different
-- column: place text -- manager (the same one), branch, region or different, where both have a
--     manager
-- column: branch text -- same or different, where not both have a manager
-- column: region text -- same or different, where not both have a manager or a branch
-- column: basket text -- extreme, very_high, high, medium, low or none, by the two below
-- column: basket_millibits bigint -- How much less likely chance would find these products in both
--     baskets than one client that goes on: logarithm, in thousandths
-- column: basket_similarity double -- Part of both baskets that they have in common, rare products
--     counting more
-- column: rhythm text -- Purchases a month: same (up to 1.5 times), near (up to 3 times), different
-- column: size text -- Revenue a month: same (up to 2 times), near (up to 5 times), different
-- column: timing text -- overlap, within_45_days, within_105_days or later
-- column: gap_days bigint -- Days from the last purchase of the one to the first of the other
-- column: registration text -- new (entered into the master data when the other stopped) or older
-- column: tax_id_clients bigint -- Clients with that tax number; null where they differ, like below
-- column: kpp_clients bigint -- Clients with that KPP
-- column: name_clients bigint -- Clients with that name, or with that word
-- column: phone_clients bigint -- Clients with that phone
-- column: email_clients bigint -- Clients with that address or domain
-- column: address_clients bigint -- Clients with that address or building
-- column: contact_person_clients bigint -- Clients with that person
-- column: place_clients bigint -- Clients of that manager, branch or region
with settings as (
    select
        60000 as extreme_millibits,
        40000 as very_high_millibits,
        25000 as high_millibits,
        8000 as medium_millibits,
        3000 as low_millibits,
        120 as registration_days
),

paired as (
    select
        successor_pairs.label,
        successor_pairs.silent_client_id,
        successor_pairs.appeared_client_id,
        old.tax_id as old_tax_id,
        new.tax_id as new_tax_id,
        old.kpp as old_kpp,
        new.kpp as new_kpp,
        old.name_key as old_name_key,
        new.name_key as new_name_key,
        old.name_letters as old_name_letters,
        new.name_letters as new_name_letters,
        old.contact_person as old_contact_person,
        new.contact_person as new_contact_person,
        array_intersect(old.name_words, new.name_words) as words,
        array_intersect(old.phones, new.phones) as phones,
        array_intersect(old.emails, new.emails) as emails,
        array_intersect(old.email_domains, new.email_domains) as email_domains,
        array_intersect(old.addresses, new.addresses) as addresses,
        array_intersect(old.buildings, new.buildings) as buildings,
        array_length(old.phones) > 0 and array_length(new.phones) > 0 as have_phones,
        array_length(old.emails) > 0 and array_length(new.emails) > 0 as have_emails,
        array_length(old.addresses) > 0 and array_length(new.addresses) > 0 as have_addresses,
        new.client_since,
        silent.turn_date as silent_date,
        appeared.turn_date as appeared_date,
        silent.purchases as old_purchases,
        silent.months as old_months,
        silent.revenue as old_revenue,
        appeared.purchases as new_purchases,
        appeared.months as new_months,
        appeared.revenue as new_revenue,
        nullif(silent.manager, '(unknown)') as old_manager,
        nullif(silent.branch, '(unknown)') as old_branch,
        nullif(silent.region, '(unknown)') as old_region,
        nullif(appeared.manager, '(unknown)') as new_manager,
        nullif(appeared.branch, '(unknown)') as new_branch,
        nullif(appeared.region, '(unknown)') as new_region
    from successor_pairs
    inner join client_identity as old
        on successor_pairs.silent_client_id = old.client_id
    inner join client_identity as new
        on successor_pairs.appeared_client_id = new.client_id
    left join successor_sides as silent
        on successor_pairs.silent_client_id = silent.client_id
        and silent.side
            = case when successor_pairs.label = 'self' then 'continued' else 'silent' end
    left join successor_sides as appeared
        on successor_pairs.appeared_client_id = appeared.client_id and appeared.side = 'appeared'
),

graded as (
    select
        label,
        silent_client_id,
        appeared_client_id,
        case
            when old_tax_id = new_tax_id then 'same'
            when old_tax_id <> new_tax_id then 'different'
        end as tax_id,
        case when old_kpp = new_kpp then 'same' when old_kpp <> new_kpp then 'different' end as kpp,
        case
            when old_name_key = new_name_key or old_name_letters = new_name_letters then 'same'
            when
                greatest(character_length(old_name_letters), character_length(new_name_letters))
                >= greatest(5, 5 * levenshtein(old_name_letters, new_name_letters))
                then 'similar'
            when array_length(words) > 0 then 'shared_word'
            when old_name_key <> new_name_key then 'different'
        end as name,
        case
            when have_phones and array_length(phones) > 0 then 'same'
            when have_phones then 'different'
        end as phone,
        case
            when have_emails and array_length(emails) > 0 then 'same'
            when have_emails and array_length(email_domains) > 0 then 'same_domain'
            when have_emails then 'different'
        end as email,
        case
            when have_addresses and array_length(addresses) > 0 then 'same'
            when have_addresses and array_length(buildings) > 0 then 'same_building'
            when have_addresses then 'different'
        end as address,
        case
            when old_contact_person = new_contact_person then 'same'
            when old_contact_person <> new_contact_person then 'different'
        end as contact_person,
        case
            when old_manager = new_manager then 'manager'
            when old_manager is null or new_manager is null then null
            when old_branch = new_branch then 'branch'
            when old_region = new_region then 'region'
            else 'different'
        end as place,
        case
            when old_manager is not null and new_manager is not null then null
            when old_branch = new_branch then 'same'
            when old_branch <> new_branch then 'different'
        end as branch,
        case
            when old_manager is not null and new_manager is not null then null
            when old_branch is not null and new_branch is not null then null
            when old_region = new_region then 'same'
            when old_region <> new_region then 'different'
        end as region,
        case
            when old_purchases * new_months * 2 <= 3 * new_purchases * old_months
                and new_purchases * old_months * 2 <= 3 * old_purchases * new_months then 'same'
            when old_purchases * new_months <= 3 * new_purchases * old_months
                and new_purchases * old_months <= 3 * old_purchases * new_months then 'near'
            when old_purchases is not null and new_purchases is not null then 'different'
        end as rhythm,
        case
            when old_revenue * new_months <= 2 * new_revenue * old_months
                and new_revenue * old_months <= 2 * old_revenue * new_months then 'same'
            when old_revenue * new_months <= 5 * new_revenue * old_months
                and new_revenue * old_months <= 5 * old_revenue * new_months then 'near'
            when old_revenue is not null and new_revenue is not null then 'different'
        end as size,
        case
            when label in ('confirmed', 'self') then null
            when appeared_date < silent_date then 'overlap'
            when appeared_date - silent_date <= 45 then 'within_45_days'
            when appeared_date - silent_date <= 105 then 'within_105_days'
            when appeared_date is not null then 'later'
        end as timing,
        cast(appeared_date - silent_date as bigint) as gap_days,
        case
            when label in ('confirmed', 'self') then null
            when client_since >= silent_date - settings.registration_days then 'new'
            when client_since < silent_date - settings.registration_days then 'older'
        end as registration,
        old_tax_id,
        old_kpp,
        old_name_key,
        old_contact_person,
        old_manager,
        old_branch,
        old_region,
        words,
        phones,
        emails,
        email_domains,
        addresses,
        buildings
    from settings
    cross join paired
),

-- What the two have in common, of the degree that counts.
common_values as (
    select label, silent_client_id, appeared_client_id, 'tax_id' as attribute, old_tax_id as value
    from graded
    where tax_id = 'same'
    union all
    select label, silent_client_id, appeared_client_id, 'kpp' as attribute, old_kpp as value
    from graded
    where kpp = 'same'
    union all
    select label, silent_client_id, appeared_client_id, 'name' as attribute, old_name_key as value
    from graded
    where name = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, 'name_word' as attribute,
        unnest(words) as value
    from graded
    where name = 'shared_word'
    union all
    select
        label, silent_client_id, appeared_client_id, 'phone' as attribute, unnest(phones) as value
    from graded
    where phone = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, 'email' as attribute, unnest(emails) as value
    from graded
    where email = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, 'email_domain' as attribute,
        unnest(email_domains) as value
    from graded
    where email = 'same_domain'
    union all
    select
        label, silent_client_id, appeared_client_id, 'address' as attribute,
        unnest(addresses) as value
    from graded
    where address = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, 'building' as attribute,
        unnest(buildings) as value
    from graded
    where address = 'same_building'
    union all
    select
        label, silent_client_id, appeared_client_id, 'contact_person' as attribute,
        old_contact_person as value
    from graded
    where contact_person = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, place as attribute,
        case place when 'manager' then old_manager when 'branch' then old_branch else old_region end
            as value
    from graded
    where place <> 'different'
    union all
    select
        label, silent_client_id, appeared_client_id, 'branch' as attribute, old_branch as value
    from graded
    where branch = 'same'
    union all
    select
        label, silent_client_id, appeared_client_id, 'region' as attribute, old_region as value
    from graded
    where region = 'same'
),

-- The rarest of several counts; a value that stands in no list is of one client alone.
common_clients as (
    select
        label,
        silent_client_id,
        appeared_client_id,
        min(case when attribute = 'tax_id' then clients end) as tax_id_clients,
        min(case when attribute = 'kpp' then clients end) as kpp_clients,
        min(case when attribute in ('name', 'name_word') then clients end) as name_clients,
        min(case when attribute = 'phone' then clients end) as phone_clients,
        min(case when attribute in ('email', 'email_domain') then clients end) as email_clients,
        min(case when attribute in ('address', 'building') then clients end) as address_clients,
        min(case when attribute = 'contact_person' then clients end) as contact_person_clients,
        min(case when attribute in ('manager', 'branch', 'region') then clients end)
            as place_clients
    from (
        select
            common_values.label,
            common_values.silent_client_id,
            common_values.appeared_client_id,
            common_values.attribute,
            common_values.value,
            coalesce(identity_values.clients, 1) as clients
        from common_values
        left join identity_values
            on common_values.attribute = identity_values.attribute
            and common_values.value = identity_values.value
    ) as counted_values
    group by label, silent_client_id, appeared_client_id
)

-- Texts out of a join keep all the memory of its input, which is counted again for every batch that
-- is sorted: gigabytes that nobody uses. `concat` writes them anew.
select
    concat(graded.label, '') as label,
    concat(graded.silent_client_id, '') as silent_client_id,
    concat(graded.appeared_client_id, '') as appeared_client_id,
    graded.tax_id,
    graded.kpp,
    graded.name,
    graded.phone,
    graded.email,
    graded.address,
    graded.contact_person,
    graded.place,
    graded.branch,
    graded.region,
    case
        when
            successor_baskets.basket_millibits >= settings.extreme_millibits
            and successor_baskets.basket_similarity >= 0.4
            then 'extreme'
        when
            (
                successor_baskets.basket_millibits >= settings.very_high_millibits
                and successor_baskets.basket_similarity >= 0.3
            ) or (
                successor_baskets.basket_millibits >= settings.medium_millibits
                and successor_baskets.basket_similarity >= 0.6
            )
            then 'very_high'
        when
            (
                successor_baskets.basket_millibits >= settings.high_millibits
                and successor_baskets.basket_similarity >= 0.2
            ) or (
                successor_baskets.basket_millibits >= settings.medium_millibits
                and successor_baskets.basket_similarity >= 0.4
            )
            then 'high'
        when
            successor_baskets.basket_millibits >= settings.medium_millibits
            and successor_baskets.basket_similarity >= 0.2
            then 'medium'
        when successor_baskets.basket_millibits >= settings.low_millibits then 'low'
        when successor_baskets.basket_millibits is not null then 'none'
    end as basket,
    successor_baskets.basket_millibits,
    successor_baskets.basket_similarity,
    graded.rhythm,
    graded.size,
    graded.timing,
    graded.gap_days,
    graded.registration,
    common_clients.tax_id_clients,
    common_clients.kpp_clients,
    common_clients.name_clients,
    common_clients.phone_clients,
    common_clients.email_clients,
    common_clients.address_clients,
    common_clients.contact_person_clients,
    common_clients.place_clients
from settings
cross join graded
left join common_clients
    on graded.label = common_clients.label
    and graded.silent_client_id = common_clients.silent_client_id
    and graded.appeared_client_id = common_clients.appeared_client_id
left join successor_baskets
    on graded.label = successor_baskets.label
    and graded.silent_client_id = successor_baskets.silent_client_id
    and graded.appeared_client_id = successor_baskets.appeared_client_id
