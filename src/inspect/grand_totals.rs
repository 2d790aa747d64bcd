//! The total at the end of a table, compared with what its lines add up to.

use super::evidence::Evidence;
use super::notes::{Note, NoteId};
use super::shown::money;
use super::words::{ends_as_total, is_subtotal, is_total};
use crate::reading::RowBlock;

/// Sums of one table. All amounts are revenue with `MONEY_SCALE` decimals.
#[derive(Debug, Clone, Default)]
pub struct TableSums {
    /// The table, for messages.
    pub shown: String,
    accepted: i128,
    left_out: i128,
    /// Of the lines since the total before.
    since: i128,
    has_lines_since: bool,
    has_totals: bool,
    /// Row and amount of the total that no line follows.
    last: Option<(u64, i128)>,
}

impl TableSums {
    /// Nothing added yet.
    pub fn new(shown: &str) -> Self {
        Self { shown: shown.to_owned(), ..Self::default() }
    }

    /// A line that is accepted.
    pub fn accept(&mut self, revenue: i128) {
        self.accepted = self.accepted.saturating_add(revenue);
        self.follow(revenue);
    }

    /// A line that a rule leaves out or that is rejected.
    pub fn leave_out(&mut self, revenue: i128) {
        self.left_out = self.left_out.saturating_add(revenue);
        self.follow(revenue);
    }

    fn follow(&mut self, revenue: i128) {
        self.since = self.since.saturating_add(revenue);
        self.has_lines_since = true;
        self.last = None;
    }

    /// A row of totals with an amount; whether it may be that of the whole table.
    pub fn total(&mut self, row: u64, amount: i128, may_be_grand: bool) {
        let of_group = self.has_totals && self.has_lines_since && amount == self.since;
        if may_be_grand && !of_group {
            self.last = Some((row, amount));
        }
        self.since = 0;
        self.has_lines_since = false;
        self.has_totals = true;
    }
}

/// Whether a row says that it is a total, and not that of a page or group.
pub fn may_be_grand(block: &RowBlock, row: usize) -> bool {
    let says = (0..block.width(row))
        .filter_map(|column| block.cell(row, column)?.text())
        .find(|text| is_total(text) || ends_as_total(text));
    says.is_some_and(|text| !is_subtotal(text))
}

/// What the totals of the tables say about their lines; nothing where there are none.
pub fn compare(tables: &[TableSums], evidence: &Evidence) -> Option<Note> {
    if evidence.total_rows == 0 {
        return None;
    }
    let with = || tables.iter().filter_map(|table| Some((table, table.last?)));
    let differs = with().find(|(table, (_, amount))| {
        *amount != table.accepted && *amount != table.accepted.saturating_add(table.left_out)
    });
    if let Some((table, (row, amount))) = differs {
        let difference = amount.saturating_sub(table.accepted);
        return Some(Note::new(
            NoteId::TotalDiffers,
            [
                ("table", &table.shown),
                ("row", &row),
                ("total", &money(amount, 2)),
                ("accepted", &money(table.accepted, 2)),
                ("left_out", &money(table.left_out, 2)),
                ("difference", &money(difference, 2)),
            ],
        ));
    }
    let count = with().count();
    let sum = |of: fn(&TableSums) -> i128| with().map(|(table, _)| of(table)).sum::<i128>();
    let total = with().map(|(_, (_, amount))| amount).sum::<i128>();
    let (accepted, left_out) = (sum(|table| table.accepted), sum(|table| table.left_out));
    match count {
        0 => None,
        _ if total == accepted => {
            Some(Note::new(NoteId::TotalEqual, [("tables", &count), ("total", &money(total, 2))]))
        }
        _ => Some(Note::new(
            NoteId::TotalEqualWithLeftOut,
            [
                ("tables", &count),
                ("total", &money(total, 2)),
                ("accepted", &money(accepted, 2)),
                ("left_out", &money(left_out, 2)),
            ],
        )),
    }
}
