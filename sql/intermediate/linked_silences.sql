-- One row per client that goes on as another, by a confirmed link, and has bought nothing under its
-- own id for so long that it would be lost or dozing without the link: nobody is to call it.
-- grain:  client_id
-- reads:  linked_client_month[all], canonical_client[all], clients[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  lifecycle_active_days bigint
-- param:  lifecycle_b2b_active_days bigint
-- param:  lifecycle_b2c_active_days bigint
-- column: client_id text not null -- Client that goes on as another
-- column: client_name text -- Name in the master data
-- column: goes_on_as text not null -- The client at the end of its links
-- column: last_purchase_date date not null -- Last purchase day of its own
-- column: days_since_last_purchase bigint not null -- Days from it to the as-of date
-- column: months_silent bigint not null -- Months from the last purchase month to that of the as-of
--     date, as if it were over
-- column: manager text -- Manager of the master data
-- column: reason text not null -- By the kind of its own link: confirmed_dealer for a dealer, else
--     confirmed_successor
with as_of as (
    select
        -- Of the months of silence, that of the as-of date is no whole one until it is over.
        case
            when
                date_trunc('month', cast($as_of_date as date))
                = date_trunc('month', cast($as_of_date as date) + interval '1 day')
                then 1
            else 0
        end as unfinished_months,
        array_min(cast($churn_lost_after_months as bigint[])) as lost_after_months
),

cards as (
    select
        client_id,
        max(client_name) as client_name,
        max(client_type) as client_type,
        max(nullif(trim(manager), '')) as manager
    from clients
    group by client_id
),

linked_purchases as (
    select
        client_id,
        max(last_purchase_date) as last_purchase_date
    from linked_client_month
    group by client_id
),

silences as (
    select
        client_id,
        last_purchase_date,
        cast(cast($as_of_date as date) - last_purchase_date as bigint) as days_since_last_purchase,
        cast(
            date_part('year', cast($as_of_date as date)) * 12
            + date_part('month', cast($as_of_date as date))
            - date_part('year', last_purchase_date) * 12
            - date_part('month', last_purchase_date) as bigint
        ) as months_silent
    from linked_purchases
)

select
    silences.client_id,
    cards.client_name,
    canonical_client.canonical_client_id as goes_on_as,
    silences.last_purchase_date,
    silences.days_since_last_purchase,
    silences.months_silent,
    cards.manager,
    -- A dealer is another company, which the caller may ask about its customer.
    case
        when canonical_client.kind = 'dealer' then 'confirmed_dealer'
        else 'confirmed_successor'
    end as reason
from as_of
cross join silences
inner join canonical_client
    on silences.client_id = canonical_client.client_id
left join cards
    on silences.client_id = cards.client_id
where
    silences.days_since_last_purchase
    > case cards.client_type
        when 'B2B' then $lifecycle_b2b_active_days
        when 'B2C' then $lifecycle_b2c_active_days
        else $lifecycle_active_days
    end
    or silences.months_silent - as_of.unfinished_months >= as_of.lost_after_months
