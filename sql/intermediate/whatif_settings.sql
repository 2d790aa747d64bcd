-- One row: what the scenarios of whatif assume. A project that asks other questions puts a file of
-- this name in its sql/intermediate.
-- grain:  regular_share, churn_points, win_back_share, cost_per_contact, contacts_per_client
-- column: regular_share decimal(9,6) not null -- Share of regular clients to be reached
-- column: churn_points decimal(9,6) not null -- By how much the monthly churn rate falls; 0.01 is
--     one point
-- column: win_back_share decimal(9,6) not null -- Share of the list that buys again
-- column: cost_per_contact decimal(28,6) not null -- Cost of one contact, taken where the feed of
--     costs does not tell it
-- column: contacts_per_client decimal(9,6) not null -- Contacts with each client of the list
select
    cast(0.25 as decimal(9, 6)) as regular_share,
    cast(0.01 as decimal(9, 6)) as churn_points,
    cast(0.10 as decimal(9, 6)) as win_back_share,
    cast(0 as decimal(28, 6)) as cost_per_contact,
    cast(1 as decimal(9, 6)) as contacts_per_client
