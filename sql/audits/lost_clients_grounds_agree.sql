-- The other grounds of a lost client are those that the life cycle and its contacts show at the end
-- of the month.
-- audits: lost_clients
-- reads:  lost_clients[0], client_lifecycle[0], client_contact_grounds[0]
-- param:  loss_rhythm_intervals bigint
-- param:  warnings_overdue_purchases bigint
with expected as (
    select
        client_lifecycle.month,
        client_lifecycle.client_id,
        coalesce(
            client_lifecycle.purchases >= $warnings_overdue_purchases
            and client_lifecycle.overdue_ratio >= $loss_rhythm_intervals,
            false
        ) as own_rhythm,
        coalesce(client_contact_grounds.low_nps, false) as low_nps,
        coalesce(client_contact_grounds.open_conflict, false) as open_conflict,
        coalesce(client_contact_grounds.asked_without_buying, false) as asked_without_buying
    from client_lifecycle
    left join client_contact_grounds
        on client_lifecycle.month = client_contact_grounds.month
        and client_lifecycle.client_id = client_contact_grounds.client_id
        and client_contact_grounds.month between $first_month and $last_month
    where client_lifecycle.month between $first_month and $last_month
)

select
    lost_clients.month,
    lost_clients.lost_after_months,
    lost_clients.client_id,
    expected.own_rhythm as expected_own_rhythm,
    lost_clients.own_rhythm,
    expected.low_nps as expected_low_nps,
    lost_clients.low_nps,
    expected.open_conflict as expected_open_conflict,
    lost_clients.open_conflict,
    expected.asked_without_buying as expected_asked_without_buying,
    lost_clients.asked_without_buying
from lost_clients
left join expected
    on lost_clients.month = expected.month
    and lost_clients.client_id = expected.client_id
where
    lost_clients.month between $first_month and $last_month
    and (
        expected.client_id is null
        or lost_clients.own_rhythm <> expected.own_rhythm
        or lost_clients.low_nps <> expected.low_nps
        or lost_clients.open_conflict <> expected.open_conflict
        or lost_clients.asked_without_buying <> expected.asked_without_buying
    )
