-- The clients of a campaign's month are those whom it first contacted then; of them are compared and
-- respond no more than there are, and the uplift is what is more than expected.
-- audits: campaign_uplift
-- reads:  campaign_uplift[0], interactions[-14..0], canonical_client[all]
with contact_months as (
    select
        interactions.month,
        interactions.campaign,
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id
    from interactions
    left join canonical_client
        on interactions.client_id = canonical_client.client_id
    where
        interactions.month >= cast($first_month as date) - interval '14 months'
        and interactions.month <= $last_month
        and interactions.kind = 'contact'
        and interactions.campaign is not null
    group by
        interactions.month,
        interactions.campaign,
        coalesce(canonical_client.canonical_client_id, interactions.client_id)
),

expected as (
    select
        contact_months.month,
        contact_months.campaign,
        count(*) as clients
    from contact_months
    left join contact_months as earlier
        on contact_months.campaign = earlier.campaign
        and contact_months.client_id = earlier.client_id
        and contact_months.month > earlier.month
        and contact_months.month <= earlier.month + interval '11 months'
    where
        earlier.client_id is null
        and contact_months.month >= cast($first_month as date) - interval '3 months'
        and contact_months.month <= cast($last_month as date) - interval '3 months'
    group by contact_months.month, contact_months.campaign
),

uplifts as (
    select
        month, campaign, contact_month, clients, clients_compared, responders,
        expected_responders, uplift_responders
    from campaign_uplift
    where month between $first_month and $last_month
)

select
    coalesce(uplifts.month, cast(expected.month + interval '3 months' as date)) as month,
    coalesce(uplifts.campaign, expected.campaign) as campaign,
    expected.clients as expected_clients,
    uplifts.clients,
    uplifts.clients_compared,
    uplifts.responders,
    uplifts.uplift_responders
from expected
full join uplifts
    on expected.month = uplifts.contact_month
    and expected.campaign = uplifts.campaign
where
    (expected.clients is distinct from uplifts.clients)
    or uplifts.month <> uplifts.contact_month + interval '3 months'
    or uplifts.clients_compared > uplifts.clients
    or uplifts.responders > uplifts.clients_compared
    or uplifts.expected_responders > uplifts.clients_compared
    or abs(uplifts.responders - uplifts.expected_responders - uplifts.uplift_responders) > 0.0001
