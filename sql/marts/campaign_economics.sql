-- One row per month and campaign with contacts or costs in the 12 months ending with the month:
-- whom it reached, who bought within 90 days, what that brought and what it cost, as known then.
-- grain:  month, campaign
-- reads:  interactions[-11..0], costs[-11..0], sales[-11..0], canonical_client[all],
--     campaign_uplift[-8..0]
-- param:  as_of_date date
-- param:  campaign_response_days bigint
-- column: month date not null -- Calendar month at whose end this is known
-- column: campaign text not null -- Campaign, as interactions and costs name it
-- column: first_contact_date date -- First contact of the 12 months; null without contacts
-- column: last_contact_date date -- Last contact of the 12 months
-- column: contacts bigint not null -- Contacts of the campaign
-- column: clients bigint not null -- Clients contacted, each once
-- column: responders bigint not null -- Those of them who bought on a day from their first contact
--     to 90 days after it
-- column: response_rate double -- Responders divided by clients; null without clients
-- column: revenue decimal(28,4) not null -- Revenue of their documents of these days, returns not
--     subtracted
-- column: profit decimal(28,4) -- Profit of these documents; null when no cost of goods is known
-- column: contact_cost decimal(28,4) not null -- Costs of kind contact
-- column: incentive_cost decimal(28,4) not null -- Costs of kind incentive
-- column: acquisition_cost decimal(28,4) not null -- Costs of kind acquisition
-- column: cost decimal(28,4) not null -- All three
-- column: cost_per_contact double -- contact_cost divided by contacts; null without contacts
-- column: cost_per_responder double -- Cost divided by responders; null without responders
-- column: net_profit decimal(28,4) -- Profit minus cost; null when the profit is not known
-- column: return_on_cost double -- Net profit divided by cost; null without cost
-- column: clients_compared bigint not null -- Of the clients, those of campaign_uplift whose 90 days
--     are known and of whom clients alike were not contacted
-- column: uplift_responders decimal(28,4) -- How many more of them bought than of the clients alike;
--     null until something is known
-- column: uplift_profit decimal(28,4) -- Profit that they brought beyond what was to be expected
-- column: uplift_net_profit decimal(28,4) -- uplift_profit minus cost, where all contacted clients
--     are old enough; who cannot be compared brings nothing here
-- column: is_finished boolean not null -- The 90 days of the last contact are over
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with contact_days as (
    select
        interactions.month,
        interactions.campaign,
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
        interactions.interaction_date
    from interactions
    left join canonical_client
        on interactions.client_id = canonical_client.client_id
    where
        interactions.month >= cast($first_month as date) - interval '11 months'
        and interactions.month <= $last_month
        and interactions.kind = 'contact'
        and interactions.campaign is not null
),

-- A contact belongs to the window of its own month and of the eleven that follow.
contact_windows as (
    select
        unnest(
            generate_series(
                greatest(month, cast($first_month as date)),
                least(cast(month + interval '11 months' as date), cast($last_month as date)),
                interval '1 month'
            )
        ) as month,
        campaign,
        client_id,
        interaction_date
    from contact_days
),

contacted as (
    select
        cast(month as date) as month,
        campaign,
        client_id,
        min(interaction_date) as first_contact_date,
        max(interaction_date) as last_contact_date,
        count(*) as contacts
    from contact_windows
    group by month, campaign, client_id
),

contacted_clients as (
    select client_id
    from contact_days
    group by client_id
),

-- Canonical clients under all their names.
contacted_names as (
    select
        client_id as source_client_id,
        client_id
    from contacted_clients
    union all
    select
        canonical_client.client_id as source_client_id,
        canonical_client.canonical_client_id as client_id
    from canonical_client
    inner join contacted_clients
        on canonical_client.canonical_client_id = contacted_clients.client_id
),

-- A document is dated by its first purchase day.
documents as (
    select
        sales.month,
        contacted_names.client_id,
        min(case when sales.is_purchase then sales.sale_date end) as purchase_date,
        sum(sales.revenue) as revenue,
        sum(sales.revenue - sales.cost) as profit
    from contacted_names
    inner join sales
        on contacted_names.source_client_id = sales.client_id
        and sales.month >= cast($first_month as date) - interval '11 months'
        and sales.month <= $last_month
    group by
        sales.month,
        contacted_names.client_id,
        sales.client_id,
        sales.source,
        coalesce(sales.document_id, cast(sales.sale_date as text))
),

responses as (
    select
        contacted.month,
        contacted.campaign,
        contacted.client_id,
        sum(documents.revenue) as revenue,
        sum(documents.profit) as profit
    from contacted
    inner join documents
        on contacted.client_id = documents.client_id
        and documents.month <= contacted.month
        and documents.purchase_date >= contacted.first_contact_date
        and cast(documents.purchase_date - contacted.first_contact_date as bigint)
        <= $campaign_response_days
    group by contacted.month, contacted.campaign, contacted.client_id
),

