-- One row per campaign and month of its first contacts, in the third month after it, when what
-- followed is known; how many of the contacted bought, and how many of clients alike whom nobody
-- contacted.
-- grain:  month, campaign
-- reads:  interactions[-14..0], client_lifecycle[-4], client_class[-4], purchase_month[-3..0],
--     sales[-3..0], canonical_client[all]
-- param:  as_of_date date
-- param:  campaign_response_days bigint
-- column: month date not null -- The third month after that of the contacts
-- column: campaign text not null -- Campaign, as interactions name it
-- column: contact_month date not null -- Month of the contacts
-- column: clients bigint not null -- Clients contacted in it, and not by the campaign in the 11
--     months before
-- column: clients_compared bigint not null -- Of these, clients who had not bought in the month
--     before their contact, and of whom at least ten clients alike were not contacted
-- column: comparable bigint not null -- Clients alike with whom they are compared: nobody contacted
--     them from two months before the contacts to the end of the month
-- column: responders bigint not null -- Of clients_compared, who bought on a day from the contact to
--     90 days after it
-- column: response_rate double -- responders divided by clients_compared
-- column: expected_responders decimal(28,4) not null -- How many would have bought in these days if
--     they had done as the clients alike did
-- column: expected_rate double -- expected_responders divided by clients_compared
-- column: uplift_responders decimal(28,4) not null -- responders minus expected_responders
-- column: uplift_rate double -- uplift_responders divided by clients_compared
-- column: uplift_rate_low double -- Lower end of its 95 % interval
-- column: uplift_rate_high double -- Upper end of it
-- column: revenue decimal(28,4) not null -- Revenue of the documents of responders in these days,
--     returns not subtracted
-- column: profit decimal(28,4) -- Profit of these documents; null when no cost of goods is known
-- column: uplift_revenue decimal(28,4) -- revenue times uplift_responders divided by responders;
--     null without responders
-- column: uplift_profit decimal(28,4) -- profit times the same
-- column: is_partial boolean not null -- The month is not finished at the as-of date
with settings as (
    select
        cast($campaign_response_days as bigint) as response_days,
        10 as least_comparable,
        cast(1.96 as double) as z
),

