//! `clientbase plan`: what a run would do and why, touching nothing.

use serde_json::json;

use super::{load, table_names};
use crate::cli::PlanArguments;
use crate::config::{Delivery, Period, Project};
use crate::console::Console;
use crate::engine::{
    BuildContext, History, Session, SqlToCheck, Touched, check_catalog, plan_build,
};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ingest::{Ingested, Ledger, SALES, SourceFiles, days_in_name, plan_ingest};
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
    let files = SqlToCheck::OfProject;
    check_catalog(&catalog, &pipeline.parameters, &pipeline.sources, files).await?;
    let warehouse = Warehouse::open(&pipeline.warehouse, table_names(&catalog), None).await?;
    let ledger = Ledger::load(&warehouse).await?;
    let sources = SourceFiles::find_all(&pipeline, &catalog).await?;
    let snapshots = plan_ingest(&sources, &ledger, warehouse.location(), &[]).await?;
    let mut touched = Touched::new();
    let mut unknown_months = false;
    for snapshot in &snapshots {
        let Some(files) = sources.iter().find(|files| files.source.name == snapshot.source) else {
            continue;
        };
        let months = touched.entry(files.source.table.name).or_default();
        if files.source.table.day_column.is_none() {
            months.insert(None);
            continue;
        }
        let known = ledger.find(&snapshot.source, &snapshot.file);
        months.extend(known.iter().flat_map(|record| record.months.iter().copied().map(Some)));
        let pattern = match &files.source.delivery {
            Delivery::Period(Period::FileName(pattern)) => pattern.as_ref(),
            _ => None,
        };
        match days_in_name(&snapshot.file, pattern) {
            Ok(days) => months.extend(days.months().map(Some)),
            Err(_) => unknown_months |= known.is_none(),
        }
    }
    let newest = touched.get(SALES).and_then(|months| months.last().copied().flatten());
    let (tables, note) = if ledger.records().is_empty() {
        (Vec::new(), "  build every table for every month of the data (first build)")
    } else {
        let state = Ingested::unchanged(&warehouse, &warehouse, ledger)?;
        let mut history = History::new(state.history, arguments.as_of)?;
        if arguments.as_of.is_none()
            && let Some(newest) = newest.filter(|newest| *newest > history.last)
        {
            // The new month's last day is not known before it is read; its end will do.
            history = history.as_of(newest.last_day())?;
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
