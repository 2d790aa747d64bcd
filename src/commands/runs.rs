//! `clientbase runs`: the history of runs, and the kept report of one.

use super::load;
use crate::cli::RunsArguments;
use crate::config::Project;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::report::{Outcome, RunReport, RunsFolder, plain_table, show_report, thousands};
use crate::store::Location;

/// Lists the runs of a pipeline, or shows one.
///
/// # Errors
/// When there is no such run.
pub async fn runs(
    project: &Project,
    arguments: &RunsArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, _) = load(project, arguments.pipeline.as_deref())?;
    let location = Location::open(&pipeline.warehouse)?;
    let folder = RunsFolder::new(&location);
    let Some(wanted) = &arguments.run else {
        return list(&folder, &pipeline.name, arguments.json, console).await;
    };
    let name = if wanted == "last" {
        folder.names().await?.pop().ok_or_else(|| no_runs(&pipeline.name))?
    } else {
        wanted.clone()
    };
    let report = folder.read(&name).await?;
    if arguments.json {
        console.data(serde_json::to_string_pretty(&report)?)?;
    } else {
        console.data(show_report(&report, None, true))?;
        let versions: Vec<String> =
            report.versions.iter().map(|(table, version)| format!("{table} {version}")).collect();
        console.detail(format_args!("table versions: {}", versions.join(", ")));
    }
    Ok(ExitCode::Ok)
}

fn no_runs(pipeline: &str) -> Error {
    Error::configuration(format!("pipeline {pipeline} was never run"))
        .hint(format!("run it: clientbase run {pipeline}"))
}

async fn list(
    folder: &RunsFolder<'_>,
    pipeline: &str,
    json: bool,
    console: &Console,
) -> Result<ExitCode> {
    let mut reports = Vec::new();
    for name in folder.names().await? {
        reports.push(folder.read(&name).await?);
    }
    if json {
        console.data(serde_json::to_string_pretty(&reports)?)?;
        return Ok(ExitCode::Ok);
    }
    if reports.is_empty() {
        return Err(no_runs(pipeline));
    }
    let rows = reports.iter().map(row).collect();
    let header = [
        "run",
        "started",
        "outcome",
        "as of",
        "files",
        "accepted",
        "months built",
        "rows built",
        "seconds",
        "version",
    ];
    console.data(plain_table(&header, &[4, 5, 6, 7, 8], rows))?;
    Ok(ExitCode::Ok)
}

fn row(report: &RunReport) -> Vec<String> {
    let outcome = match report.outcome {
        Outcome::Ok => "ok".to_owned(),
        Outcome::NothingToDo => "nothing to do".to_owned(),
        Outcome::DryRun => "dry run".to_owned(),
        Outcome::AuditFailed => "audit failed".to_owned(),
        Outcome::Failed => match &report.error {
            Some(error) => format!("failed ({}, exit {})", error.fault, error.exit_code),
            None => "failed".to_owned(),
        },
    };
    let accepted: u64 = report.snapshots.iter().map(|snapshot| snapshot.accepted).sum();
    let months: usize = report.tables.iter().map(|table| table.months_built).sum();
    let rows: u64 = report.tables.iter().map(|table| table.rows_built).sum();
    vec![
        report.run.clone(),
        report.started.clone(),
        outcome,
        report.as_of.clone().unwrap_or_default(),
        report.snapshots.len().to_string(),
        thousands(accepted),
        thousands(months as u64),
        thousands(rows),
        format!("{:.2}", report.seconds),
        report.version.clone(),
    ]
}
