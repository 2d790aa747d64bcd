//! Reading the files that are work, each once, and folding their rows into the history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::arrival::put_in_order;
use super::contract::check_contracts;
use super::coverage::{Coverage, DayRange, days_in_name};
use super::fold_files::{Delivered, Fold};
use super::ledger::Ledger;
use super::notices::{
    days_to_come, empty_sources, last_days, lost_twins, missing_days, missing_months, overlaps,
};
use super::parts::{Parts, RowsBudget};
use super::plan::{PlannedSnapshot, SourceFiles, WorkReason, exact, superseded};
use super::read::{Counts, ReadFile, ReadJob, read_file};
use super::record::{DeliveryState, SnapshotRecord, decimal_text};
use super::returning::speak_again;
use super::set_aside::take_aside;
use super::staging::StagingPlan;
use super::state::Ingested;
use super::{REJECTS, RESTATED_DOCUMENTS, RESTATEMENTS, SNAPSHOTS};
use crate::clock::format_utc;
use crate::config::{Delivery, Limits, Period};
use crate::console::Console;
use crate::engine::{AsOf, Session};
use crate::error::{Error, Result};
use crate::models::{Fingerprint, FingerprintBuilder};
use crate::month::Month;
use crate::store::{DataFile, RunStamp, Scratch, Slot, Warehouse};

/// Files read at the same time.
const FILES_AT_ONCE: usize = 2;
/// Share of the engine's memory that accepted rows may take before they go to disk, as a
/// divisor.
const ROWS_SHARE: usize = 4;
/// They go to disk beyond this in any case: more memory would not make reading faster.
const MOST_ROWS_BYTES: usize = 256 << 20;

/// What reading needs beside the files.
pub struct IngestContext<'a> {
    pub sources: &'a [SourceFiles<'a>],
    pub warehouse: &'a Warehouse,
    pub session: &'a Session,
    pub limits: Limits,
    pub run: &'a RunStamp,
    pub console: &'a Console,
}

/// Reads the planned files and stages the history as it will be.
///
/// # Errors
/// Data errors for files that cannot be read, too many rejects, a broken contract or two files
/// for one day; store errors. Nothing committed changes.
pub async fn ingest(
    context: &IngestContext<'_>,
    mut planned: Vec<PlannedSnapshot>,
    mut state: Ingested,
) -> Result<Ingested> {
    state.notes.extend(empty_sources(context.sources));
    if planned.is_empty() {
        return Ok(state);
    }
    refuse_other_table(context.sources, &state.ledger)?;
    let scratch = context.session.scratch();
    let most = (context.limits.memory_bytes / ROWS_SHARE).min(MOST_ROWS_BYTES);
    let budget = RowsBudget::new(most, context.limits.threads);
    put_in_order(context.sources, &mut planned)?;
    let passed_over = superseded(context.sources, &mut planned);
    let mut delivered = read_all(context, planned, &state.ledger, (scratch, &budget)).await?;
    refuse_conflicts(&delivered)?;
    number(&mut delivered, &state.ledger);
    let again = speak_again(context.sources, &state.ledger, &mut delivered).await?;
    let mut again = read_all(context, again, &state.ledger, (scratch, &budget)).await?;
    number(&mut again, &state.ledger);
    delivered.append(&mut again);
    refuse_rejects(context.sources, &delivered)?;
    let broken = check_contracts(context.sources, &delivered, &state)?;
    state.notes.extend(broken);
    let fold = Fold { context, scratch, budget: &budget };
    let folded = fold.fold_all(&mut delivered, &state).await?;
    state.notes.extend(folded.notes);
    state.notes.extend(days_to_come(&delivered, context.run.moment));
    state.notes.extend(overlaps(&delivered, &state.ledger));
    state.restatements = folded.restatements.found.clone();
    state.history = folded.history;
    keep_side_tables(context, &mut state, &mut delivered, folded.restatements).await?;
    let known = last_days(context.sources, &state.ledger);
    state.notes.extend(lost_twins(context.sources, &delivered, &state.ledger));
    for file in delivered {
        state.ledger.put(file.record.clone());
        if file.record.state == DeliveryState::SetAside {
            let kept = take_aside(file.local, &file.record, scratch).await?;
            state.refused.push((file.record.clone(), kept));
        }
        state.snapshots.push((file.record, file.planned.reason));
    }
    for planned in passed_over {
        let hash = planned.found.hash().await?;
        let mut record = blank_record(context, &planned, hash)?;
        record.state = DeliveryState::Superseded;
        record.sequence = state.ledger.next_sequence();
        state.notes.push(format!(
            "{}: not read, because a later file of the whole history arrived with it",
            planned.file
        ));
        // If the later one waits, this one is read by the next run.
        let waits = |(later, _): &(SnapshotRecord, WorkReason)| {
            later.source == record.source && later.state == DeliveryState::SetAside
        };
        if !state.snapshots.iter().any(waits) {
            state.ledger.put(record.clone());
        }
        state.snapshots.push((record, planned.reason));
    }
    state.notes.extend(missing_months(context.sources, &state.ledger));
    state.notes.extend(missing_days(context.sources, &known, &state.ledger));
    for (table, files) in &state.history {
        let files = files.values().map(|(file, _)| file);
        state.ledger.set_holdings(table, files, context.warehouse);
    }
    let encoded = state.ledger.encode(scratch)?;
    let (slot, fingerprint) = (Slot::of_result(None), encoded.content);
    let staged = context.warehouse.stage(SNAPSHOTS, slot, fingerprint, encoded, None).await?;
    state.ledger_file = Some(staged);
    Ok(state)
}

