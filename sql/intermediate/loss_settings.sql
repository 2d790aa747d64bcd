-- One row: the numbers by which loss on other grounds than silence for N months is told, and by
-- which lists of clients to win back are made.
-- grain:  rhythm_intervals
-- column: rhythm_intervals bigint not null -- Silent for so many of its own median intervals: lost
--     by its own rhythm
-- column: low_nps_score bigint not null -- An nps answer up to this score is low
-- column: inquiries bigint not null -- So many inquiries without a purchase are a ground
select
    cast(3 as bigint) as rhythm_intervals,
    cast(6 as bigint) as low_nps_score,
    cast(3 as bigint) as inquiries
