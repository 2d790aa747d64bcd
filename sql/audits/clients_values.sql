-- A client stands once in the master data, is B2B or B2C, and has no day of closing down while it
-- is said to be open.
-- audits: clients
-- reads:  clients[all]
with counted as (
    select
        client_id,
        count(*) as times
    from clients
    group by client_id
)

select
    clients.source,
    clients.source_file,
    clients.source_row,
    clients.client_id,
    counted.times,
    clients.client_type,
    clients.is_closed,
    clients.closed_date
from clients
join counted
    on clients.client_id = counted.client_id
where
    counted.times > 1
    or clients.client_type not in ('B2B', 'B2C')
    or (clients.is_closed = false and clients.closed_date is not null)
