//! Every line of an accepted snapshot is counted once: in the history, by a rule or in
//! rejects, and the history holds no line of anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::{AuditFailure, AuditOutcome};
use crate::error::Result;
use crate::ingest::{Ingested, SALES};
use crate::models::Fingerprint;
use crate::store::Slot;

const NAME: &str = "every_line_counted_once";

/// Compares the ledger with the files of the history and of the rejects.
///
/// # Errors
/// Only when offending rows cannot be put together.
pub fn audit_lines(state: &Ingested) -> Result<AuditOutcome> {
    let mut rejected: BTreeMap<Fingerprint, u64> = BTreeMap::new();
    for (file, _) in state.rejects.values() {
        *rejected.entry(file.fingerprint).or_default() += file.rows;
    }
    let mut offending: Vec<(String, String, u64, u64)> = Vec::new();
    let mut check = |file: &str, what: String, expected: u64, actual: u64| {
        if expected != actual {
            offending.push((file.to_owned(), what, expected, actual));
        }
    };
    for record in state.ledger.records() {
        let excluded: u64 = record.excluded.values().sum();
        let parts = record.accepted + excluded + record.rejected;
        check(&record.file, "accepted + excluded + rejected".to_owned(), record.lines, parts);
        let by_month = record.accepted_by_month.values().sum();
        check(&record.file, "accepted lines by month".to_owned(), record.accepted, by_month);
        // Months that a later file replaced are no longer this one's.
        let owned = record
            .months
            .iter()
            .filter(|month| state.ledger.owner(&record.source, **month) == Some(record));
        for month in owned {
            let expected = record.accepted_by_month.get(month).copied().unwrap_or(0);
            let held = state.sales.get(&Slot::of_source(&record.source, Some(*month)));
            let held = held.filter(|(file, _)| file.fingerprint == record.snapshot);
            let actual = held.map_or(0, |(file, _)| file.rows);
            check(&record.file, format!("lines of {month} in the history"), expected, actual);
        }
        let rejects = rejected.remove(&record.snapshot).unwrap_or(0);
        check(&record.file, "lines in rejects".to_owned(), record.rejected, rejects);
    }
    for (slot, (file, _)) in &state.sales {
        let owner = slot.source.as_deref().zip(slot.month);
        let owner = owner.and_then(|(source, month)| state.ledger.owner(source, month));
        if owner.is_none_or(|record| record.snapshot != file.fingerprint) {
            check(
                &slot.to_string(),
                "lines in the history that no file delivered".to_owned(),
                0,
                file.rows,
            );
        }
    }
    if offending.is_empty() {
        return Ok(AuditOutcome { passed: 1, failed: Vec::new() });
    }
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let count = |name: &str| Field::new(name, DataType::Int64, false);
    let schema = Schema::new(vec![text("file"), text("what"), count("expected"), count("actual")]);
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
        description: "Every line of an accepted snapshot is counted once.".to_owned(),
        count: rows.num_rows() as u64,
        rows,
    };
    Ok(AuditOutcome { passed: 0, failed: vec![failure] })
}
