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
use crate::month::{Month, describe_ranges};

const NAME: &str = "every_line_counted_once";

/// Compares the ledger with the files of the history and of the rejects.
///
/// # Errors
/// Only when offending rows cannot be put together.
pub fn audit_lines(state: &Ingested) -> Result<AuditOutcome> {
    let mut held: BTreeMap<Fingerprint, (u64, Vec<Month>)> = BTreeMap::new();
    for (file, _) in state.sales.values() {
        let (rows, months) = held.entry(file.fingerprint).or_default();
        *rows += file.rows;
        months.extend(file.slot.month);
    }
    let mut rejected: BTreeMap<Fingerprint, u64> = BTreeMap::new();
    for (file, _) in state.rejects.values() {
        *rejected.entry(file.fingerprint).or_default() += file.rows;
    }
    let mut offending: Vec<(String, String, u64, u64)> = Vec::new();
    let mut check = |file: &str, what: &str, expected: u64, actual: u64| {
        if expected != actual {
            offending.push((file.to_owned(), what.to_owned(), expected, actual));
        }
    };
    for record in state.ledger.records() {
        let excluded: u64 = record.excluded.values().sum();
        let parts = record.accepted + excluded + record.rejected;
        check(&record.file, "lines = accepted + excluded + rejected", record.lines, parts);
        let (rows, months) = held.remove(&record.snapshot).unwrap_or_default();
        // Months that a later snapshot replaced are no longer this one's.
        let others = state
            .ledger
            .records()
            .iter()
            .filter(|other| other.source == record.source && other.sequence > record.sequence);
        let replaced =
            others.flat_map(|other| &other.months).any(|month| record.months.contains(month));
        if !replaced {
            check(&record.file, "accepted lines in the history", record.accepted, rows);
        } else if months.iter().any(|month| !record.months.contains(month)) {
            check(&record.file, "lines in months of the snapshot only", 0, rows);
        }
        let rejects = rejected.remove(&record.snapshot).unwrap_or(0);
        check(&record.file, "lines in rejects", record.rejected, rejects);
    }
    for (snapshot, (rows, months)) in held {
        let file = format!("unknown snapshot {snapshot} in {}", describe_ranges(months));
        check(&file, "lines in the history without a snapshot", 0, rows);
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
