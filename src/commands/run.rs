//! `clientbase run`: ingest → build → audit → commit → publish.

use std::ops::Add;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::headlines::Headlines;
use super::known::Knowledge;
use super::{load, table_names};
use crate::audits::AuditFailure;
use crate::cli::RunArguments;
use crate::clock::{format_utc, now};
use crate::config::{Pipeline, Project};
use crate::console::Console;
use crate::engine::{BuildContext, History, Session, SqlToCheck, build, check_catalog};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::ingest::{
    DeliveryState, IngestContext, Ingested, Ledger, SALES, SourceFiles, history_tables, ingest,
    out_of_reach, plan_ingest, refuse_unmarked, unnamed_sources,
};
use crate::models::Catalog;
use crate::publish::{Manifest, Staged};
use crate::report::{
    ErrorReport, FailedAudit, Matrix, Outcome, RunReport, RunsFolder, SnapshotReport, TableReport,
    run_id, run_moment, show_report,
};
use crate::store::{Location, Lock, Requests, RunStamp, Warehouse};

/// Runs a pipeline.
///
/// # Errors
/// Whatever stopped the run; its report is kept all the same.
pub async fn run(
    project: &Project,
    arguments: &RunArguments,
    console: &Console,
) -> Result<ExitCode> {
    let started = Instant::now();
    let (mut pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let files = SqlToCheck::OfProject;
    check_catalog(&catalog, &pipeline.parameters, &pipeline.sources, files).await?;
    let knowledge = Knowledge::choose(project, &mut pipeline, &catalog, arguments).await?;
    let location = Location::open(&pipeline.warehouse)?;
    let lock = Lock::acquire(&location)?;
    let is_new = location.read(OWNER).await?.is_none();
    let published = Location::open(&pipeline.published)?;
    refuse_foreign_folders(&location, &published, &pipeline.name).await?;
    if !arguments.dry_run {
        location.write(OWNER, Bytes::from(pipeline.name.clone())).await?;
    }
    let moment = after_all_runs(&location, now()).await?;
    let stamp = RunStamp { id: run_id(moment), moment };
    let mut report = RunReport::started(&stamp.id, &pipeline.name, format_utc(moment));
    let mut work = Work {
        pipeline: &pipeline,
        catalog: &catalog,
        arguments,
        knowledge: &knowledge,
        console,
        stamp: &stamp,
        report: &mut report,
    };
    let done = work.do_all(&location).await;
    report.seconds = started.elapsed().as_secs_f64();
    let (code, matrix) = match done {
        Ok((code, matrix)) => (code, matrix),
        Err(error) => {
            report.error = Some(ErrorReport::from(&error));
            if arguments.dry_run && is_new {
                remove_folder(&location)?;
            } else if !arguments.dry_run {
                // The error itself matters more than a report that cannot be written.
                let _ = RunsFolder::new(&location).keep(&report).await;
            }
            if arguments.json {
                console.data(serde_json::to_string_pretty(&report)?)?;
            }
            return Err(error);
        }
    };
    if !arguments.dry_run {
        RunsFolder::new(&location).keep(&report).await?;
    } else if is_new {
        remove_folder(&location)?;
    }
    drop(lock);
    if arguments.json {
        console.data(serde_json::to_string_pretty(&report)?)?;
    } else if !console.is_quiet() {
        console.data(show_report(&report, matrix.as_ref(), console.is_verbose()))?;
    }
    if knowledge.known.is_some() {
        console.talk(format_args!("results are in {}", published.shown()));
    }
    Ok(code)
}

/// A moment after the newest run's: a clock that was put back must not make this run older
/// than the one whose results it replaces.
async fn after_all_runs(warehouse: &Location, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let names = RunsFolder::new(warehouse).names().await?;
    let newest = names.last().and_then(|name| run_moment(name));
    Ok(newest.map_or(now, |newest| now.max(newest + TimeDelta::milliseconds(1))))
}

/// File of the warehouse that names the pipeline it belongs to.
const OWNER: &str = "pipeline";

/// Two pipelines in one folder would mix their histories and remove each other's files.
async fn refuse_foreign_folders(
    warehouse: &Location,
    published: &Location,
    pipeline: &str,
) -> Result<()> {
    let owner = warehouse.read(OWNER).await?;
    let owner = owner.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let publisher = Manifest::load(published).await?.map(|manifest| manifest.pipeline);
    for (what, folder, owner) in
        [("warehouse", warehouse, owner), ("published", published, publisher)]
    {
        if let Some(owner) = owner.filter(|owner| owner != pipeline) {
            return Err(Error::configuration(format!(
                "{what} folder {} belongs to pipeline `{owner}`",
                folder.shown()
            ))
            .hint("give each pipeline folders of its own (a renamed pipeline file: rename it back, or set `warehouse` and `published` anew)"));
        }
    }
    Ok(())
}

/// Takes away what a dry run had to make to work in.
fn remove_folder(location: &Location) -> Result<()> {
    match location.local_path() {
        Some(folder) => Ok(std::fs::remove_dir_all(folder)?),
        None => Ok(()),
    }
}

struct Work<'a> {
    pipeline: &'a Pipeline,
    catalog: &'a Catalog,
    arguments: &'a RunArguments,
    knowledge: &'a Knowledge,
    console: &'a Console,
    stamp: &'a RunStamp,
    report: &'a mut RunReport,
}

