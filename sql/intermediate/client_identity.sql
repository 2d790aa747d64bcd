-- One row per client of the master data or with a purchase: what it can be recognized by, written
-- so that two ways of writing the same thing are equal.
-- grain:  client_id
-- reads:  clients[all], client_turns[all]
-- column: client_id text not null -- Client, as in the master data or as the canonical client
-- column: client_name text -- Name to show: of the master data, or else of the last sale that names
--     it
-- column: name_key text -- Words of the name in the order of their text: lower case, without legal
--     form, in one alphabet; null when nothing is left
-- column: name_letters text -- The same words in the order of the name, without blanks
-- column: name_words text[] not null -- The same words, without initials
-- column: tax_id text -- Digits of the tax number; null with fewer than eight
-- column: kpp text -- Digits of the KPP
-- column: phones text[] not null -- Last ten digits of each phone
-- column: emails text[] not null -- E-mail addresses in lower case
-- column: email_domains text[] not null -- Their domains, without those that give out free mail
-- column: addresses text[] not null -- Both addresses: lower case, without words like street and
--     office, without postal code
-- column: buildings text[] not null -- The addresses up to their first number
-- column: contact_person text -- Words of the contact person in the order of their text
-- column: client_since date -- Day on which the master data got the client
-- column: closed_date date -- Day on which the company closed down
-- column: is_closed boolean not null -- The master data say that the company has closed down
-- column: is_in_master_data boolean not null -- The client has a card in the master data
with settings as (
    -- Anybody can have an address there: such a domain says nothing.
    select
        make_array(
            '163.com', 'aol.com', 'bk.kz', 'bk.ru', 'gmail.com', 'gmx.com', 'gmx.de',
            'googlemail.com', 'hotmail.com', 'icloud.com', 'inbox.kz', 'inbox.ru', 'internet.ru',
            'list.ru', 'live.com', 'lycos.ru', 'mail.com', 'mail.kz', 'mail.ru', 'me.com',
            'msn.com', 'narod.ru', 'outlook.com', 'pochta.ru', 'proton.me', 'protonmail.com',
            'qq.com', 'rambler.ru', 'tut.by', 'ukr.net', 'vk.com', 'web.de', 'xaker.ru', 'ya.ru',
            'yahoo.com', 'yandex.by', 'yandex.com', 'yandex.kz', 'yandex.ru', 'yandex.ua'
        ) as free_mail_domains
),

-- The name in the sales of the last turn; pairs of date and text leave no tie.
named as (
    select
        client_id,
        substr(max(concat(cast(month as text), turn, chr(31), client_name)), 11) as turn_and_name
    from client_turns
    where client_name is not null
    group by client_id
),

buyers as (
    select client_id
    from client_turns
    group by client_id
),

cards as (
    -- An audit refuses a client that stands twice; until then each column has one value.
    select
        client_id,
        max(client_name) as client_name,
        max(legal_name) as legal_name,
        max(tax_id) as tax_id,
        max(kpp) as kpp,
        max(phones) as phones,
        max(emails) as emails,
        max(address) as address,
        max(delivery_address) as delivery_address,
        max(contact_person) as contact_person,
        max(client_since) as client_since,
        max(closed_date) as closed_date,
        bool_or(coalesce(is_closed, false)) as is_closed
    from clients
    group by client_id
),

-- Exports in windows-1251 write a question mark for letters that it lacks: inside a word it is
-- taken for such a letter, and the name in the sales goes first.
everybody as (
    select
        coalesce(cards.client_id, buyers.client_id) as client_id,
        case
            when regexp_like(coalesce(cards.client_name, '?'), '\w\?\w|^\?')
                then coalesce(split_part(named.turn_and_name, chr(31), 2), cards.client_name)
            else cards.client_name
        end as card_name,
        cards.legal_name,
        cards.tax_id,
        cards.kpp,
        cards.phones,
        cards.emails,
        cards.address,
        cards.delivery_address,
        cards.contact_person,
        cards.client_since,
        cards.closed_date,
        coalesce(cards.is_closed, false) as is_closed,
        cards.client_id is not null as is_in_master_data
    from cards
    full join buyers
        on cards.client_id = buyers.client_id
    left join named
        on coalesce(cards.client_id, buyers.client_id) = named.client_id
),

