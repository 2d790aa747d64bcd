//! Every row of an accepted file is counted once: in the history, by a rule or in rejects,
//! and the history holds no row of anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::{AuditFailure, AuditOutcome};
use crate::error::Result;
use crate::ingest::{CANONICAL_TABLES, Coverage, Ingested, REJECTS, SALES, SnapshotRecord};
use crate::models::Fingerprint;
use crate::month::Month;
use crate::store::Slot;

const NAME: &str = "every_line_counted_once";

/// Compares the ledger with the files of the history and of the rejects.
///
/// # Errors
/// Only when offending rows cannot be put together.
pub fn audit_lines(state: &Ingested) -> Result<AuditOutcome> {
    let mut found = Differences(Vec::new());
    let mut rejected: BTreeMap<Fingerprint, u64> = BTreeMap::new();
    for (_, (file, _)) in state.slots(REJECTS) {
        *rejected.entry(file.fingerprint).or_default() += file.rows;
    }
    for record in state.ledger.records().iter().filter(|record| record.is_accepted()) {
        let excluded: u64 = record.excluded.values().sum();
        let parts = record.accepted + excluded + record.rejected;
        found.check(&record.file, "accepted + excluded + rejected", record.lines, parts);
        let in_rejects = rejected.remove(&record.snapshot).unwrap_or(0);
        found.check(&record.file, "lines in rejects", record.rejected, in_rejects);
    }
    for (_, rows) in rejected {
        found.check("rejects", "rows that no file delivered", 0, rows);
    }
    for table in &CANONICAL_TABLES {
        for (slot, (file, _)) in state.slots(table.name) {
            if let Some(expected) = expected_rows(state, slot) {
                found.check(
                    &format!("{}/{slot}", table.name),
                    "rows in the history",
                    expected,
                    file.rows,
                );
            }
        }
    }
    for (source, expected, actual, exact) in additions(state) {
        if actual > expected || (exact && actual != expected) {
            found.check(&source, "rows of all its files in the history", expected, actual);
        }
    }
    for (source, month, rows) in owned_months(state) {
        let slot = Slot::of_source(&source.source, Some(month));
        let held = state.slots(&source.table).find(|(held, _)| **held == slot);
        if held.is_none() {
            found.check(&source.file, &format!("rows of {month} in the history"), rows, 0);
        }
    }
    found.outcome()
}

/// Sources whose files add rows: rows that their files delivered, rows in the history, and
/// whether the two must be equal (with a key, rows replace each other).
fn additions(state: &Ingested) -> Vec<(String, u64, u64, bool)> {
    let mut sources: BTreeMap<(&str, &str), (u64, bool, bool)> = BTreeMap::new();
    for record in state.ledger.records().iter().filter(|record| record.is_accepted()) {
        let entry = sources.entry((&record.table, &record.source)).or_insert((0, true, true));
        entry.0 += record.accepted;
        entry.1 &= !record.replaces_keys;
        entry.2 &= record.coverage == Coverage::Nothing;
    }
    let adding = sources.into_iter().filter(|(_, (_, _, adds))| *adds);
    adding
        .map(|((table, source), (delivered, exact, _))| {
            let slots = state.slots(table);
            let ours = slots.filter(|(slot, _)| slot.source.as_deref() == Some(source));
            let held = ours.map(|(_, (file, _))| file.rows).sum();
            (format!("{table}/{source}"), delivered, held, exact)
        })
        .collect()
}

/// Rows that a file of the history must have, where one delivered file alone speaks for it
/// or every delivered row counts; none where rows of several files may replace each other.
fn expected_rows(state: &Ingested, slot: &Slot) -> Option<u64> {
    let source = slot.source.as_deref()?;
    let rows_of = |record: &SnapshotRecord| match slot.month {
        Some(month) => record.accepted_by_month.get(&month).copied().unwrap_or(0),
        None => record.accepted,
    };
    let adds = |record: &&SnapshotRecord| record.coverage == Coverage::Nothing;
    if state.ledger.accepted(source).any(|record| adds(&record)) {
        return None;
    }
    match slot.month {
        None => Some(state.ledger.owner(source, None).map_or(0, rows_of)),
        Some(month) => only_owner(state, source, month).map(|owner| owner.map_or(0, rows_of)),
    }
}

/// The file that speaks for every day of a month; an outer none when several do.
fn only_owner<'s>(
    state: &'s Ingested,
    source: &str,
    month: Month,
) -> Option<Option<&'s SnapshotRecord>> {
    let first = month.epoch_day();
    let last = month.last_day().to_epoch_days();
    let mut owners = (first..=last).map(|day| state.ledger.owner(source, Some(day)));
    let owner = owners.next()?;
    owners.all(|other| other == owner).then_some(owner)
}

/// Months with rows that one delivered file alone speaks for.
fn owned_months(state: &Ingested) -> Vec<(&SnapshotRecord, Month, u64)> {
    let mut seen = BTreeSet::new();
    let mut owned = Vec::new();
    for record in state.ledger.records().iter().filter(|record| record.is_accepted()) {
        for month in record.accepted_by_month.keys() {
            if !seen.insert((&record.source, *month)) || record.coverage == Coverage::Nothing {
                continue;
            }
            let Some(Some(owner)) = only_owner(state, &record.source, *month) else { continue };
            let rows = owner.accepted_by_month.get(month).copied().unwrap_or(0);
            if rows > 0 {
                owned.push((owner, *month, rows));
            }
        }
    }
    owned
}

/// Where, what, expected and found rows.
struct Differences(Vec<(String, String, u64, u64)>);

impl Differences {
    fn check(&mut self, place: &str, what: &str, expected: u64, actual: u64) {
        if expected != actual {
            self.0.push((place.to_owned(), what.to_owned(), expected, actual));
        }
    }

    fn outcome(self) -> Result<AuditOutcome> {
        let Self(offending) = self;
        if offending.is_empty() {
            return Ok(AuditOutcome { passed: 1, failed: Vec::new() });
        }
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let count = |name: &str| Field::new(name, DataType::Int64, false);
        let schema =
            Schema::new(vec![text("file"), text("what"), count("expected"), count("actual")]);
        let files = StringArray::from_iter_values(offending.iter().map(|row| &row.0));
        let whats = StringArray::from_iter_values(offending.iter().map(|row| &row.1));
        let expected = Int64Array::from_iter_values(offending.iter().map(|row| row.2 as i64));
        let actual = Int64Array::from_iter_values(offending.iter().map(|row| row.3 as i64));
        let rows = RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(files), Arc::new(whats), Arc::new(expected), Arc::new(actual)],
        )?;
        let failure = AuditFailure {
            audit: NAME.to_owned(),
            table: SALES.to_owned(),
            months: "all months".to_owned(),
            description: "Every row of an accepted file is counted once.".to_owned(),
            count: rows.num_rows() as u64,
            rows,
        };
        Ok(AuditOutcome { passed: 0, failed: vec![failure] })
    }
}
