-- Candidates are clients that nobody has linked and pairs that nobody has rejected; the silent one
-- has bought nothing since, and the appeared one first bought on that day.
-- audits: successor_candidates
-- reads:  successor_candidates[all], canonical_client[all], client_links[all], purchase_month[all]
with purchases as (
    select
        client_id,
        min(first_purchase_date) as first_purchase_date,
        max(last_purchase_date) as last_purchase_date
    from purchase_month
    group by client_id
),

linked as (
    select client_id
    from canonical_client
),

rejected as (
    select
        unnest(make_array(client_id, linked_client_id)) as silent_client_id,
        unnest(make_array(linked_client_id, client_id)) as appeared_client_id
    from client_links
    where decision = 'rejected'
),

rejected_pairs as (
    select silent_client_id, appeared_client_id
    from rejected
    group by silent_client_id, appeared_client_id
)

select
    successor_candidates.pair_id,
    case
        when linked.client_id is not null then 'linked'
        when rejected_pairs.silent_client_id is not null then 'rejected'
        else 'other days of purchase'
    end as problem,
    successor_candidates.last_purchase_date,
    silent.last_purchase_date as expected_last_purchase_date
from successor_candidates
left join purchases as silent
    on successor_candidates.silent_client_id = silent.client_id
left join purchases as appeared
    on successor_candidates.appeared_client_id = appeared.client_id
left join linked
    on linked.client_id in (
        successor_candidates.silent_client_id, successor_candidates.appeared_client_id
    )
left join rejected_pairs
    on successor_candidates.silent_client_id = rejected_pairs.silent_client_id
    and successor_candidates.appeared_client_id = rejected_pairs.appeared_client_id
where
    linked.client_id is not null
    or rejected_pairs.silent_client_id is not null
    or (silent.last_purchase_date is distinct from successor_candidates.last_purchase_date)
    or (
        appeared.first_purchase_date is distinct from successor_candidates.first_purchase_date
    )
