-- A ground of contacts names one: an answer of that score, a conflict that began, an inquiry on
-- that day, of the client or of one that goes on as it.
-- audits: loss_grounds
-- reads:  loss_grounds[0], interactions[..0], canonical_client[all]
with contacts as (
    select
        coalesce(canonical_client.canonical_client_id, interactions.client_id) as client_id,
        interactions.interaction_date,
        interactions.kind,
        interactions.score
    from interactions
    left join canonical_client
        on interactions.client_id = canonical_client.client_id
    where interactions.month <= $last_month
)

select
    loss_grounds.month,
    loss_grounds.client_id,
    loss_grounds.ground,
    loss_grounds.since_date,
    loss_grounds.value
from loss_grounds
left anti join contacts
    on loss_grounds.client_id = contacts.client_id
    and loss_grounds.since_date = contacts.interaction_date
    and contacts.kind = case loss_grounds.ground
        when 'low_nps' then 'nps'
        when 'open_conflict' then 'conflict'
        else 'inquiry'
    end
    and (
        loss_grounds.ground <> 'low_nps'
        or cast(contacts.score as double) = loss_grounds.value
    )
where
    loss_grounds.month between $first_month and $last_month
    and loss_grounds.ground <> 'own_rhythm'