/// The source of a name, with its files.
pub(super) fn source_of<'s, 'a>(
    sources: &'s [SourceFiles<'a>],
    name: &str,
) -> Result<&'s SourceFiles<'a>> {
    let found = sources.iter().find(|files| files.source.name == name);
    found.ok_or_else(|| Error::configuration(format!("the pipeline file has no source `{name}`")))
}

async fn read_all(
    context: &IngestContext<'_>,
    planned: Vec<PlannedSnapshot>,
    ledger: &Ledger,
    (scratch, budget): (&Scratch, &RowsBudget),
) -> Result<Vec<Delivered>> {
    let mut plans: BTreeMap<&str, StagingPlan> = BTreeMap::new();
    for files in context.sources {
        let plan = StagingPlan::new(files.staging, files.source.table).await?;
        plans.insert(&files.source.name, plan);
    }
    let other_bytes: BTreeSet<(String, String)> = planned
        .iter()
        .filter(|snapshot| snapshot.reason.brings_other_bytes())
        .map(|snapshot| (snapshot.source.clone(), snapshot.file.clone()))
        .collect();
    let progress = context.console.progress("reading snapshots", planned.len() as u64);
    let work = planned.into_iter().map(|snapshot| {
        let plan = plans.get(snapshot.source.as_str()).cloned();
        let (progress, other_bytes) = (&progress, &other_bytes);
        async move {
            let plan = plan.ok_or_else(|| {
                Error::configuration(format!(
                    "the pipeline file has no source `{}`",
                    snapshot.source
                ))
            })?;
            let name = snapshot.file.clone();
            let is_twin = |record: &SnapshotRecord| {
                !other_bytes.contains(&(record.source.clone(), record.file.clone()))
            };
            let twins = ledger.accepted(&snapshot.source).filter(|record| is_twin(record));
            let twins: Vec<&SnapshotRecord> = twins.collect();
            let read = read_one(context, snapshot, plan, &twins, (scratch, budget)).await?;
            progress.advance(&name);
            Ok::<_, Error>(read)
        }
    });
    let mut read: Vec<Delivered> =
        futures::stream::iter(work).buffered(FILES_AT_ONCE).try_collect().await?;
    progress.finish();
    mark_twins(context.sources, &mut read);
    Ok(read)
}

