//! Delivered files → canonical rows of the history and rejects, staged in the warehouse.

mod arrival;
mod canonical;
mod contract;
mod coverage;
mod discover;
mod fold;
mod fold_files;
mod ledger;
mod lines;
mod marks;
mod notices;
mod observed;
mod parts;
mod plan;
mod read;
mod record;
mod rejects;
mod restatement;
mod returning;
mod set_aside;
mod sorted_rows;
mod staging;
mod state;
mod survival;
mod typed_rows;
mod work;

pub use canonical::{
    CANONICAL_TABLES, CanonicalColumn, CanonicalTable, SALES, canonical_table, history_schema,
    sales_schema,
};
pub use coverage::{Coverage, days_in_name};
pub use discover::FoundFile;
pub use ledger::{Ledger, ledger_schema};
pub use marks::{Marker, refuse_unmarked};
pub use plan::{
    PlannedSnapshot, SourceFiles, WorkReason, out_of_reach, plan_ingest, unnamed_sources,
};
pub use record::{DeliveryState, SnapshotRecord};
pub use restatement::Restatement;
pub use set_aside::{keep_refused, remove_settled};
pub use staging::StagingPlan;
pub use state::{HistoryTable, Ingested, TableSlots, history_tables};
pub use work::{IngestContext, ingest};

/// Lines that could not be accepted.
pub const REJECTS: &str = "rejects";
/// One row per delivered file.
pub const SNAPSHOTS: &str = "snapshots";
/// Months that were known and changed.
pub const RESTATEMENTS: &str = "restatements";
/// Documents behind the restatements, in both versions.
pub const RESTATED_DOCUMENTS: &str = "restated_documents";
