//! Rows that must not exist. Audits read what is staged; one that finds a row blocks the
//! commit.

mod lines_counted;
mod sql;

pub use lines_counted::audit_lines;
pub use sql::{audit_history, audit_tables};

use arrow::array::RecordBatch;

use crate::engine::BrokenContract;
use crate::models::{Layer, Model};
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
    pub fn of_contract(table: &str, model: Option<&Model>, broken: BrokenContract) -> Self {
        let segment = model.filter(|model| model.layer == Layer::Segment);
        let description = match (broken.audit.strip_prefix("not_null_"), segment) {
            (Some(column), _) => format!("Column {column} is never null."),
            (None, None) => "The grain identifies a row.".to_owned(),
            (None, Some(segment)) => format!(
                "A segment names a client once a month: let {} end in `group by month, client_id`.",
                segment.file.shown
            ),
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
