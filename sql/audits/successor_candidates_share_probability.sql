-- The probabilities of the candidates of one client do not exceed 1 together, on either side,
-- beyond what rounding to four decimals adds.
-- audits: successor_candidates
-- reads:  successor_candidates[all]
select
    side,
    client_id,
    sum(cast(probability as decimal(10, 4))) as probability,
    count(*) as candidates
from (
    select
        unnest(make_array('silent', 'appeared')) as side,
        unnest(make_array(silent_client_id, appeared_client_id)) as client_id,
        probability
    from successor_candidates
) as members
group by side, client_id
having
    sum(cast(probability as decimal(10, 4))) > 1 + 0.0001 * count(*)
    or min(probability) < 0
    or max(probability) > 1
