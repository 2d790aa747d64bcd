-- Contacts and costs of every campaign are those of the feeds in the 12 months, its costs add up,
-- and nobody responds who was not contacted.
-- audits: campaign_economics
-- reads:  campaign_economics[0], interactions[-11..0], costs[-11..0]
with feed_rows as (
    select month, campaign, 1 as contacts, 0 as amount
    from interactions
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and kind = 'contact'
        and campaign is not null
    union all
    select month, campaign, 0 as contacts, amount
    from costs
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and campaign is not null
),

windows as (
    select
        unnest(
            generate_series(
                greatest(month, cast($first_month as date)),
                least(cast(month + interval '11 months' as date), cast($last_month as date)),
                interval '1 month'
            )
        ) as month,
        campaign,
        contacts,
        amount
    from feed_rows
),

expected as (
    select
        cast(month as date) as month,
        campaign,
        sum(contacts) as contacts,
        sum(amount) as cost
    from windows
    group by month, campaign
),

campaigns as (
    select
        month, campaign, contacts, clients, responders,
        contact_cost, incentive_cost, acquisition_cost, cost
    from campaign_economics
    where month between $first_month and $last_month
)

select
    coalesce(expected.month, campaigns.month) as month,
    coalesce(expected.campaign, campaigns.campaign) as campaign,
    expected.contacts as expected_contacts,
    campaigns.contacts,
    expected.cost as expected_cost,
    campaigns.cost,
    campaigns.clients,
    campaigns.responders
from expected
full join campaigns
    on expected.month = campaigns.month
    and expected.campaign = campaigns.campaign
where
    expected.campaign is null
    or campaigns.campaign is null
    or expected.contacts <> campaigns.contacts
    or expected.cost <> campaigns.cost
    or campaigns.contact_cost + campaigns.incentive_cost + campaigns.acquisition_cost
    <> campaigns.cost
    or campaigns.responders > campaigns.clients