contact_days as (
    select
        interactions.month,
        interactions.campaign,
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
        min(interactions.interaction_date) as contact_date
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

contact_months as (
    select
        month,
        campaign,
        client_id,
        contact_date,
        lag(month) over (partition by campaign, client_id order by month) as previous_month
    from contact_days
),

waves as (
    select
        month as contact_month,
        campaign,
        client_id,
        contact_date
    from contact_months
    where
        month >= cast($first_month as date) - interval '3 months'
        and month <= cast($last_month as date) - interval '3 months'
        and (previous_month is null or month > previous_month + interval '11 months')
),

wave_months as (
    select contact_month
    from waves
    group by contact_month
),

-- Whom any campaign contacts meanwhile, or contacted shortly before, is nobody to compare with.
contacted as (
    select
        wave_months.contact_month,
        contact_days.client_id
    from wave_months
    cross join contact_days
    where
        contact_days.month >= wave_months.contact_month - interval '2 months'
        and contact_days.month <= wave_months.contact_month + interval '3 months'
    group by wave_months.contact_month, contact_days.client_id
),

next_purchases as (
    select
        wave_months.contact_month,
        purchase_month.client_id,
        min(purchase_month.first_purchase_date) as next_purchase_date
    from wave_months
    cross join purchase_month
    where
        purchase_month.month >= cast($first_month as date) - interval '3 months'
        and purchase_month.month <= $last_month
        and purchase_month.month >= wave_months.contact_month
        and purchase_month.month <= wave_months.contact_month + interval '3 months'
    group by wave_months.contact_month, purchase_month.client_id
),

-- Alike are clients of the same number of purchases, class and silence when the month began.
classes as (
    select
        wave_months.contact_month,
        client_lifecycle.client_id,
        client_lifecycle.count_segment,
        client_class.abc,
        case
            when client_lifecycle.days_since_last_purchase <= 90 then '90'
            when client_lifecycle.days_since_last_purchase <= 180 then '180'
            when client_lifecycle.days_since_last_purchase <= 365 then '365'
            when client_lifecycle.days_since_last_purchase <= 730 then '730'
            else 'longer'
        end as silence
    from wave_months
    inner join client_lifecycle
        on wave_months.contact_month = client_lifecycle.month + interval '1 month'
    inner join client_class
        on client_lifecycle.client_id = client_class.client_id
        and client_lifecycle.month = client_class.month
        and client_class.month >= cast($first_month as date) - interval '4 months'
        and client_class.month <= cast($last_month as date) - interval '4 months'
    where
        client_lifecycle.month >= cast($first_month as date) - interval '4 months'
        and client_lifecycle.month <= cast($last_month as date) - interval '4 months'
),

population as (
    select
        classes.contact_month,
        classes.client_id,
        classes.count_segment,
        classes.abc,
        classes.silence,
        next_purchases.next_purchase_date,
        contacted.client_id is not null as is_contacted
    from classes
    left join next_purchases
        on classes.contact_month = next_purchases.contact_month
        and classes.client_id = next_purchases.client_id
    left join contacted
        on classes.contact_month = contacted.contact_month
        and classes.client_id = contacted.client_id
),

-- Who bought in the month before the day of a contact was not as it had been when the month began,
-- on either side. So the day of the next purchase is all that need be known of the others.
others as (
    select
        contact_month,
        count_segment,
        abc,
        silence,
        next_purchase_date,
        count(*) as clients
    from population
    where not is_contacted
    group by contact_month, count_segment, abc, silence, next_purchase_date
),

members as (
    select
        waves.contact_month,
        waves.campaign,
        waves.client_id,
        waves.contact_date,
        population.count_segment,
        population.abc,
        population.silence,
        coalesce(
            cast(population.next_purchase_date - waves.contact_date as bigint)
            <= settings.response_days,
            false
        ) as is_responder
    from settings
    cross join waves
    inner join population
        on waves.contact_month = population.contact_month
        and waves.client_id = population.client_id
    where
        population.next_purchase_date is null
        or population.next_purchase_date >= waves.contact_date
),

-- Where too few are alike, those of all classes are, and then those of all silences beyond 90 days.
other_strata as (
    select
        levels.level,
        others.contact_month,
        case
            when levels.level = 1 then concat_ws(' ', others.count_segment, silence, abc)
            when levels.level = 2 then concat_ws(' ', others.count_segment, silence)
            when others.silence = '90' then concat_ws(' ', others.count_segment, silence)
            else concat_ws(' ', others.count_segment, 'beyond')
        end as stratum,
        others.next_purchase_date,
        others.clients
    from (values (1), (2), (3)) as levels (level)
    cross join others
),

member_strata as (
    select
        levels.level,
        members.contact_month,
        members.campaign,
        members.client_id,
        members.contact_date,
        members.is_responder,
        case
            when levels.level = 1 then concat_ws(' ', members.count_segment, silence, abc)
            when levels.level = 2 then concat_ws(' ', members.count_segment, silence)
            when members.silence = '90' then concat_ws(' ', members.count_segment, silence)
            else concat_ws(' ', members.count_segment, 'beyond')
        end as stratum
    from (values (1), (2), (3)) as levels (level)
    cross join members
),

contact_cells as (
    select level, contact_month, stratum, contact_date
    from member_strata
    group by level, contact_month, stratum, contact_date
),

cells as (
    select
        contact_cells.level,
        contact_cells.contact_month,
        contact_cells.stratum,
        contact_cells.contact_date,
        sum(other_strata.clients) as comparable,
        sum(
            case
                when
                    cast(other_strata.next_purchase_date - contact_cells.contact_date as bigint)
                    <= settings.response_days
                    then other_strata.clients
                else 0
            end
        ) as buyers
    from settings
    cross join contact_cells
    inner join other_strata
        on contact_cells.level = other_strata.level
        and contact_cells.contact_month = other_strata.contact_month
        and contact_cells.stratum = other_strata.stratum
    where
        other_strata.next_purchase_date is null
        or other_strata.next_purchase_date >= contact_cells.contact_date
    group by
        contact_cells.level,
        contact_cells.contact_month,
        contact_cells.stratum,
        contact_cells.contact_date,
        settings.least_comparable
    having sum(other_strata.clients) >= settings.least_comparable
),

finest as (
    select
        member_strata.contact_month,
        member_strata.campaign,
        member_strata.client_id,
        min(member_strata.level) as level
    from member_strata
    inner join cells
        on member_strata.level = cells.level
        and member_strata.contact_month = cells.contact_month
        and member_strata.stratum = cells.stratum
        and member_strata.contact_date = cells.contact_date
    group by member_strata.contact_month, member_strata.campaign, member_strata.client_id
),

compared as (
    select
        member_strata.contact_month,
        member_strata.campaign,
        member_strata.client_id,
        member_strata.contact_date,
        member_strata.stratum,
        member_strata.is_responder,
        cells.comparable,
        -- Rounded to nine decimals, shares add up to the same in any order.
        cast(
            round(cast(cells.buyers as double) / cells.comparable, 9) as decimal(28, 9)
        ) as expected
    from finest
    inner join member_strata
        on finest.level = member_strata.level
        and finest.contact_month = member_strata.contact_month
        and finest.campaign = member_strata.campaign
        and finest.client_id = member_strata.client_id
    inner join cells
        on member_strata.level = cells.level
        and member_strata.contact_month = cells.contact_month
        and member_strata.stratum = cells.stratum
        and member_strata.contact_date = cells.contact_date
),

strata as (
    select
        contact_month,
        campaign,
        stratum,
        count(*) as clients,
        sum(case when is_responder then 1 else 0 end) as responders,
        sum(expected) as expected,
        min(comparable) as comparable
    from compared
    group by contact_month, campaign, stratum
),

-- n² × p × (1 - p) ÷ m of each stratum: what chance may do to the expectation.
strata_variances as (
    select
        contact_month,
        campaign,
        clients,
        responders,
        expected,
        comparable,
        cast(
            round(
                cast(expected as double) * (clients - cast(expected as double)) / comparable, 9
            ) as decimal(28, 9)
        ) as variance
    from strata
),

-- Compared clients under all their names.
compared_names as (
    select
        client_id as source_client_id,
        client_id
    from compared
    group by client_id
    union all
    select
        canonical_client.client_id as source_client_id,
        canonical_client.canonical_client_id as client_id
    from canonical_client
    left semi join compared
        on canonical_client.canonical_client_id = compared.client_id
),

-- A document is dated by its first purchase day.
documents as (
    select
        sales.month,
        compared_names.client_id,
        min(case when sales.is_purchase then sales.sale_date end) as purchase_date,
        sum(sales.revenue) as revenue,
        sum(sales.revenue - sales.cost) as profit
    from compared_names
    inner join sales
        on compared_names.source_client_id = sales.client_id
        and sales.month >= cast($first_month as date) - interval '3 months'
        and sales.month <= $last_month
    group by
        sales.month,
        compared_names.client_id,
        sales.client_id,
        sales.source,
        coalesce(sales.document_id, cast(sales.sale_date as text))
),

sales_after as (
    select
        compared.contact_month,
        compared.campaign,
        sum(documents.revenue) as revenue,
        sum(documents.profit) as profit
    from settings
    cross join compared
    inner join documents
        on compared.client_id = documents.client_id
        and documents.purchase_date >= compared.contact_date
        and cast(documents.purchase_date - compared.contact_date as bigint)
        <= settings.response_days
        and documents.month <= compared.contact_month + interval '3 months'
    group by compared.contact_month, compared.campaign
),

reached as (
    select contact_month, campaign, count(*) as clients
    from waves
    group by contact_month, campaign
),

summed as (
    select
        contact_month,
        campaign,
        sum(clients) as clients,
        sum(responders) as responders,
        sum(expected) as expected,
        sum(comparable) as comparable,
        cast(sum(variance) as double) as expected_variance
    from strata_variances
    group by contact_month, campaign
),

counted as (
    select
        reached.contact_month,
        reached.campaign,
        reached.clients,
        coalesce(summed.clients, 0) as clients_compared,
        coalesce(summed.comparable, 0) as comparable,
        coalesce(summed.responders, 0) as responders,
        cast(coalesce(summed.expected, 0) as decimal(28, 4)) as expected_responders,
        cast(coalesce(summed.responders - summed.expected, 0) as decimal(28, 4))
            as uplift_responders,
        -- One more on either side (Agresti, Caffo 2000): none of few is not surely none.
        settings.z * sqrt(
            cast(summed.clients * (summed.responders + 1) as double)
            * (summed.clients - summed.responders + 1)
            / ((summed.clients + 2) * (summed.clients + 2)) + summed.expected_variance
        ) / summed.clients as half_width,
        cast(coalesce(sales_after.revenue, 0) as decimal(28, 4)) as revenue,
        case
            when coalesce(summed.responders, 0) = 0 then cast(0 as decimal(28, 4))
            else cast(sales_after.profit as decimal(28, 4))
        end as profit
    from settings
    cross join reached
    left join summed
        on reached.contact_month = summed.contact_month
        and reached.campaign = summed.campaign
    left join sales_after
        on reached.contact_month = sales_after.contact_month
        and reached.campaign = sales_after.campaign
)

select
    cast(contact_month + interval '3 months' as date) as month,
    campaign,
    contact_month,
    clients,
    clients_compared,
    comparable,
    responders,
    cast(responders as double) / nullif(clients_compared, 0) as response_rate,
    expected_responders,
    cast(expected_responders as double) / nullif(clients_compared, 0) as expected_rate,
    uplift_responders,
    cast(uplift_responders as double) / nullif(clients_compared, 0) as uplift_rate,
    case
        when clients_compared > 0
            then greatest(
                cast(uplift_responders as double) / clients_compared - half_width,
                cast(-1 as double)
            )
    end as uplift_rate_low,
    case
        when clients_compared > 0
            then least(
                cast(uplift_responders as double) / clients_compared + half_width,
                cast(1 as double)
            )
    end as uplift_rate_high,
    revenue,
    profit,
    cast(
        round(
            cast(revenue as double) * cast(uplift_responders as double) / nullif(responders, 0), 4
        ) as decimal(28, 4)
    ) as uplift_revenue,
    cast(
        round(
            cast(profit as double) * cast(uplift_responders as double) / nullif(responders, 0), 4
        ) as decimal(28, 4)
    ) as uplift_profit,
    contact_month + interval '4 months' - interval '1 day' > $as_of_date as is_partial
from counted
