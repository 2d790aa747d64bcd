-- One row per cut and its value: how many of the clients who have ever bought can be reached, by
-- the master data of today.
-- grain:  cut, cut_value
-- reads:  client_state[all], client_lifecycle[all], client_contacts[all]
-- param:  as_of_date date
-- column: cut text not null -- all, manager, branch, region or segment
-- column: cut_value text not null -- Manager, branch and region in charge today, where the master
--     data name one, otherwise of the last purchase; segment of client_lifecycle
-- column: clients bigint not null -- Clients who have ever bought
-- column: not_in_master_data bigint not null -- Those of them whom the master data do not know
-- column: with_phone bigint not null -- Clients with a phone number
-- column: with_email bigint not null -- Clients with an e-mail address
-- column: with_both bigint not null -- Clients with both
-- column: with_neither bigint not null -- Clients with neither
-- column: phone_share double not null -- with_phone divided by clients
-- column: email_share double not null -- with_email divided by clients
-- column: closed bigint not null -- Clients that have closed down
-- column: do_not_contact bigint not null -- Clients who must not be contacted
-- column: contactable bigint not null -- Clients with a phone or e-mail who have not closed down
--     and may be contacted
-- column: contactable_share double not null -- contactable divided by clients
with clients_now as (
    select
        coalesce(client_contacts.manager, client_state.manager) as manager,
        coalesce(client_contacts.branch, client_state.branch) as branch,
        coalesce(client_contacts.region, client_state.region) as region,
        client_lifecycle.segment,
        coalesce(client_contacts.is_known, false) as is_known,
        coalesce(client_contacts.has_phone, false) as has_phone,
        coalesce(client_contacts.has_email, false) as has_email,
        coalesce(client_contacts.is_closed, false) as is_closed,
        coalesce(client_contacts.do_not_contact, false) as do_not_contact
    from client_state
    inner join client_lifecycle
        on client_state.client_id = client_lifecycle.client_id
        and client_lifecycle.month = cast(date_trunc('month', $as_of_date) as date)
    left join client_contacts
        on client_state.client_id = client_contacts.client_id
    where client_state.month = cast(date_trunc('month', $as_of_date) as date)
),

client_cuts as (
    select
        cuts.cut,
        case cuts.cut
            when 'manager' then clients_now.manager
            when 'branch' then clients_now.branch
            when 'region' then clients_now.region
            when 'segment' then clients_now.segment
            else 'all'
        end as cut_value,
        clients_now.is_known,
        clients_now.has_phone,
        clients_now.has_email,
        clients_now.is_closed,
        clients_now.do_not_contact
    from (
        values ('all'), ('manager'), ('branch'), ('region'), ('segment')
    ) as cuts (cut)
    cross join clients_now
),

counts as (
    select
        cut,
        cut_value,
        count(*) as clients,
        sum(case when is_known then 0 else 1 end) as not_in_master_data,
        sum(case when has_phone then 1 else 0 end) as with_phone,
        sum(case when has_email then 1 else 0 end) as with_email,
        sum(case when has_phone and has_email then 1 else 0 end) as with_both,
        sum(case when has_phone or has_email then 0 else 1 end) as with_neither,
        sum(case when is_closed then 1 else 0 end) as closed,
        sum(case when do_not_contact then 1 else 0 end) as do_not_contact,
        sum(
            case
                when (has_phone or has_email) and not is_closed and not do_not_contact then 1
                else 0
            end
        ) as contactable
    from client_cuts
    group by cut, cut_value
)

select
    cut,
    cut_value,
    clients,
    not_in_master_data,
    with_phone,
    with_email,
    with_both,
    with_neither,
    cast(with_phone as double) / clients as phone_share,
    cast(with_email as double) / clients as email_share,
    closed,
    do_not_contact,
    contactable,
    cast(contactable as double) / clients as contactable_share
from counts