async fn read_one(
    context: &IngestContext<'_>,
    planned: PlannedSnapshot,
    plan: StagingPlan,
    twins: &[&SnapshotRecord],
    (scratch, budget): (&Scratch, &RowsBudget),
) -> Result<Delivered> {
    let files = source_of(context.sources, &planned.source)?;
    let source = files.source;
    let (local, hash) = planned.found.fetch(scratch).await?;
    let mut record = blank_record(context, &planned, hash)?;
    let nothing = Arc::new(Parts::new(source.table, scratch, budget));
    if matches!(source.delivery, Delivery::Increment { .. })
        && let Some(twin) = same_bytes(twins, &record)
    {
        record.state = DeliveryState::Duplicate;
        let note = format!("{}: not added, because it has the same bytes as {twin}", record.file);
        let notes = vec![note];
        return Ok(Delivered {
            planned,
            record,
            parts: nothing,
            rejects: None,
            local,
            notes,
            reject_examples: Vec::new(),
        });
    }
    let period = match &source.delivery {
        Delivery::Period(Period::FileName(pattern)) => {
            Some(days_in_name(&planned.file, pattern.as_ref())?)
        }
        _ => None,
    };
    let (job_source, staging) = (source.clone(), files.staging.clone());
    let (shown, job_scratch, job_budget) = (planned.file.clone(), scratch.clone(), budget.clone());
    let workers = context.limits.threads;
    let (local, read) = tokio::task::spawn_blocking(move || {
        let job = ReadJob {
            path: local.path(),
            shown: &shown,
            source: &job_source,
            staging: &staging,
            plan: &plan,
            period,
            scratch: &job_scratch,
            budget: &job_budget,
            workers,
        };
        read_file(&job).map(|read| (local, read))
    })
    .await
    .map_err(|error| Error::bug("reading a file broke off").because(error))??;
    planned.found.refuse_change().await?;
    let ReadFile { parts, rejects, counts, reject_examples, columns } = read;
    record.columns = columns;
    record.coverage = match &source.delivery {
        Delivery::Full => Coverage::Everything,
        Delivery::Increment { .. } => Coverage::Nothing,
        Delivery::Period(Period::FileName(_)) => Coverage::Days(period.into_iter().collect()),
        Delivery::Period(Period::Months) => {
            Coverage::of_months(parts.months().filter_map(|(month, _)| month))
        }
        Delivery::Period(Period::Days) => {
            let days: Vec<(i32, i32)> = parts.months().filter_map(|(_, part)| part.days).collect();
            let first = days.iter().map(|(first, _)| *first).min();
            let last = days.iter().map(|(_, last)| *last).max();
            let range = first.zip(last).map(|(first, last)| DayRange { first, last });
            Coverage::Days(range.into_iter().collect())
        }
    };
    fill(&mut record, &parts, counts)?;
    let parts = Arc::new(parts);
    Ok(Delivered { planned, record, parts, rejects, local, notes: Vec::new(), reject_examples })
}

/// What is known of a file before it is read.
fn blank_record(
    context: &IngestContext<'_>,
    planned: &PlannedSnapshot,
    hash: blake3::Hash,
) -> Result<SnapshotRecord> {
    let files = source_of(context.sources, &planned.source)?;
    let mut identity = FingerprintBuilder::default();
    identity.part("definition", files.definition);
    identity.part("file", &planned.file).part("bytes", hash.to_hex());
    Ok(SnapshotRecord {
        snapshot: identity.finish(),
        definition: files.definition,
        table: files.source.table.name.to_owned(),
        source: planned.source.clone(),
        file: planned.file.clone(),
        state: DeliveryState::Accepted,
        coverage: Coverage::Nothing,
        replaces_keys: files.source.delivery.replaces_keys(),
        bytes: planned.found.size,
        modified: exact(planned.found.modified),
        e_tag: planned.found.e_tag.clone(),
        bytes_hash: hash.to_hex().to_string(),
        months: Vec::new(),
        lines: 0,
        accepted: 0,
        rejected: 0,
        accepted_by_month: BTreeMap::new(),
        revenue_by_month: BTreeMap::new(),
        excluded: BTreeMap::new(),
        reject_reasons: BTreeMap::new(),
        revenue: decimal_text(0),
        columns: Vec::new(),
        run: context.run.id.clone(),
        ingested_at: format_utc(context.run.moment),
        sequence: 0,
    })
}

