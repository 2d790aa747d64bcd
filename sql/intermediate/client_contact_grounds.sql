-- One row per month and client with a ground for loss in its contacts that is in force at the end
-- of the month, leads included: a low nps, an open conflict, inquiries without a purchase.
-- grain:  month, client_id
-- reads:  client_lifecycle[0], interactions[..0], canonical_client[all]
-- param:  as_of_date date
-- param:  loss_low_nps_score bigint
-- param:  loss_inquiries bigint
-- column: month date not null -- Calendar month, written as its first day
-- column: client_id text not null -- Canonical client, or a lead who never bought
-- column: low_nps boolean not null -- The last nps answer of the last 12 months is low
-- column: nps_score bigint -- That answer, low or not; null without one
-- column: nps_date date -- Its day
-- column: open_conflict boolean not null -- A conflict is open, of any age
-- column: open_conflicts bigint not null -- How many are
-- column: conflict_date date -- Day on which the oldest of them began
-- column: asked_without_buying boolean not null -- As many inquiries since the last purchase, in
--     the last 12 months, as make a ground
-- column: inquiries bigint not null -- These inquiries
-- column: last_inquiry_date date -- Day of the last of them
with contacts as (
    select
        interactions.month,
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
        interactions.interaction_date,
        interactions.kind,
        interactions.score,
        interactions.resolved_date
    from interactions
    left join canonical_client
        on interactions.client_id = canonical_client.client_id
    where
        interactions.month <= $last_month
        and interactions.interaction_date <= $as_of_date
        and interactions.kind in ('nps', 'conflict', 'inquiry')
),

numbered_contacts as (
    select
        client_id,
        interaction_date,
        kind,
        score,
        resolved_date,
        cast(date_part('year', month) * 12 + date_part('month', month) - 1 as bigint)
            as month_number
    from contacts
),

-- Answers and inquiries count for 12 months, a conflict until it is settled.
contact_months as (
    select
        client_id,
        interaction_date,
        kind,
        score,
        resolved_date,
        unnest(
            range(
                greatest(
                    month_number,
                    cast(
                        date_part('year', cast($first_month as date)) * 12
                        + date_part('month', cast($first_month as date)) - 1 as bigint
                    )
                ),
                least(
                    case
                        when kind <> 'conflict' then month_number + 12
                        when resolved_date is not null
                            then cast(
                                date_part('year', resolved_date) * 12
                                + date_part('month', resolved_date) as bigint
                            )
                        else 120000
                    end,
                    cast(
                        date_part('year', cast($last_month as date)) * 12
                        + date_part('month', cast($last_month as date)) as bigint
                    )
                )
            )
        ) as month_number
    from numbered_contacts
),

dated_contacts as (
    select
        make_date(cast(month_number / 12 as int), cast(month_number % 12 + 1 as int), 1) as month,
        client_id,
        interaction_date,
        kind,
        score,
        resolved_date
    from contact_months
),

contacts_at_month_end as (
    select
        dated_contacts.month,
        dated_contacts.client_id,
        dated_contacts.interaction_date,
        dated_contacts.kind,
        dated_contacts.score
    from dated_contacts
    left join client_lifecycle
        on dated_contacts.client_id = client_lifecycle.client_id
        and dated_contacts.month = client_lifecycle.month
        and client_lifecycle.month between $first_month and $last_month
    where
        case
            when dated_contacts.kind = 'conflict'
                then dated_contacts.resolved_date is null
                    or dated_contacts.resolved_date > least(
                        cast(
                            dated_contacts.month + interval '1 month' - interval '1 day' as date
                        ),
                        $as_of_date
                    )
            when dated_contacts.kind = 'inquiry'
                then client_lifecycle.last_purchase_date is null
                    or dated_contacts.interaction_date > client_lifecycle.last_purchase_date
            else dated_contacts.score is not null
        end
),

-- Of several answers on one day the lowest counts: day and the complement of the score are packed
-- into one number, so that its maximum leaves no tie.
clients as (
    select
        month,
        client_id,
        max(
            case
                when kind = 'nps'
                    then cast(interaction_date - date '1970-01-01' as bigint) * 100 + 99 - score
            end
        ) as last_nps,
        sum(case when kind = 'conflict' then 1 else 0 end) as open_conflicts,
        min(case when kind = 'conflict' then interaction_date end) as conflict_date,
        sum(case when kind = 'inquiry' then 1 else 0 end) as inquiries,
        max(case when kind = 'inquiry' then interaction_date end) as last_inquiry_date
    from contacts_at_month_end
    group by month, client_id
),

judged as (
    select
        clients.month,
        clients.client_id,
        coalesce(99 - clients.last_nps % 100 <= $loss_low_nps_score, false) as low_nps,
        99 - clients.last_nps % 100 as nps_score,
        date '1970-01-01' + cast(clients.last_nps / 100 as int) as nps_date,
        clients.open_conflicts > 0 as open_conflict,
        clients.open_conflicts,
        clients.conflict_date,
        clients.inquiries >= $loss_inquiries as asked_without_buying,
        clients.inquiries,
        clients.last_inquiry_date
    from clients
)

select
    month,
    client_id,
    low_nps,
    nps_score,
    nps_date,
    open_conflict,
    open_conflicts,
    conflict_date,
    asked_without_buying,
    inquiries,
    last_inquiry_date
from judged
where low_nps or open_conflict or asked_without_buying
