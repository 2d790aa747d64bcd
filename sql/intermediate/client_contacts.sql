-- One row per client of the master data: whether and how it can be reached today.
-- grain:  client_id
-- reads:  clients[all], canonical_client[all]
-- column: client_id text not null -- Canonical client
-- column: is_known boolean not null -- The client itself is in the master data; otherwise only a
--     client that goes on as it
-- column: has_phone boolean not null -- A phone number with at least five digits is given
-- column: has_email boolean not null -- An e-mail address is given
-- column: is_closed boolean not null -- The company has closed down
-- column: do_not_contact boolean not null -- It, or a client that goes on as it, must not be
--     contacted
-- column: client_type text -- B2B or B2C
-- column: manager text -- Who is in charge of the client today
-- column: branch text -- Branch in charge of the client today
-- column: region text -- Region of the client today
with master_data as (
    select
        coalesce(canonical_client.canonical_client_id, clients.client_id) as client_id,
        canonical_client.client_id is null as is_itself,
        length(regexp_replace(coalesce(clients.phones, ''), '[^0-9]', '', 'g')) >= 5 as has_phone,
        regexp_like(coalesce(clients.emails, ''), '[^@[:space:]]@[^@[:space:]]') as has_email,
        coalesce(clients.is_closed, false) as is_closed,
        coalesce(clients.do_not_contact, false) as do_not_contact,
        clients.client_type,
        clients.manager,
        clients.branch,
        clients.region
    from clients
    left join canonical_client
        on clients.client_id = canonical_client.client_id
)

-- Phones of a company that was wound up reach nobody; its wish not to be called still holds.
select
    client_id,
    bool_or(is_itself) as is_known,
    bool_or(is_itself and has_phone) as has_phone,
    bool_or(is_itself and has_email) as has_email,
    bool_or(is_itself and is_closed) as is_closed,
    bool_or(do_not_contact) as do_not_contact,
    max(case when is_itself then client_type end) as client_type,
    max(case when is_itself then manager end) as manager,
    max(case when is_itself then branch end) as branch,
    max(case when is_itself then region end) as region
from master_data
group by client_id
