//! `clientbase runs`: the history of runs, and the kept report of one.

use super::load;
use crate::cli::RunsArguments;
use crate::config::Project;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::ingest::DeliveryState;
use crate::month::describe_ranges;
use crate::report::{
    Outcome, RunReport, RunsFolder, SnapshotReport, plain_table, show_report, thousands,
};
use crate::store::{Location, RetentionMark};

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
        let mark = RetentionMark::load(&location).await?;
        return list(&folder, &pipeline.name, mark, arguments.json, console).await;
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
    mark: Option<RetentionMark>,
    json: bool,
    console: &Console,
) -> Result<ExitCode> {
    let mut reports = folder.all().await?;
    link(&mut reports);
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
        "based on",
        "outcome",
        "as of",
        "files",
        "accepted",
        "restated",
        "tables changed",
        "months built",
        "rows built",
        "seconds",
        "version",
    ];
    console.data(plain_table(&header, &[4, 5, 6, 7, 8, 9, 10], rows))?;
    if let Some(mark) = mark {
        console.talk(format_args!(
            "runs before {} can no longer be read: maintain removed their table versions",
            mark.oldest_kept_run
        ));
    }
    Ok(ExitCode::Ok)
}

/// Names the run before in reports of versions that did not: the finished one before it.
fn link(reports: &mut [RunReport]) {
    let mut newest: Option<String> = None;
    for report in reports {
        if report.based_on.is_none() {
            report.based_on.clone_from(&newest);
        }
        if report.is_finished() {
            newest = Some(report.run.clone());
        }
    }
}

fn row(report: &RunReport) -> Vec<String> {
    let is_waiting = |snapshot: &&SnapshotReport| snapshot.state == DeliveryState::SetAside;
    let waiting = report.snapshots.iter().filter(is_waiting).count();
    let outcome = match (&report.outcome, &report.error) {
        (Outcome::Failed, Some(error)) => {
            format!("failed ({}, exit {})", error.fault, error.exit_code)
        }
        (outcome, _) if waiting > 0 => format!("{}, {waiting} set aside", outcome.shown()),
        (outcome, _) => outcome.shown().to_owned(),
    };
    // Only finished runs are links of the chain: the others left the results as they were.
    let based_on = match report.is_finished() {
        true => report.based_on.clone().unwrap_or_else(|| "-".to_owned()),
        false => "not in the chain".to_owned(),
    };
    let tables = report.tables.iter().filter(|table| table.months_changed > 0).count();
    let read = report.snapshots.iter().filter(|snapshot| snapshot.state.is_in_history());
    let accepted: u64 = read.map(|snapshot| snapshot.accepted).sum();
    let months: usize = report.tables.iter().map(|table| table.months_built).sum();
    let rows: u64 = report.tables.iter().map(|table| table.rows_built).sum();
    vec![
        report.run.clone(),
        based_on,
        outcome,
        report.as_of.clone().unwrap_or_default(),
        report.snapshots.len().to_string(),
        thousands(accepted),
        describe_ranges(report.restated()),
        tables.to_string(),
        thousands(months as u64),
        thousands(rows),
        format!("{:.2}", report.seconds),
        report.version.clone(),
    ]
}
