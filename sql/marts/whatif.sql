-- What would change if: one row per scenario and step, from the counts of today to added revenue
-- and profit. Every step is computed from the steps as they are shown, so that a person can check
-- it.
-- grain:  scenario, step_number
-- reads:  whatif_regular_share[all], whatif_churn[all], whatif_win_back[all]
-- column: scenario text not null -- regular_share (more regular clients), churn (fewer lost) or
--     win_back (some of the lost come back)
-- column: step_number bigint not null -- Place of the step in its scenario
-- column: step text not null -- Name of the step
-- column: unit text not null -- clients, purchases, money, share, months or contacts
-- column: how text not null -- Where the value comes from, or from which steps it is computed; the
--     12 months are the last 12 that are finished
-- column: value decimal(28,6) -- Value; null where what it needs is not known
-- column: how_ru text not null -- The same as how, in Russian
-- column: state text not null -- Of the scenario, alike in all its rows: computed, or why it changes
--     nothing or less than asked: target_reached (regular_share is above its target today),
--     held_at_zero (churn is below the points by which it should fall), no_clients, nobody_lost,
--     nobody_to_call
select 'regular_share' as scenario, step_number, step, unit, how, value, how_ru, state
from whatif_regular_share
union all
select 'churn' as scenario, step_number, step, unit, how, value, how_ru, state
from whatif_churn
union all
select 'win_back' as scenario, step_number, step, unit, how, value, how_ru, state
from whatif_win_back