fn fill(record: &mut SnapshotRecord, parts: &Parts, counts: Counts) -> Result<()> {
    let excluded: u64 = counts.excluded.values().sum();
    if counts.lines != counts.accepted + excluded + counts.rejected {
        return Err(Error::bug(format!(
            "{}: {} lines, but {} accepted, {excluded} excluded and {} rejected",
            record.file, counts.lines, counts.accepted, counts.rejected
        )));
    }
    let mut months: BTreeSet<Month> = BTreeSet::new();
    if let Coverage::Days(ranges) = &record.coverage {
        months.extend(ranges.iter().flat_map(|range| range.months()));
    }
    let mut revenue = 0;
    for (month, part) in parts.months() {
        revenue += part.revenue;
        let Some(month) = month else { continue };
        months.insert(month);
        record.accepted_by_month.insert(month, part.rows);
        record.revenue_by_month.insert(month, decimal_text(part.revenue));
    }
    record.months = months.into_iter().collect();
    record.revenue = decimal_text(revenue);
    record.lines = counts.lines;
    record.accepted = counts.accepted;
    record.rejected = counts.rejected;
    record.excluded = counts.excluded;
    record.reject_reasons = counts.reject_reasons;
    Ok(())
}

/// Another accepted file of the source with the same bytes.
fn same_bytes(twins: &[&SnapshotRecord], record: &SnapshotRecord) -> Option<String> {
    let twin = twins
        .iter()
        .find(|other| other.bytes_hash == record.bytes_hash && other.file != record.file);
    twin.map(|twin| twin.file.clone())
}

/// Of two increments with the same bytes that arrive together, the second adds nothing.
fn mark_twins(sources: &[SourceFiles<'_>], read: &mut [Delivered]) {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for file in read {
        let is_increment = sources.iter().any(|files| {
            files.source.name == file.record.source
                && matches!(files.source.delivery, Delivery::Increment { .. })
        });
        if !is_increment || !file.record.is_accepted() {
            continue;
        }
        let key = (file.record.source.clone(), file.record.bytes_hash.clone());
        if let Some(twin) = seen.get(&key) {
            file.become_duplicate();
            file.notes.push(format!(
                "{}: not added, because it has the same bytes as {twin}",
                file.record.file
            ));
        } else {
            seen.insert(key, file.record.file.clone());
        }
    }
}

/// Places in the order of reading: files that are read again by other rules keep theirs.
fn number(delivered: &mut [Delivered], ledger: &Ledger) {
    let mut next = ledger.next_sequence();
    for file in delivered {
        file.record.sequence = file.planned.sequence.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
    }
}

