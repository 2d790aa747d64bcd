//! `clientbase plan`: what a run would do and why, touching nothing.

use std::collections::BTreeSet;

use serde_json::json;

use super::{load, table_names};
use crate::cli::PlanArguments;
use crate::config::Project;
use crate::console::Console;
use crate::engine::{BuildContext, History, Session, check_catalog, plan_build};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ingest::{Ingested, Ledger, SourceFiles, plan_ingest};
use crate::month::Month;
use crate::report::{RunsFolder, show_plan};
use crate::store::Warehouse;

/// Shows the plan of a pipeline.
///
/// # Errors
/// Configuration and store errors.
pub async fn plan(
    project: &Project,
    arguments: &PlanArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    check_catalog(&catalog, &pipeline.parameters).await?;
    let warehouse = Warehouse::open(&pipeline.warehouse, table_names(&catalog), None).await?;
    let ledger = Ledger::load(&warehouse).await?;
    let sources = SourceFiles::find_all(&pipeline, &catalog).await?;
    let snapshots = plan_ingest(&sources, &ledger).await?;
    let mut touched: BTreeSet<Month> = BTreeSet::new();
    let mut unknown_months = false;
    for snapshot in &snapshots {
        let known = ledger.find(&snapshot.source, &snapshot.file);
        touched.extend(known.iter().flat_map(|record| record.months.iter().copied()));
        match crate::ingest::month_in_name(&snapshot.file) {
            Ok(month) => {
                touched.insert(month);
            }
            Err(_) => unknown_months |= known.is_none(),
        }
    }
    let (tables, note) = if ledger.records().is_empty() {
        (Vec::new(), "  build every table for every month of the data (first build)")
    } else {
        let state = Ingested::unchanged(&warehouse, &warehouse, ledger);
        let mut history = History::new(state.sales, arguments.as_of)?;
        if arguments.as_of.is_none()
            && let Some(newest) = touched.last().copied().filter(|newest| *newest > history.last)
        {
            // The new month's last day is not known before it is read; its end will do.
            history = History::new(history.sales, Some(newest.last_day()))?;
        }
        let session = Session::for_reading(warehouse.location(), pipeline.limits)?;
        let context = BuildContext::new(&pipeline, &catalog, &session, &history, &warehouse);
        let finished = RunsFolder::new(warehouse.location()).newest_finished().await?;
        let definitions = finished.map(|report| report.definitions).unwrap_or_default();
        let note = if unknown_months {
            "  build what depends on the months of the new files, which are known when they are read"
        } else {
            ""
        };
        (plan_build(&context, &touched, &definitions)?, note)
    };
    if arguments.json {
        let plan = json!({ "pipeline": pipeline.name, "snapshots": snapshots, "tables": tables });
        console.data(serde_json::to_string_pretty(&plan)?)?;
    } else {
        console.data(show_plan(&pipeline.name, &snapshots, &tables, note))?;
    }
    Ok(ExitCode::Ok)
}
