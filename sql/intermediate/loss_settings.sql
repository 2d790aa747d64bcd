-- One row: the numbers by which loss on other grounds than silence for N months is told, and by
-- which lists of clients to win back are made. A file of this name in the project's sql/ folder
-- replaces them.
-- grain:  rhythm_intervals
-- column: rhythm_intervals bigint not null -- Silent for so many of its own median intervals: lost
--     by its own rhythm
-- column: low_nps_score bigint not null -- An nps answer up to this score is low
-- column: inquiries bigint not null -- So many inquiries without a purchase are a ground
-- column: chance_history_months bigint not null -- Finished months from which chances of return are
--     observed
-- column: includes_class_c boolean not null -- Clients of ABC class C are to be won back, too
-- column: watch_overdue_ratio double not null -- Silence in median intervals from which a client
--     won back is overdue
-- column: watch_revenue_ratio double not null -- Revenue a day since the return, divided by that of
--     the year before the loss, below which it buys less
-- column: watch_return_share double not null -- Share of revenue given back for returns from which
--     it returns much
select
    cast(3 as bigint) as rhythm_intervals,
    cast(6 as bigint) as low_nps_score,
    cast(3 as bigint) as inquiries,
    cast(36 as bigint) as chance_history_months,
    false as includes_class_c,
    cast(2 as double) as watch_overdue_ratio,
    cast(0.5 as double) as watch_revenue_ratio,
    cast(0.1 as double) as watch_return_share