-- Letters that are written in two ways become one: ё and е, the Kazakh letters as their neighbours.
plain as (
    select
        client_id,
        coalesce(card_name, legal_name) as client_name,
        translate(
            lower(coalesce(card_name, legal_name)), 'ёәғқңөұүһі', 'еагкноуухи'
        ) as plain_name,
        nullif(regexp_replace(tax_id, '\D', '', 'g'), '') as tax_digits,
        nullif(regexp_replace(kpp, '\s', '', 'g'), '') as kpp,
        -- Digits alone, then the last ten of each number; extensions, short numbers and numbers of
        -- one repeated digit are no phones.
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    translate(lower(coalesce(phones, '')), ';/|', ',,,'),
                    '(доб|вн|ext|#)[^,]*', '', 'g'
                ),
                '[^0-9,]', '', 'g'
            ),
            '\b[0-9]*([0-9]{10})\b', '$1', 'g'
        ) as phones,
        regexp_replace(
            translate(lower(coalesce(emails, '')), ';|<>', ',, '), '[\s,]+', ',', 'g'
        ) as emails,
        make_array(
            translate(lower(coalesce(address, '')), 'ёәғқңөұүһі', 'еагкноуухи'),
            translate(lower(coalesce(delivery_address, '')), 'ёәғқңөұүһі', 'еагкноуухи')
        ) as raw_addresses,
        translate(lower(contact_person), 'ё', 'е') as contact_person,
        client_since,
        closed_date,
        is_closed,
        is_in_master_data
    from everybody
),

-- The legal form, in words and in short, in Russian and in English, before or behind the name.
formless as (
    select
        client_id,
        regexp_replace(
            regexp_replace(
                plain_name,
                concat(
                    '\b(((публичн|непубличн|закрыт|открыт)ое )?акционерное общество',
                    '|(общество|товарищество) с (ограниченной|дополнительной) ответственностью',
                    '|индивидуальный предприниматель|частный предприниматель',
                    '|крестьянское \(?фермерское\)? хозяйство',
                    '|(федеральное |муниципальное )?(государственное |казенное )?',
                    '(бюджетное |автономное |унитарное )+(учреждение|предприятие)',
                    '|производственный кооператив|limited liability (company|partnership)',
                    '|joint stock company)\b'
                ),
                ' ', 'g'
            ),
            concat(
                '\b(ооо|одо|оао|зао|пао|нао|ао|ип|чп|пк|тоо|тдо|кфх|фгуп|фгбу|фку|мбу|мку|муп|гуп',
                '|гбу|гку|ано|нко|чуп|руп|сп|пбоюл|ooo|oao|zao|pao|ao|ip|too|tov|llc|llp|ltd',
                '|limited|inc|incorporated|corp|corporation|co|gmbh|ag|sa|srl|plc|jsc|ojsc|cjsc|oy|bv|lp)\b'
            ),
            ' ', 'g'
        ) as name
    from plain
),

-- One alphabet. Latin becomes Cyrillic, letters of two before single ones, and what the usual
-- transliterations confuse becomes one letter: ж and zh, х and kh, я and ya, й, ы and y.
latin_pairs as (
    select
        client_id,
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        replace(replace(replace(
            regexp_replace(regexp_replace(name, 'c([eiy])', 's$1', 'g'), '[''’`ʼ]', '', 'g'),
            'shch', 'ш'), 'sch', 'ш'), 'sh', 'ш'), 'ch', 'ч'), 'zh', 'ж'), 'kh', 'х'), 'ph', 'ф'),
            'ck', 'к'), 'ts', 'ц'), 'tz', 'ц'), 'ya', 'а'), 'ja', 'а'), 'yu', 'у'), 'ju', 'у'
        ) as name
    from formless
),

one_alphabet as (
    select
        client_id,
        translate(
            replace(replace(name, 'yo', 'е'), 'x', 'кс'),
            'abcdefghijklmnopqrstuvwyzйыщэяюъь',
            'абкдефгхийклмнопкрстуввизиишеау'
        ) as name
    from latin_pairs
),

single_letters as (
    select
        client_id,
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            name,
            'ии', 'и'), 'сс', 'с'), 'лл', 'л'), 'нн', 'н'), 'мм', 'м'), 'пп', 'п'), 'тт', 'т'),
            'рр', 'р'), 'кк', 'к'), 'фф', 'ф'), 'оо', 'о') as name
    from one_alphabet
),

name_texts as (
    select
        client_id,
        trim(regexp_replace(name, '[\W_]+', ' ', 'g')) as name
    from single_letters
),

