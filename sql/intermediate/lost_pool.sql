-- One row per months of silence and client who is lost on the as-of date, after N whole months that
-- are over: when it was lost, what it had bought, and whether it may be called.
-- grain:  lost_after_months, client_id
-- reads:  client_state[all], lost_clients[all], client_contacts[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss
-- column: client_id text not null -- Canonical client
-- column: lost_month date not null -- Month of the loss
-- column: last_purchase_date date not null -- Last purchase day
-- column: months_silent bigint not null -- Months from the month of the last purchase to that of
--     the as-of date, as if it were over
-- column: purchases bigint not null -- Lifetime purchase days
-- column: revenue_12m_before decimal(28,4) not null -- Revenue net of returns in the 12 months
--     ending with the month of the last purchase
-- column: manager text not null -- Manager of the last purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
-- column: is_in_master_data boolean not null -- The master data know the client
-- column: is_closed boolean not null -- The company has closed down, by the master data
-- column: do_not_contact boolean not null -- The client must not be contacted
-- column: has_phone boolean not null -- The master data hold a phone number
-- column: has_email boolean not null -- The master data hold an e-mail address
with silent as (
    select
        client_id,
        last_purchase_date,
        last_purchase_month,
        months_since_last_purchase,
        purchases,
        manager,
        department,
        branch,
        region,
        channel,
        unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    from client_state
    where month = cast(date_trunc('month', $as_of_date) as date)
)

select
    silent.lost_after_months,
    silent.client_id,
    lost_clients.month as lost_month,
    silent.last_purchase_date,
    silent.months_since_last_purchase as months_silent,
    silent.purchases,
    lost_clients.revenue_12m_before,
    silent.manager,
    silent.department,
    silent.branch,
    silent.region,
    silent.channel,
    coalesce(client_contacts.is_known, false) as is_in_master_data,
    coalesce(client_contacts.is_closed, false) as is_closed,
    coalesce(client_contacts.do_not_contact, false) as do_not_contact,
    coalesce(client_contacts.has_phone, false) as has_phone,
    coalesce(client_contacts.has_email, false) as has_email
from silent
-- A client may have been lost before; the loss of its last purchase is the one that stands.
inner join lost_clients
    on silent.client_id = lost_clients.client_id
    and silent.lost_after_months = lost_clients.lost_after_months
    and silent.last_purchase_date = lost_clients.last_purchase_date
left join client_contacts
    on silent.client_id = client_contacts.client_id
-- A month that is not over is no whole month of silence: who may still buy in it is not lost yet.
where
    silent.months_since_last_purchase
    - case
        when date_trunc('month', $as_of_date) = date_trunc('month', $as_of_date + interval '1 day')
            then 1
        else 0
    end >= silent.lost_after_months
