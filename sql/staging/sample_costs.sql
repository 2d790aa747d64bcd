-- Costs of the sample: advertising, bonus for new clients, calls, a campaign to win clients back.
-- raw: date date
-- raw: kind text
-- raw: amount decimal(18,4)
-- raw: campaign text
-- raw: channel text
-- raw: branch text
-- raw: client_code text
-- raw: contacts bigint
-- raw: comment text
select
    "date" as cost_date,
    kind,
    amount,
    campaign,
    channel,
    branch,
    client_code as client_id,
    contacts,
    comment
from raw
