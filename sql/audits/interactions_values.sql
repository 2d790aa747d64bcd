-- Interactions are of a known kind, an nps has a score from 0 to 10 and nothing else has one, and
-- nothing is settled before it began.
-- audits: interactions
-- reads:  interactions[0]
select
    month,
    source,
    source_file,
    source_row,
    client_id,
    interaction_date,
    kind,
    score,
    resolved_date
from interactions
where
    month between $first_month and $last_month
    and (
        kind not in ('inquiry', 'complaint', 'conflict', 'nps', 'referral', 'contact')
        or (kind = 'nps') <> (score is not null)
        or score not between 0 and 10
        or resolved_date < interaction_date
    )
