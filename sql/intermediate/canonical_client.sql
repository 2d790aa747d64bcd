-- One row per client that goes on as another, by confirmed links: the client it is counted as.
-- Every client without a row is counted as itself.
-- grain:  client_id
-- reads:  client_links[all]
-- column: client_id text not null -- Client that goes on as another
-- column: canonical_client_id text not null -- The client at the end of its links
-- column: linked_client_id text not null -- The next client: where its own link leads
-- column: kind text not null -- Kind of its own link: successor, dealer or duplicate
-- column: link_date date -- Day from which it buys as the next client; null when not known
-- column: links bigint not null -- Number of links from the client to the canonical one
with confirmed as (
    -- An audit refuses two targets or kinds of one client; until then each column has one value.
    select
        client_id,
        min(linked_client_id) as linked_client_id,
        min(kind) as kind,
        min(link_date) as link_date
    from client_links
    where coalesce(decision, 'confirmed') = 'confirmed'
    group by client_id
),

within_1 as (
    select
        client_id,
        linked_client_id as reached_client_id,
        cast(1 as bigint) as links
    from confirmed
),

-- Who has reached a client goes on to what that client has reached, so each step doubles the way:
-- four steps follow 16 links. A longer chain, and a circle, stops on a client that is itself
-- linked, where an audit finds it.
within_2 as (
    select
        here.client_id,
        coalesce(ahead.reached_client_id, here.reached_client_id) as reached_client_id,
        here.links + coalesce(ahead.links, 0) as links
    from within_1 as here
    left join within_1 as ahead
        on here.reached_client_id = ahead.client_id
),

within_4 as (
    select
        here.client_id,
        coalesce(ahead.reached_client_id, here.reached_client_id) as reached_client_id,
        here.links + coalesce(ahead.links, 0) as links
    from within_2 as here
    left join within_2 as ahead
        on here.reached_client_id = ahead.client_id
),

within_8 as (
    select
        here.client_id,
        coalesce(ahead.reached_client_id, here.reached_client_id) as reached_client_id,
        here.links + coalesce(ahead.links, 0) as links
    from within_4 as here
    left join within_4 as ahead
        on here.reached_client_id = ahead.client_id
),

within_16 as (
    select
        here.client_id,
        coalesce(ahead.reached_client_id, here.reached_client_id) as reached_client_id,
        here.links + coalesce(ahead.links, 0) as links
    from within_8 as here
    left join within_8 as ahead
        on here.reached_client_id = ahead.client_id
)

select
    within_16.client_id,
    within_16.reached_client_id as canonical_client_id,
    confirmed.linked_client_id,
    confirmed.kind,
    confirmed.link_date,
    within_16.links
from within_16
join confirmed
    on within_16.client_id = confirmed.client_id
