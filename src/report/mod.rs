//! What a run says of itself: the JSON report that is kept, and the text that people read.

mod human;
mod run_reference;
mod run_report;
mod runs_folder;
mod table;

pub use human::{Matrix, show_plan, show_report};
pub use run_reference::RunReference;
pub use run_report::{
    AuditReport, ErrorReport, FailedAudit, Losses, Outcome, RunReport, SnapshotReport, TableReport,
};
pub use runs_folder::{RunsFolder, run_id, run_moment};
pub use table::{plain_table, thousands};
