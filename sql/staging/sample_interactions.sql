-- Contacts of the sample's CRM: one JSON object per contact; most keys are there when they apply.
-- raw: id text
-- raw: date date
-- raw: client text
-- raw: type text
-- raw: channel text optional
-- raw: manager text optional
-- raw: score bigint optional
-- raw: resolved date optional
-- raw: campaign text optional
-- raw: referred text optional
-- raw: text text optional
select
    "date" as interaction_date,
    client as client_id,
    "type" as kind,
    id as interaction_id,
    score,
    resolved as resolved_date,
    channel,
    manager,
    campaign,
    referred as referred_client_id,
    "text" as comment
from raw