impl Work<'_> {
    async fn do_all(&mut self, location: &Location) -> Result<(ExitCode, Option<Matrix>)> {
        self.knowledge.bring(location, self.catalog, self.stamp).await?;
        let names = table_names(self.catalog);
        let mut warehouse = Warehouse::open(&self.pipeline.warehouse, names, None).await?;
        refuse_unmarked(warehouse.schema(SALES)?.as_deref(), &location.shown())?;
        let before = warehouse.versions();
        self.report.based_on = match &self.knowledge.known {
            Some(known) => Some(known.report.run.clone()),
            None => RunsFolder::new(location).newest_finished().await?.map(|report| report.run),
        };
        self.report.known = self.knowledge.known.as_ref().map(|known| known.report.run.clone());
        let session = Session::new(location, self.pipeline.limits)?;
        let ledger = Ledger::load(&warehouse).await?;
        let sources = SourceFiles::find_all(self.pipeline, self.catalog).await?;
        let unnamed = unnamed_sources(&sources, &ledger);
        // A run on what was known earlier reads no source at all.
        for source in unnamed.iter().filter(|_| self.knowledge.known.is_none()) {
            self.console.talk(format_args!(
                "note: the pipeline file no longer names source `{source}`; its lines stay in \
                 the history (a renamed source delivers its lines a second time)"
            ));
        }
        for record in out_of_reach(&sources, &ledger) {
            self.console.talk(format_args!(
                "note: {} was read by rules that have changed since, and is no longer there; \
                 its lines stay as they were",
                record.file
            ));
        }
        let planned = plan_ingest(&sources, &ledger, location, &self.arguments.accept).await?;
        let state = self.last_whole_state(&warehouse, ledger).await?;
        let reading = IngestContext {
            sources: &sources,
            warehouse: &warehouse,
            session: &session,
            limits: self.pipeline.limits,
            run: self.stamp,
            console: self.console,
        };
        let ingested = ingest(&reading, planned, state).await?;
        self.report.snapshots = ingested.snapshots.iter().map(SnapshotReport::from).collect();
        self.report.notes.clone_from(&ingested.notes);
        self.report.restatements.clone_from(&ingested.restatements);
        let is_refused =
            ingested.snapshots.iter().any(|(record, _)| record.state == DeliveryState::SetAside);
        let done = if is_refused { ExitCode::DataRejected } else { ExitCode::Ok };
        for (record, _) in
            ingested.snapshots.iter().filter(|(record, _)| record.state == DeliveryState::SetAside)
        {
            self.console.alert(format_args!(
                "error: {} was set aside, because it changes a closed month; the rest of the run goes on\n\
                 hint: look at it, and take it with --accept {}",
                record.file, record.snapshot
            ));
        }
        let waiting = ingested.ledger.records().iter().filter(|record| {
            record.state == DeliveryState::SetAside && record.run != self.stamp.id
        });
        for record in waiting {
            self.report.notes.push(format!(
                "{} is still set aside, since run {}: accept it with --accept {}, or deliver it anew",
                record.file, record.run, record.snapshot
            ));
        }
        let history =
            History::new(ingested.history.clone(), self.knowledge.as_of).map_err(|error| {
                let hint = [error.hint_text().map(str::to_owned), ingested.farthest()];
                let hint: Vec<String> = hint.into_iter().flatten().collect();
                error.hint(hint.join("; "))
            })?;
        self.report.as_of = Some(history.as_of.date.to_string());
        self.report.months = Some((history.first, history.last));
        let context =
            BuildContext::new(self.pipeline, self.catalog, &session, &history, &warehouse);
        let built = build(&context, self.console).await?;
        self.report.tables = built.tables.iter().map(TableReport::from).collect();
        let staged = Staged::new(ingested, built);
        let audited = match staged.audit(&context, self.console).await? {
            Ok(audited) => audited,
            Err(failures) => {
                self.keep_failures(location, failures).await?;
                warehouse.clear_staging().await?;
                return Ok((ExitCode::DataRejected, None));
            }
        };
        self.report.audits.passed = audited.passed();
        if self.arguments.dry_run {
            let headlines = Headlines { context: &context, built: audited.built() };
            let matrix = headlines.matrix().await?;
            self.report.losses = headlines.losses().await?;
            warehouse.clear_staging().await?;
            self.report.outcome = Outcome::DryRun;
            return Ok((done, matrix));
        }
        let committed = audited.commit(self.catalog, &mut warehouse, self.stamp).await?;
        let published_folder = Location::open(&self.pipeline.published)?;
        let context =
            BuildContext::new(self.pipeline, self.catalog, &session, &history, &warehouse);
        let headlines = Headlines { context: &context, built: committed.built() };
        let matrix = headlines.matrix().await?;
        self.report.losses = headlines.losses().await?;
        let published = committed
            .publish(
                self.catalog,
                &warehouse,
                &published_folder,
                history.as_of,
                self.stamp,
                &self.pipeline.name,
            )
            .await?;
        for model in &self.catalog.models {
            let definition = model.definition(&self.pipeline.parameters)?;
            self.report.definitions.insert(model.name.clone(), definition);
        }
        let changed = published.written + published.removed > 0 || published.versions != before;
        self.report.outcome = if changed { Outcome::Ok } else { Outcome::NothingToDo };
        self.report.published = Some((published.written, published.removed));
        self.report.versions = published.versions;
        let folders = [location, warehouse.location(), &published_folder];
        let requests = folders.map(Location::requests);
        self.report.requests = Some(requests.into_iter().fold(Requests::default(), Add::add));
        Ok((done, matrix))
    }

    /// The history to start from: what is committed, or, where a killed run has committed
    /// lines but not their record, what the ledger holds.
    async fn last_whole_state(&self, warehouse: &Warehouse, ledger: Ledger) -> Result<Ingested> {
        if Ingested::is_whole(warehouse, &ledger) {
            return Ingested::unchanged(warehouse, warehouse, ledger);
        }
        let versions = ledger.versions_held();
        let names = history_tables().into_iter().map(|table| table.name.to_owned());
        let before = Warehouse::open(&self.pipeline.warehouse, names, Some(&versions)).await?;
        Ingested::unchanged(warehouse, &before, ledger)
    }

    /// Keeps offending rows beside the report and tells about them.
    async fn keep_failures(
        &mut self,
        location: &Location,
        failures: Vec<AuditFailure>,
    ) -> Result<()> {
        self.report.outcome = Outcome::AuditFailed;
        let runs = RunsFolder::new(location);
        for failure in failures {
            let mut csv = Vec::new();
            arrow::csv::Writer::new(&mut csv).write(&failure.rows)?;
            let months = failure.months.replace([' ', ','], "_");
            let name = format!("{}.{}.{months}.csv", failure.table, failure.audit);
            let kept_in = if self.arguments.dry_run {
                "no file (dry run)".to_owned()
            } else {
                runs.keep_file(&self.stamp.id, &name, Bytes::from(csv)).await?
            };
            let first = failure.rows.slice(0, failure.rows.num_rows().min(SHOWN_ROWS));
            self.console.alert(format_args!(
                "error: audit {} of {} found {} rows in {}, kept in {kept_in}; the first:\n{}",
                failure.audit,
                failure.table,
                failure.count,
                failure.months,
                arrow::util::pretty::pretty_format_batches(&[first])?,
            ));
            self.report.audits.failed.push(FailedAudit {
                audit: failure.audit,
                table: failure.table,
                months: failure.months,
                description: failure.description,
                rows: failure.count,
                kept_in,
            });
        }
        Ok(())
    }
}

/// Offending rows that are shown at once; all kept rows lie beside the report.
const SHOWN_ROWS: usize = 10;
