-- The places of the list go from 1 to its length without a gap or a tie, by falling expected
-- profit, which is the chance of return times the typical profit.
-- audits: winback_list
-- reads:  winback_list[all]
with places as (
    select
        rank,
        client_id,
        expected_profit,
        chance_of_return,
        typical_profit_12m,
        row_number() over (order by rank, client_id) as expected_rank,
        lag(expected_profit) over (order by rank, client_id) as profit_above
    from winback_list
)

select
    client_id,
    expected_rank,
    rank,
    profit_above,
    expected_profit,
    chance_of_return,
    typical_profit_12m
from places
where
    rank <> expected_rank
    or profit_above < expected_profit
    or (rank > 1 and profit_above is null and expected_profit is not null)
    or abs(
        cast(expected_profit as double) - chance_of_return * cast(typical_profit_12m as double)
    ) > cast(0.001 as double)
    or ((expected_profit is null) <> (chance_of_return is null or typical_profit_12m is null))
