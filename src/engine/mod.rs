//! Binds and executes models: which months are stale, in which slices, into which files.

mod absent;
mod bind;
mod build;
mod catalog_check;
mod compact_texts;
mod errors;
mod execute;
mod history;
mod lanes;
mod meter;
mod month_files;
mod plan;
mod pool;
mod segments;
mod session;
mod small_files;
mod staleness;
mod table_build;
mod tables;
mod workshop;

pub use absent::AbsentTable;
pub use bind::{bind, logical_plan, read_only_query};
pub use build::{BuildContext, Built, MonthState, TableBuild, build};
pub use catalog_check::{SqlToCheck, check_catalog};
pub use errors::is_failed_store;
pub use execute::{BrokenContract, SliceWriter, failed_in, run_statement};
pub use history::{AsOf, History};
pub use plan::{TablePlan, Touched, plan_build};
pub use segments::register_segments;
pub use session::Session;
pub use staleness::TableFiles;
pub use tables::{Tables, statement_parameters};
