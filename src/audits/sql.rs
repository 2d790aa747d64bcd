//! SQL audits: each runs over the months that were built, against the staged state.

use std::collections::BTreeSet;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::common::runtime::SpawnedTask;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt};

use super::{AuditFailure, AuditOutcome};
use crate::console::Console;
use crate::engine::{
    BuildContext, Built, MonthState, Tables, bind, failed_in, statement_parameters,
};
use crate::error::{Error, Result};
use crate::ingest::{Ingested, canonical_table, history_schema};
use crate::models::{Audit, Model};
use crate::month::{Month, describe_ranges, ranges};
use crate::store::DataFile;

/// Offending rows that are kept of each failed audit.
const KEPT_ROWS: usize = 1_000;

/// Runs the audits of every table that has built or resumed months.
///
/// # Errors
/// When an audit's SQL is wrong or cannot be run.
pub async fn audit_tables(
    context: &BuildContext<'_>,
    built: &Built,
    console: &Console,
) -> Result<AuditOutcome> {
    let mut outcome = AuditOutcome::default();
    let due: Vec<(&Audit, &Model, Vec<Option<Month>>)> = context
        .catalog
        .audits
        .iter()
        .filter_map(|audit| {
            let model = context.catalog.model(&audit.table)?;
            let table = built.tables.iter().find(|table| table.table == audit.table)?;
            let fresh: Vec<Option<Month>> = table
                .months
                .iter()
                .filter(|(_, state)| **state != MonthState::Kept)
                .map(|(month, _)| *month)
                .collect();
            (!fresh.is_empty()).then_some((audit, model, fresh))
        })
        .collect();
    let audits = due.len();
    let work: Vec<(&Audit, Option<(Month, Month)>)> = due
        .into_iter()
        .flat_map(|(audit, model, fresh)| {
            let ranges = match model.is_monthly() {
                true => slices(fresh.into_iter().flatten(), context.limits.slice_months),
                false => vec![None],
            };
            ranges.into_iter().map(move |range| (audit, range))
        })
        .collect();
    let progress = console.progress("auditing", work.len() as u64);
    let work = work.into_iter().enumerate().map(|(place, (audit, range))| {
        let progress = &progress;
        async move {
            progress.begin(&audit.name);
            let failed = run_audit(context, built, audit, range).await?;
            progress.advance(&audit.name);
            Ok::<_, Error>(failed.map(|failed| (place, failed)))
        }
    });
    // One that ends late holds back no others.
    let results = futures::stream::iter(work).buffer_unordered(context.lanes.count());
    let mut failed: Vec<(usize, AuditFailure)> =
        results.try_filter_map(async |failed| Ok(failed)).try_collect().await?;
    // Told in the order of the catalogue, whichever ends first.
    failed.sort_by_key(|(place, _)| *place);
    outcome.failed = failed.into_iter().map(|(_, failure)| failure).collect();
    let failed: BTreeSet<&str> =
        outcome.failed.iter().map(|failure| failure.audit.as_str()).collect();
    outcome.passed = audits - failed.len();
    progress.finish();
    Ok(outcome)
}

/// Runs the audits that guard tables of the history, over the files that this run brought.
/// Rows after the as-of date count too: they are looked at once, when they come.
///
/// # Errors
/// When an audit's SQL is wrong or cannot be run.
pub async fn audit_history(
    context: &BuildContext<'_>,
    ingested: &Ingested,
) -> Result<AuditOutcome> {
    let mut outcome = AuditOutcome::default();
    for audit in &context.catalog.audits {
        let Some(table) = canonical_table(&audit.table) else { continue };
        if !ingested.slots(table.name).any(|(_, (_, is_staged))| *is_staged) {
            continue;
        }
        // A table without months is looked at whole: sources may contradict each other.
        let is_due = |is_staged: bool| is_staged || table.day_column.is_none();
        let due: Vec<&(DataFile, bool)> = ingested
            .slots(table.name)
            .filter(|(_, (_, is_staged))| is_due(*is_staged))
            .map(|(_, file)| file)
            .collect();
        let months = || due.iter().filter_map(|(file, _)| file.slot.month);
        let range = months().min().zip(months().max());
        let session = context.session.context();
        let placed = due.iter().map(|(file, is_staged)| {
            (context.warehouse.relative_path(table.name, file, *is_staged), file.clone())
        });
        let files = context.session.table(&history_schema(table), placed);
        session.register_table(table.name, files)?;
        match find_rows(context, session, audit, range).await? {
            Some(failure) => outcome.failed.push(failure),
            None => outcome.passed += 1,
        }
    }
    Ok(outcome)
}

/// The months in slices.
fn slices(months: impl Iterator<Item = Month>, longest: usize) -> Vec<Option<(Month, Month)>> {
    let mut slices = Vec::new();
    for (mut first, last) in ranges(months) {
        while first <= last {
            let end = first.plus(longest as i64 - 1).min(last);
            slices.push(Some((first, end)));
            first = end.plus(1);
        }
    }
    slices
}

async fn run_audit(
    context: &BuildContext<'_>,
    built: &Built,
    audit: &Audit,
    range: Option<(Month, Month)>,
) -> Result<Option<AuditFailure>> {
    let statement = async || {
        tracing::info!(audit = audit.name, ?range, "auditing");
        let started = Instant::now();
        let session = context.session.context();
        let tables = Tables { build: context, files: &built.files };
        tables.register(&session, &audit.reads, range).await?;
        let found = find_rows(context, session, audit, range).await?;
        let seconds = started.elapsed().as_secs_f64();
        tracing::debug!(audit = audit.name, ?range, seconds, "audited");
        Ok(found)
    };
    context.lanes.run_or_alone(0, statement).await
}

/// Runs an audit on registered tables.
async fn find_rows(
    context: &BuildContext<'_>,
    session: SessionContext,
    audit: &Audit,
    range: Option<(Month, Month)>,
) -> Result<Option<AuditFailure>> {
    let whole = (context.history.first, context.history.last);
    let parameters =
        statement_parameters(&audit.parameters, Some(range.unwrap_or(whole)), context)?;
    let file = audit.file.clone();
    // On a thread of its own: others run beside it.
    let found = SpawnedTask::spawn(async move {
        let failed = |error| failed_in(&file, error);
        let frame = bind(&session, &file, parameters).await?;
        let mut rows = frame.execute_stream().await.map_err(failed)?;
        let schema = rows.schema();
        let mut kept: Vec<RecordBatch> = Vec::new();
        let mut count = 0_usize;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(failed)?;
            let room = KEPT_ROWS.saturating_sub(count).min(batch.num_rows());
            if room > 0 {
                kept.push(batch.slice(0, room));
            }
            count += batch.num_rows();
        }
        Ok::<_, Error>((concat_batches(&schema, &kept)?, count))
    });
    let found = found.join().await;
    let (rows, count) =
        found.map_err(|error| Error::bug("an audit was broken off").because(error))??;
    if count == 0 {
        return Ok(None);
    }
    let months = range.map_or_else(
        || "all months".to_owned(),
        |(first, last)| describe_ranges(first.through(last)),
    );
    Ok(Some(AuditFailure {
        audit: audit.name.clone(),
        table: audit.table.clone(),
        months,
        description: audit.description.clone(),
        rows,
        count: count as u64,
    }))
}
