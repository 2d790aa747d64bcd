-- Every movement has entities: no cell gives away more of them than it held a month before, and no
-- more are new than came.
-- audits: abc_xyz_transitions
-- reads:  abc_xyz_transitions[0]
select
    month,
    dimension,
    measure,
    from_cell,
    to_cell,
    entities
from abc_xyz_transitions
where month between $first_month and $last_month and entities <= 0