-- Words of one letter are initials: they tell two people apart, and say nothing alone.
names as (
    select
        client_id,
        array_remove_all(string_to_array(name, ' '), '') as words,
        array_remove_all(
            string_to_array(
                trim(regexp_replace(regexp_replace(name, '\b\w\b', '', 'g'), ' +', ' ', 'g')), ' '
            ),
            ''
        ) as long_words
    from name_texts
),

-- Postal codes, and words that say what a number or a name is, are written or left out at will.
address_texts as (
    select
        client_id,
        array_to_string(raw_addresses, '|') as addresses
    from plain
),

address_words as (
    select
        client_id,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    addresses,
                    concat(
                        '\b([0-9]{6}|г|гор|город|ул|улица|д|дом|зд|здание|оф|офис|кв|квартира|к',
                        '|корп|корпус|стр|строение|пом|помещение|ком|комната|этаж|эт|лит|литера|пр',
                        '|пр-т|просп|проспект|пр-кт|пр-д|проезд|ш|шоссе|пер|переулок|б-р|бульвар',
                        '|наб|набережная|пл|площадь|мкр|микрорайон|обл|область|р-н|район|п|пос',
                        '|поселок|с|село|рф|россия|казахстан|рк|республика|склад|street|st',
                        '|building|bldg|office|of|room|warehouse|city|avenue|ave|road|rd)\b'
                    ),
                    ' ', 'g'
                ),
                '[^\w|]+', ' ', 'g'
            ),
            ' *(\||^|$) *', '$1', 'g'
        ) as addresses
    from address_texts
),

-- The address up to its first number is the building; without a number it is only a town.
address_lists as (
    select
        client_id,
        array_remove_all(
            string_to_array(
                regexp_replace(addresses, '(^|\|)[^0-9|]*(\||$)', '$1$2', 'g'), '|'
            ),
            ''
        ) as addresses,
        array_remove_all(
            string_to_array(
                regexp_replace(
                    regexp_replace(addresses, '(^|\|)[^0-9|]*(\||$)', '$1$2', 'g'),
                    '([^0-9|]*[0-9]+\w*)[^|]*', '$1', 'g'
                ),
                '|'
            ),
            ''
        ) as buildings
    from address_words
),

contact_lists as (
    select
        plain.client_id,
        array_remove_all(
            string_to_array(
                regexp_replace(plain.phones, '\b([0-9]{1,6}|0+|1+|9+)\b', '', 'g'), ','
            ),
            ''
        ) as phones,
        array_remove_all(
            string_to_array(regexp_replace(plain.emails, '(^|,)[^@,]*(,|$)', '$1$2', 'g'), ','), ''
        ) as emails,
        array_except(
            array_remove_all(
                string_to_array(
                    regexp_replace(
                        regexp_replace(plain.emails, '(^|,)[^@,]*(,|$)', '$1$2', 'g'),
                        '[^,]*@', '', 'g'
                    ),
                    ','
                ),
                ''
            ),
            settings.free_mail_domains
        ) as email_domains
    from settings
    cross join plain
)

select
    plain.client_id,
    plain.client_name,
    nullif(array_to_string(array_sort(array_distinct(names.words)), ' '), '') as name_key,
    nullif(array_to_string(names.words, ''), '') as name_letters,
    coalesce(array_sort(array_distinct(names.long_words)), arrow_cast(make_array(), 'List(Utf8)'))
        as name_words,
    case when character_length(plain.tax_digits) >= 8 then plain.tax_digits end as tax_id,
    plain.kpp,
    array_sort(array_distinct(contact_lists.phones)) as phones,
    array_sort(array_distinct(contact_lists.emails)) as emails,
    array_sort(array_distinct(contact_lists.email_domains)) as email_domains,
    array_sort(array_distinct(address_lists.addresses)) as addresses,
    array_sort(array_distinct(address_lists.buildings)) as buildings,
    nullif(
        array_to_string(
            array_sort(
                array_remove_all(
                    string_to_array(
                        regexp_replace(plain.contact_person, '[\W_]+', ' ', 'g'), ' '
                    ),
                    ''
                )
            ),
            ' '
        ),
        ''
    ) as contact_person,
    plain.client_since,
    plain.closed_date,
    plain.is_closed,
    plain.is_in_master_data
from plain
inner join names
    on plain.client_id = names.client_id
inner join address_lists
    on plain.client_id = address_lists.client_id
inner join contact_lists
    on plain.client_id = contact_lists.client_id
