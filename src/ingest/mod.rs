//! Snapshots → canonical sales lines and rejects, staged in the warehouse.

mod canonical;
mod csv_rows;
mod decode;
mod discover;
mod ledger;
mod lines;
mod plan;
mod rejects;
mod snapshot;
mod staging;
mod values;
mod work;

pub use canonical::{CANONICAL_COLUMNS, sales_schema};
pub use discover::{FoundFile, find_files};
pub use ledger::{Ledger, SnapshotRecord, ledger_schema};
pub use plan::{
    PlannedSnapshot, SourceFiles, WorkReason, out_of_reach, plan_ingest, unnamed_sources,
};
pub use rejects::rejects_schema;
pub use snapshot::month_in_name;
pub use staging::StagingPlan;
pub use work::{Ingested, ingest};

/// The sales history, one row per accepted line.
pub const SALES: &str = "sales";
/// Lines that could not be accepted.
pub const REJECTS: &str = "rejects";
/// One row per delivered file.
pub const SNAPSHOTS: &str = "snapshots";
