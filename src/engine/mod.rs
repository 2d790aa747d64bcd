//! Binds and executes models: which months are stale, in which slices, into which files.

mod bind;
mod build;
mod catalog_check;
mod execute;
mod history;
mod month_files;
mod session;

pub use bind::{bind, read_only_query};
pub use build::{
    BuildContext, BuildReason, Built, MonthState, TableBuild, TablePlan, Tables, build, plan_build,
    statement_parameters,
};
pub use catalog_check::check_catalog;
pub use execute::{BrokenContract, SliceWriter, failed_in, run_statement};
pub use history::{AsOf, History};
pub use session::Session;
