//! Reading the files that are work: each once, staged, and put in place of what its source
//! delivered for the same months before.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::ledger::{Ledger, SnapshotRecord};
use super::plan::{PlannedSnapshot, SourceFiles, WorkReason, exact};
use super::snapshot::{ReadSnapshot, read_snapshot};
use super::staging::StagingPlan;
use super::{REJECTS, SALES, SNAPSHOTS};
use crate::clock::format_utc;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::models::{Fingerprint, FingerprintBuilder};
use crate::month::Month;
use crate::store::{DataFile, RunStamp, STAGING, Slot, Warehouse};

/// Files read at the same time; each needs memory for its lines.
const FILES_AT_ONCE: usize = 2;

/// What reading gave: the state of history tables as it will be after the commit.
#[derive(Debug)]
pub struct Ingested {
    /// What a person should know: months of one file that another file replaced.
    pub notes: Vec<String>,
    /// Files that were read, in order, with the reason.
    pub snapshots: Vec<(SnapshotRecord, WorkReason)>,
    /// Sales files: slot → file, and whether it is only staged.
    pub sales: BTreeMap<Slot, (DataFile, bool)>,
    /// Reject files, likewise.
    pub rejects: BTreeMap<Slot, (DataFile, bool)>,
    /// The ledger after this run.
    pub ledger: Ledger,
    /// The staged ledger file, when it changed.
    pub ledger_file: Option<DataFile>,
}

impl Ingested {
    /// The state without any reading. A run that was killed after it had committed sales, but
    /// not yet the ledger, is undone: the history is what the ledger knows of, with the files
    /// that `before` held where they were replaced.
    pub fn unchanged(warehouse: &Warehouse, before: &Warehouse, ledger: Ledger) -> Self {
        let committed = |table: &str| {
            let files = before.files(table).chain(warehouse.files(table));
            let known = files.filter(|file| ledger.knows(file));
            known.map(|file| (file.slot.clone(), (file.clone(), false))).collect()
        };
        Self {
            notes: Vec::new(),
            snapshots: Vec::new(),
            sales: committed(SALES),
            rejects: committed(REJECTS),
            ledger,
            ledger_file: None,
        }
    }
}