/// A source fills one table; its rows in another one would stay there for ever.
fn refuse_other_table(sources: &[SourceFiles<'_>], ledger: &Ledger) -> Result<()> {
    for files in sources {
        let (name, table) = (&files.source.name, files.source.table.name);
        let other = ledger.records().iter().find(|r| r.source == *name && r.table != table);
        if let Some(other) = other {
            return Err(Error::configuration(format!(
                "source `{name}` delivered `{}` before, and says table = {table:?} now",
                other.table
            ))
            .hint("give the source another name, or remove the warehouse folder to begin anew"));
        }
    }
    Ok(())
}

/// Two files of one source that arrive together must not speak for the same day: which
/// one is right cannot be known, and taking either would lose the other's lines.
fn refuse_conflicts(delivered: &[Delivered]) -> Result<()> {
    let arrived: Vec<&Delivered> =
        delivered.iter().filter(|file| !file.planned.reason.keeps_place()).collect();
    for (place, one) in arrived.iter().enumerate() {
        for other in &arrived[place + 1..] {
            let (one, other) = (&one.record, &other.record);
            if one.source != other.source {
                continue;
            }
            if let Some(days) = one.coverage.common_days(&other.coverage) {
                return Err(Error::data(format!(
                    "source `{}`: {} and {} both deliver {days}, and arrived together",
                    one.source, one.file, other.file
                ))
                .hint(
                    "a file replaces what its source delivered for its period before, so remove \
                     the outdated file; if both are needed (two branches, two systems), describe \
                     each as a [[source]] of its own; if only a few stray lines overlap and the \
                     period stands in the file names, set period = \"file_name\"; if files only \
                     ever add lines, set kind = \"increment\"",
                ));
            }
        }
    }
    Ok(())
}

fn refuse_rejects(sources: &[SourceFiles<'_>], delivered: &[Delivered]) -> Result<()> {
    for file in delivered {
        let record = &file.record;
        let allowed = source_of(sources, &record.source)?.source.max_reject_share;
        if record.rejected as f64 > allowed * record.lines as f64 {
            let examples = file.reject_examples.join("\n  ");
            return Err(Error::data(format!(
                "{}: {} of {} lines rejected, more than max_reject_share = {allowed}; the first:\n  \
                 {examples}",
                record.file, record.rejected, record.lines
            ))
            .hint("correct the file, the staging SQL or the reading settings; nothing was committed"));
        }
    }
    Ok(())
}

/// The last month that is over, as the sales tell: those of the history and the new ones.
pub(super) fn last_full_month(state: &Ingested, delivered: &[Delivered]) -> Option<Month> {
    as_of_data(state, delivered).map(|as_of| as_of.last_full_month())
}

/// The last day of all sales.
pub(super) fn as_of_data(state: &Ingested, delivered: &[Delivered]) -> Option<AsOf> {
    let held = state.slots(super::SALES).filter_map(|(_, (file, _))| file.last_day);
    let sales = delivered
        .iter()
        .filter(|file| file.record.table == super::SALES && file.record.is_accepted());
    let new = sales.flat_map(|file| file.parts.months()).filter_map(|(_, part)| part.days);
    let last = held.chain(new.map(|(_, last)| last)).max()?;
    chrono::NaiveDate::from_epoch_days(last).map(|date| AsOf { date })
}

/// Stages rejects and restatements.
async fn keep_side_tables(
    context: &IngestContext<'_>,
    state: &mut Ingested,
    delivered: &mut [Delivered],
    restatements: super::restatement::Restatements,
) -> Result<()> {
    let warehouse = context.warehouse;
    for file in delivered.iter_mut() {
        state.notes.append(&mut file.notes);
        let record = &file.record;
        if record.state == DeliveryState::SetAside {
            continue;
        }
        let slot = rejects_slot(&record.source, &record.file);
        let rejects = state.history.entry(REJECTS).or_default();
        rejects.remove(&slot);
        if let Some(encoded) = file.rejects.take() {
            let staged =
                warehouse.stage(REJECTS, slot.clone(), record.snapshot, encoded, None).await?;
            rejects.insert(slot, (staged, true));
        }
    }
    if let Some((summaries, documents)) = restatements.finish()? {
        for (table, encoded) in [(RESTATEMENTS, summaries), (RESTATED_DOCUMENTS, documents)] {
            let slot = Slot::of_source(&context.run.id, None);
            let fingerprint = encoded.content;
            let staged: DataFile =
                warehouse.stage(table, slot.clone(), fingerprint, encoded, None).await?;
            state.history.entry(table).or_default().insert(slot, (staged, true));
        }
    }
    Ok(())
}

/// Rejects of one delivered file; the file's path stands for it as a hash, because paths
/// may hold anything.
fn rejects_slot(source: &str, file: &str) -> Slot {
    Slot::of_source(&format!("{source}/{}", Fingerprint::of(file.as_bytes())), None)
}
