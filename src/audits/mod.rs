//! Rows that must not exist. Audits read what is staged; one that finds a row blocks the
//! commit.

mod lines_counted;
mod sql;

pub use lines_counted::audit_lines;
pub use sql::{audit_history, audit_tables};

use arrow::array::RecordBatch;

use crate::engine::BrokenContract;
use crate::month::describe_ranges;

/// An audit that found rows.
#[derive(Debug, Clone)]
pub struct AuditFailure {
    /// Name of the audit.
    pub audit: String,
    /// Table it guards.
    pub table: String,
    /// Months that were looked at, for people.
    pub months: String,
    /// What should hold.
    pub description: String,
    /// Offending rows; the first thousand.
    pub rows: RecordBatch,
    /// How many there are.
    pub count: u64,
}

impl AuditFailure {
    /// A broken contract as a failed audit.
    pub fn of_contract(table: &str, broken: BrokenContract) -> Self {
        let description = match broken.audit.strip_prefix("not_null_") {
            Some(column) => format!("Column {column} is never null."),
            None => "The grain identifies a row.".to_owned(),
        };
        Self {
            audit: broken.audit,
            table: table.to_owned(),
            months: describe_ranges(broken.month),
            description,
            rows: broken.rows,
            count: broken.count,
        }
    }
}

/// What the audits of a run said.
#[derive(Debug, Default)]
pub struct AuditOutcome {
    /// Audits that found nothing.
    pub passed: usize,
    /// Audits that found rows.
    pub failed: Vec<AuditFailure>,
}