/// What a finished reading leaves beside its staged files, so that an interrupted run
/// need not read the file again.
#[derive(Debug, Serialize, Deserialize)]
struct StagedSnapshot {
    record: SnapshotRecord,
    files: Vec<StagedFile>,
    reject_examples: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StagedFile {
    table: String,
    name: String,
    rows: u64,
    bytes: u64,
    last_day: Option<i32>,
}

/// Reads the planned files and stages their lines.
///
/// # Errors
/// Data errors for files that cannot be read, too many rejects or two files for one
/// month; store errors. Nothing committed changes.
pub async fn ingest(
    sources: &[SourceFiles<'_>],
    planned: Vec<PlannedSnapshot>,
    warehouse: &Warehouse,
    mut state: Ingested,
    run: &RunStamp,
    console: &Console,
) -> Result<Ingested> {
    if planned.is_empty() {
        return Ok(state);
    }
    let mut plans: BTreeMap<&str, StagingPlan> = BTreeMap::new();
    for files in sources {
        plans.insert(&files.source.name, StagingPlan::new(files.staging).await?);
    }
    let resumable = !warehouse.location().list(&format!("{STAGING}/{SNAPSHOTS}")).await?.is_empty();
    let progress = console.progress("reading snapshots", planned.len() as u64);
    let work = planned.into_iter().map(|snapshot| {
        let files = sources.iter().find(|files| files.source.name == snapshot.source);
        let plan = plans.get(snapshot.source.as_str()).cloned();
        let progress = &progress;
        async move {
            let (Some(files), Some(plan)) = (files, plan) else {
                return Err(Error::bug(format!("source {} vanished", snapshot.source)));
            };
            let staged = stage_one(files, &snapshot, plan, warehouse, resumable, run).await?;
            progress.advance(&snapshot.file);
            Ok((snapshot, staged))
        }
    });
    let staged: Vec<(PlannedSnapshot, StagedSnapshot)> =
        futures::stream::iter(work).buffered(FILES_AT_ONCE).try_collect().await?;
    progress.finish();
    refuse_conflicts(&staged)?;
    refuse_rejects(sources, &staged)?;
    let mut sequence = state.ledger.next_sequence();
    for (snapshot, mut staged) in staged {
        staged.record.sequence = match (snapshot.reason, snapshot.sequence) {
            (WorkReason::StagingChanged, Some(kept)) => kept,
            _ => {
                sequence += 1;
                sequence - 1
            }
        };
        put_in_place(&mut state, staged, snapshot.reason)?;
    }
    let encoded = state.ledger.encode()?;
    let fingerprint = encoded.content;
    let slot = Slot::of_result(None);
    state.ledger_file = Some(warehouse.stage(SNAPSHOTS, slot, fingerprint, encoded, None).await?);
    Ok(state)
}

async fn stage_one(
    files: &SourceFiles<'_>,
    snapshot: &PlannedSnapshot,
    plan: StagingPlan,
    warehouse: &Warehouse,
    resumable: bool,
    run: &RunStamp,
) -> Result<StagedSnapshot> {
    let identity = |bytes_hash: &blake3::Hash| {
        let mut builder = FingerprintBuilder::default();
        builder.part("definition", files.definition);
        builder.part("file", &snapshot.file).part("bytes", bytes_hash.to_hex());
        builder.finish()
    };
    if resumable {
        let fingerprint = identity(&files.bytes_hash(&snapshot.found).await?);
        if let Some(staged) = resume(warehouse, fingerprint).await? {
            return Ok(staged);
        }
    }
    let chunks = files.open(&snapshot.found).await?.map_err(std::io::Error::other);
    let reader: Box<dyn Read + Send> = Box::new(SyncIoBridge::new(StreamReader::new(chunks)));
    let (source, staging) = (files.source.clone(), files.staging.clone());
    let path = snapshot.file.clone();
    let read =
        tokio::task::spawn_blocking(move || read_snapshot(reader, &path, &source, &staging, &plan))
            .await
            .map_err(|error| Error::bug("reading a file broke off").because(error))??;
    let fingerprint = identity(&read.bytes_hash);
    let staged = stage_files(files, snapshot, read, fingerprint, warehouse, run).await?;
    let note = Bytes::from(serde_json::to_vec(&staged)?);
    warehouse.location().write(&note_path(fingerprint), note).await?;
    Ok(staged)
}

/// What an interrupted run read of a file, when all of it is still staged and whole. A run
/// that was killed while committing has moved some of it away.
async fn resume(warehouse: &Warehouse, snapshot: Fingerprint) -> Result<Option<StagedSnapshot>> {
    let Some(bytes) = warehouse.location().read(&note_path(snapshot)).await? else {
        return Ok(None);
    };
    let Ok(staged) = serde_json::from_slice::<StagedSnapshot>(&bytes) else { return Ok(None) };
    for noted in &staged.files {
        let file = DataFile::parse(&noted.name, noted.rows, noted.bytes, noted.last_day);
        let Some(file) = file else { return Ok(None) };
        if warehouse.verify_staged(&noted.table, &file).await?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(staged))
}

fn note_path(snapshot: Fingerprint) -> String {
    format!("{STAGING}/{SNAPSHOTS}/{snapshot}.json")
}

async fn stage_files(
    of: &SourceFiles<'_>,
    snapshot: &PlannedSnapshot,
    read: ReadSnapshot,
    fingerprint: Fingerprint,
    warehouse: &Warehouse,
    run: &RunStamp,
) -> Result<StagedSnapshot> {
    let source = &of.source.name;
    let counts = read.counts;
    let excluded: u64 = counts.excluded.values().sum();
    if counts.lines != counts.accepted + excluded + counts.rejected {
        return Err(Error::bug(format!(
            "{}: {} lines, but {} accepted, {excluded} excluded and {} rejected",
            snapshot.file, counts.lines, counts.accepted, counts.rejected
        )));
    }
    let accepted_by_month =
        read.sales.iter().map(|(month, (file, _))| (*month, file.rows)).collect();
    let mut files = Vec::new();
    let mut keep = |table: &str, file: DataFile| {
        files.push(StagedFile {
            table: table.to_owned(),
            name: file.name(),
            rows: file.rows,
            bytes: file.bytes,
            last_day: file.last_day,
        });
    };
    for (month, (encoded, last_day)) in read.sales {
        let slot = Slot::of_source(source, Some(month));
        keep(SALES, warehouse.stage(SALES, slot, fingerprint, encoded, last_day).await?);
    }
    if let Some(encoded) = read.rejects {
        let slot = rejects_slot(source, &snapshot.file);
        keep(REJECTS, warehouse.stage(REJECTS, slot, fingerprint, encoded, None).await?);
    }
    let record = SnapshotRecord {
        snapshot: fingerprint,
        definition: of.definition,
        source: source.clone(),
        file: snapshot.file.clone(),
        bytes: snapshot.found.size,
        modified: exact(snapshot.found.modified),
        e_tag: snapshot.found.e_tag.clone(),
        bytes_hash: read.bytes_hash.to_hex().to_string(),
        months: read.months,
        lines: counts.lines,
        accepted: counts.accepted,
        accepted_by_month,
        rejected: counts.rejected,
        excluded: counts.excluded,
        reject_reasons: counts.reject_reasons,
        revenue: decimal_text(counts.revenue),
        run: run.id.clone(),
        ingested_at: format_utc(run.moment),
        sequence: 0,
    };
    Ok(StagedSnapshot { record, files, reject_examples: read.reject_examples })
}

/// Rejects of one delivered file; the file's path stands for it as a hash, because paths
/// may hold anything.
fn rejects_slot(source: &str, file: &str) -> Slot {
    Slot::of_source(&format!("{source}/{}", Fingerprint::of(file.as_bytes())), None)
}

/// Ten-thousandths as a decimal number.
fn decimal_text(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs();
    format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000)
}

/// Two files of one source that arrive together must not speak for the same month: which
/// one is right cannot be known, and taking either would lose the other's lines.
fn refuse_conflicts(staged: &[(PlannedSnapshot, StagedSnapshot)]) -> Result<()> {
    let mut owners: BTreeMap<(&str, Month), &str> = BTreeMap::new();
    for (snapshot, staged) in staged {
        if snapshot.reason == WorkReason::StagingChanged {
            continue;
        }
        for month in &staged.record.months {
            let owner = owners.insert((&snapshot.source, *month), &snapshot.file);
            if let Some(other) = owner {
                return Err(Error::data(format!(
                    "source `{}`: {other} and {} both deliver {month}, and arrived together",
                    snapshot.source, snapshot.file
                ))
                .hint(
                    "a snapshot replaces what its source delivered for the month before, so \
                     remove the outdated file; if both are needed (two branches, two systems), \
                     describe each as a [[source]] of its own; if only a few stray lines \
                     overlap and the month stands in the file names, set period = \"file_name\"",
                ));
            }
        }
    }
    Ok(())
}

fn refuse_rejects(
    sources: &[SourceFiles<'_>],
    staged: &[(PlannedSnapshot, StagedSnapshot)],
) -> Result<()> {
    for (snapshot, staged) in staged {
        let record = &staged.record;
        let Some(files) = sources.iter().find(|files| files.source.name == snapshot.source) else {
            continue;
        };
        let allowed = files.source.max_reject_share;
        if record.rejected as f64 > allowed * record.lines as f64 {
            let examples = staged.reject_examples.join("\n  ");
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

fn put_in_place(state: &mut Ingested, staged: StagedSnapshot, reason: WorkReason) -> Result<()> {
    let StagedSnapshot { record, files, .. } = staged;
    // What the same file gave before and does not give now.
    if let Some(before) = state.ledger.find(&record.source, &record.file) {
        let old = before.snapshot;
        state.sales.retain(|slot, (file, _)| {
            file.fingerprint != old || slot.source.as_deref() != Some(record.source.as_str())
        });
        state.rejects.remove(&rejects_slot(&record.source, &record.file));
    }
    state.ledger.put(record.clone());
    // A file that is read again by new rules stays replaced by the files that came after it.
    let is_ours = |month: Month| state.ledger.owner(&record.source, month) == Some(&record);
    let months: Vec<Month> =
        record.months.iter().copied().filter(|month| is_ours(*month)).collect();
    for month in &months {
        let removed = state.sales.remove(&Slot::of_source(&record.source, Some(*month)));
        // What the same file gave before is gone already, so this is another file's.
        if let Some((old, _)) = removed {
            let of = state.ledger.records().iter().find(|other| other.snapshot == old.fingerprint);
            let new = record.accepted_by_month.get(month).copied().unwrap_or(0);
            state.notes.push(format!(
                "{month} of source `{}`: {new} lines of {} replace {} lines of {}",
                record.source,
                record.file,
                old.rows,
                of.map_or("an earlier file", |other| &other.file),
            ));
        }
    }
    for staged in files {
        let file = DataFile::parse(&staged.name, staged.rows, staged.bytes, staged.last_day)
            .ok_or_else(|| Error::bug(format!("{} is no name of a data file", staged.name)))?;
        if staged.table == REJECTS {
            state.rejects.insert(file.slot.clone(), (file, true));
        } else if file.slot.month.is_some_and(|month| months.contains(&month)) {
            state.sales.insert(file.slot.clone(), (file, true));
        }
    }
    state.snapshots.push((record, reason));
    Ok(())
}