reached as (
    select
        contacted.month,
        contacted.campaign,
        min(contacted.first_contact_date) as first_contact_date,
        max(contacted.last_contact_date) as last_contact_date,
        sum(contacted.contacts) as contacts,
        count(*) as clients,
        count(responses.client_id) as responders,
        sum(responses.revenue) as revenue,
        sum(responses.profit) as profit
    from contacted
    left join responses
        on contacted.month = responses.month
        and contacted.campaign = responses.campaign
        and contacted.client_id = responses.client_id
    group by contacted.month, contacted.campaign
),

cost_windows as (
    select
        unnest(
            generate_series(
                greatest(month, cast($first_month as date)),
                least(cast(month + interval '11 months' as date), cast($last_month as date)),
                interval '1 month'
            )
        ) as month,
        campaign,
        kind,
        amount
    from costs
    where
        month >= cast($first_month as date) - interval '11 months'
        and month <= $last_month
        and campaign is not null
),

spent as (
    select
        cast(month as date) as month,
        campaign,
        sum(case when kind = 'contact' then amount else 0 end) as contact_cost,
        sum(case when kind = 'incentive' then amount else 0 end) as incentive_cost,
        sum(case when kind = 'acquisition' then amount else 0 end) as acquisition_cost,
        sum(amount) as cost
    from cost_windows
    group by month, campaign
),

uplift_windows as (
    select
        unnest(
            generate_series(
                greatest(month, cast($first_month as date)),
                least(cast(month + interval '8 months' as date), cast($last_month as date)),
                interval '1 month'
            )
        ) as month,
        campaign,
        clients,
        clients_compared,
        responders,
        uplift_responders,
        uplift_profit
    from campaign_uplift
    where month >= cast($first_month as date) - interval '8 months' and month <= $last_month
),

uplifts as (
    select
        cast(month as date) as month,
        campaign,
        sum(clients) as clients,
        sum(clients_compared) as clients_compared,
        sum(case when clients_compared > 0 then uplift_responders end) as uplift_responders,
        -- A month of contacts whose profit is not known leaves the whole unknown.
        case
            when
                bool_and(clients_compared = 0 or uplift_profit is not null)
                then sum(case when clients_compared > 0 then uplift_profit end)
        end as uplift_profit
    from uplift_windows
    group by month, campaign
),

campaigns as (
    select
        coalesce(reached.month, spent.month) as month,
        coalesce(reached.campaign, spent.campaign) as campaign,
        reached.first_contact_date,
        reached.last_contact_date,
        coalesce(reached.contacts, 0) as contacts,
        coalesce(reached.clients, 0) as clients,
        coalesce(reached.responders, 0) as responders,
        coalesce(reached.revenue, 0) as revenue,
        -- Where nobody bought, the profit is known: there is none.
        case
            when coalesce(reached.responders, 0) = 0 then cast(0 as decimal(28, 4))
            else reached.profit
        end as profit,
        coalesce(spent.contact_cost, 0) as contact_cost,
        coalesce(spent.incentive_cost, 0) as incentive_cost,
        coalesce(spent.acquisition_cost, 0) as acquisition_cost,
        coalesce(spent.cost, 0) as cost
    from reached
    full join spent
        on reached.month = spent.month
        and reached.campaign = spent.campaign
)

select
    campaigns.month,
    campaigns.campaign,
    campaigns.first_contact_date,
    campaigns.last_contact_date,
    campaigns.contacts,
    campaigns.clients,
    campaigns.responders,
    cast(campaigns.responders as double) / nullif(campaigns.clients, 0) as response_rate,
    cast(campaigns.revenue as decimal(28, 4)) as revenue,
    cast(campaigns.profit as decimal(28, 4)) as profit,
    cast(campaigns.contact_cost as decimal(28, 4)) as contact_cost,
    cast(campaigns.incentive_cost as decimal(28, 4)) as incentive_cost,
    cast(campaigns.acquisition_cost as decimal(28, 4)) as acquisition_cost,
    cast(campaigns.cost as decimal(28, 4)) as cost,
    cast(campaigns.contact_cost as double) / nullif(campaigns.contacts, 0) as cost_per_contact,
    cast(campaigns.cost as double) / nullif(campaigns.responders, 0) as cost_per_responder,
    cast(campaigns.profit - campaigns.cost as decimal(28, 4)) as net_profit,
    cast(campaigns.profit - campaigns.cost as double)
    / nullif(cast(campaigns.cost as double), 0) as return_on_cost,
    coalesce(uplifts.clients_compared, 0) as clients_compared,
    cast(uplifts.uplift_responders as decimal(28, 4)) as uplift_responders,
    cast(uplifts.uplift_profit as decimal(28, 4)) as uplift_profit,
    cast(
        case
            when uplifts.clients >= campaigns.clients then uplifts.uplift_profit - campaigns.cost
        end
        as decimal(28, 4)
    ) as uplift_net_profit,
    coalesce(
        cast(
            least(
                cast(campaigns.month + interval '1 month' - interval '1 day' as date), $as_of_date
            ) - campaigns.last_contact_date
            as bigint
        ) >= $campaign_response_days,
        true
    ) as is_finished,
    campaigns.month + interval '1 month' - interval '1 day' > $as_of_date as is_partial
from campaigns
left join uplifts
    on campaigns.month = uplifts.month
    and campaigns.campaign = uplifts.campaign
