-- In every row phone, e-mail, both and neither make up the clients, and the values of a cut make up
-- the whole.
-- audits: contactability
-- reads:  contactability[all]
with totals as (
    select
        cut,
        sum(clients) as clients,
        sum(with_phone) as with_phone,
        sum(with_email) as with_email,
        sum(contactable) as contactable
    from contactability
    group by cut
),

whole as (
    select clients, with_phone, with_email, contactable
    from contactability
    where cut = 'all'
)

select
    cut,
    cut_value,
    with_phone + with_email - with_both + with_neither as expected_clients,
    clients,
    contactable
from contactability
where
    with_phone + with_email - with_both + with_neither <> clients
    or contactable > clients - with_neither
union all
select
    totals.cut,
    'all values' as cut_value,
    whole.clients as expected_clients,
    totals.clients,
    totals.contactable
from totals
cross join whole
where
    totals.clients <> whole.clients
    or totals.with_phone <> whole.with_phone
    or totals.with_email <> whole.with_email
    or totals.contactable <> whole.contactable
