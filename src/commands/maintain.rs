//! `clientbase maintain`: removes what no kept run refers to, and shortens the logs.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{load, table_names};
use crate::cli::MaintainArguments;
use crate::clock::{format_utc, now};
use crate::config::Project;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::report::{RunReport, RunsFolder, plain_table, thousands};
use crate::store::{LeftOvers, Location, Lock, RetentionMark, SPILL, TableUpkeep, plan_upkeep};

/// Staged files of an interrupted run are work that the next one takes over; after so many
/// days no run is coming for them.
const STAGED_DAYS: i64 = 7;

/// Maintains the warehouse of a pipeline.
///
/// # Errors
/// When another run holds the warehouse or a store fails.
pub async fn maintain(
    project: &Project,
    arguments: &MaintainArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let location = Location::open(&pipeline.warehouse)?;
    let runs = RunsFolder::new(&location);
    if runs.names().await?.is_empty() {
        return Err(Error::configuration(format!("pipeline {} was never run", pipeline.name))
            .hint(format!("run it: clientbase run {}", pipeline.name)));
    }
    let _lock = Lock::acquire(&location)?;
    let moment = now();
    let finished: Vec<RunReport> =
        runs.all().await?.into_iter().filter(RunReport::is_finished).collect();
    let mark = RetentionMark::load(&location).await?;
    let starts: Vec<Option<DateTime<Utc>>> = finished.iter().map(started).collect();
    let first = finished.len() - pipeline.retention.kept(&starts);
    // A setting that is raised later does not bring back what is gone.
    let is_gone = |run: &str| mark.as_ref().is_some_and(|mark| mark.has_removed(run));
    let readable = finished.iter().filter(|report| !is_gone(&report.run)).count();
    let kept: Vec<&RunReport> =
        finished[first..].iter().filter(|report| !is_gone(&report.run)).collect();
    let removed_runs = readable - kept.len();

    let mut names: BTreeSet<String> = table_names(&catalog).collect();
    names.extend(finished.iter().flat_map(|report| report.versions.keys().cloned()));
    let mut tables = Vec::new();
    for name in &names {
        let oldest = kept.iter().filter_map(|report| report.versions.get(name)).min().copied();
        tables.extend(plan_upkeep(&location, name, oldest).await?);
    }
    let staged = LeftOvers::staged_before(&location, moment - TimeDelta::days(STAGED_DAYS)).await?;
    let spilled = LeftOvers::below(&location, SPILL).await?;
    if !arguments.dry_run {
        if let Some(oldest) = kept.first().filter(|_| removed_runs > 0) {
            let mark = RetentionMark {
                oldest_kept_run: oldest.run.clone(),
                removed_at: format_utc(moment),
            };
            mark.save(&location).await?;
        }
        for table in &tables {
            table.carry_out(&location, moment).await?;
        }
        staged.remove(&location).await?;
        spilled.remove(&location).await?;
    }
    let done = Done { tables: &tables, kept: &kept, removed_runs, left_overs: [&staged, &spilled] };
    if arguments.json {
        console.data(serde_json::to_string_pretty(&done.as_json(arguments.dry_run))?)?;
    } else if !console.is_quiet() {
        console.data(done.as_text(arguments.dry_run, console.is_verbose()))?;
    }
    Ok(ExitCode::Ok)
}

fn started(report: &RunReport) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&report.started).ok().map(|start| start.to_utc())
}

struct Done<'a> {
    tables: &'a [TableUpkeep],
    kept: &'a [&'a RunReport],
    removed_runs: usize,
    /// Staged, spilled.
    left_overs: [&'a LeftOvers; 2],
}

impl Done<'_> {
    fn as_text(&self, dry_run: bool, verbose: bool) -> String {
        let mut text = match (self.kept.first(), self.kept.last()) {
            (Some(first), Some(last)) => {
                format!(
                    "kept {}, from {} to {}",
                    count(self.kept.len(), "run"),
                    first.run,
                    last.run
                )
            }
            _ => "no run has finished yet: only present table versions are kept".to_owned(),
        };
        let would = if dry_run { "would be removed" } else { "removed" };
        if self.removed_runs > 0 {
            text.push_str(&format!(
                "\nno longer readable{}: {}",
                if dry_run { " then" } else { "" },
                count(self.removed_runs, "run")
            ));
        }
        let works = |table: &&TableUpkeep| {
            verbose
                || !table.unneeded.is_empty()
                || table.old_log_entries > 0
                || !table.checkpoints.is_empty()
        };
        let rows: Vec<Vec<String>> = self.tables.iter().filter(works).map(row).collect();
        if !rows.is_empty() {
            let header = [
                "table",
                "files kept",
                "bytes kept",
                &format!("files {would}"),
                &format!("bytes {would}"),
                &format!("log entries {would}"),
                if dry_run { "checkpoints due" } else { "checkpoints written" },
            ];
            let table = plain_table(&header, &[1, 2, 3, 4, 5, 6], rows);
            text.push_str(&format!("\n\n{table}\n"));
        }
        for (what, left_overs) in ["staged", "spilled"].iter().zip(self.left_overs) {
            if !left_overs.files.is_empty() {
                text.push_str(&format!(
                    "\n{} of {} bytes {would}",
                    count(left_overs.files.len(), &format!("left-over {what} file")),
                    thousands(left_overs.bytes)
                ));
            }
        }
        let files: usize = self.tables.iter().map(|table| table.unneeded.len()).sum();
        let bytes: u64 = self.tables.iter().map(TableUpkeep::unneeded_bytes).sum();
        text.push_str(&format!(
            "\n{} of {} bytes {would}",
            count(files, "data file"),
            thousands(bytes)
        ));
        text
    }

    fn as_json(&self, dry_run: bool) -> serde_json::Value {
        let table = |table: &TableUpkeep| {
            json!({
                "table": table.table,
                "newest_version": table.newest,
                "oldest_kept_version": table.oldest_kept,
                "files_kept": table.kept_files,
                "bytes_kept": table.kept_bytes,
                "files_removed": table.unneeded.len(),
                "bytes_removed": table.unneeded_bytes(),
                "log_entries_removed": table.old_log_entries,
                "checkpoints_written": table.checkpoints,
            })
        };
        let left_overs = |left_overs: &LeftOvers| json!({ "files": left_overs.files.len(), "bytes": left_overs.bytes });
        json!({
            "dry_run": dry_run,
            "runs_kept": self.kept.iter().map(|report| &report.run).collect::<Vec<_>>(),
            "runs_no_longer_readable": self.removed_runs,
            "tables": self.tables.iter().map(table).collect::<Vec<_>>(),
            "staged_removed": left_overs(self.left_overs[0]),
            "spilled_removed": left_overs(self.left_overs[1]),
        })
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(number as u64), if number == 1 { "" } else { "s" })
}

fn row(table: &TableUpkeep) -> Vec<String> {
    vec![
        table.table.clone(),
        thousands(table.kept_files as u64),
        thousands(table.kept_bytes),
        thousands(table.unneeded.len() as u64),
        thousands(table.unneeded_bytes()),
        thousands(table.old_log_entries as u64),
        table.checkpoints.len().to_string(),
    ]
}
