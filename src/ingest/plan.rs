//! Which delivered files have to be read, and why.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::discover::{FoundFile, find_files};
use super::ledger::Ledger;
use super::record::{DeliveryState, SnapshotRecord};
use super::set_aside::{kept_copy, named};
use crate::config::{Delivery, Pipeline, Source};
use crate::error::{Error, Result};
use crate::models::{Catalog, Fingerprint, FingerprintBuilder, Staging};
use crate::store::Location;

/// Version of the way files are read: raised when the same bytes would give other lines.
const READING_VERSION: u32 = 2;
/// A file changed this shortly before it was read may have changed again in the same tick
/// of the file system's clock, so its bytes are compared.
const CLOCK_TICK: TimeDelta = TimeDelta::seconds(3);

/// Why a file has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkReason {
    /// It was never read.
    New,
    /// Its bytes differ from those that were read.
    Changed,
    /// The staging SQL or the reading settings differ.
    StagingChanged,
    /// It was set aside and is accepted by name now.
    AcceptedByName,
    /// It was passed over for a file with the same bytes, which has others now.
    TwinChanged,
    /// A later file no longer speaks for days that this one had before.
    SpeaksAgain,
}

impl WorkReason {
    /// For people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::New => "new file",
            Self::Changed => "changed file",
            Self::StagingChanged => "changed staging or reading settings",
            Self::AcceptedByName => "accepted by name",
            Self::TwinChanged => "its twin changed",
            Self::SpeaksAgain => "speaks again",
        }
    }

    /// Whether the file keeps its place in the order of reading.
    pub fn keeps_place(self) -> bool {
        matches!(self, Self::StagingChanged | Self::SpeaksAgain)
    }

    /// Whether the rows that the file delivered before need not be what it delivers now.
    pub fn brings_other_bytes(self) -> bool {
        matches!(self, Self::Changed | Self::AcceptedByName)
    }
}

/// A file that has to be read.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedSnapshot {
    pub source: String,
    pub file: String,
    pub reason: WorkReason,
    /// Place in the order of reading, for files that are read again by other rules.
    #[serde(skip)]
    pub sequence: Option<u64>,
    #[serde(skip)]
    pub found: FoundFile,
}

/// A source with its files and staging.
pub struct SourceFiles<'a> {
    pub source: &'a Source,
    pub(super) staging: &'a Staging,
    pub(super) definition: Fingerprint,
    pub(super) files: Vec<FoundFile>,
}

impl<'a> SourceFiles<'a> {
    /// Finds the files of every source of a pipeline.
    ///
    /// # Errors
    /// When a folder is missing or a staging does not exist.
    pub async fn find_all(pipeline: &'a Pipeline, catalog: &'a Catalog) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for source in &pipeline.sources {
            let staging = catalog.staging(&source.staging)?;
            let files = find_files(source).await?;
            let mut definition = FingerprintBuilder::default();
            definition.part("reading version", READING_VERSION);
            definition.part("settings", source.reading_settings());
            staging.add_definition(&mut definition);
            let definition = definition.finish();
            all.push(Self { source, staging, definition, files });
        }
        Ok(all)
    }
}

/// Finds out which files have to be read, and why. Files whose size and time are as
/// remembered are not opened. `accept` names files that were set aside.
///
/// # Errors
/// When a file cannot be read, nothing was ever delivered, or no file of an accepted name was
/// set aside.
pub async fn plan_ingest(
    sources: &[SourceFiles<'_>],
    ledger: &Ledger,
    warehouse: &Location,
    accept: &[String],
) -> Result<Vec<PlannedSnapshot>> {
    let accepted = named(ledger, accept)?;
    let mut planned = Vec::new();
    for files in sources {
        if files.files.is_empty()
            && !ledger.records().iter().any(|record| record.source == files.source.name)
        {
            let places = files.source.places.iter();
            let places: Vec<String> =
                places.map(|place| format!("{} in {}", place.glob, place.folder.path())).collect();
            return Err(Error::configuration(format!(
                "source `{}`: no file matches {}",
                files.source.name,
                places.join(" or ")
            ))
            .hint("check `files` of the source in the pipeline file"));
        }
        for file in &files.files {
            let mut versions = ledger.versions(&files.source.name, &file.path);
            if versions.any(|record| accepted.contains(&record.snapshot)) {
                continue;
            }
            let known = ledger.find(&files.source.name, &file.path);
            if let Some(reason) = reason_to_read(files, file, ledger).await? {
                let kept = known.filter(|_| reason == WorkReason::StagingChanged);
                planned.push(PlannedSnapshot {
                    source: files.source.name.clone(),
                    file: file.path.clone(),
                    reason,
                    sequence: kept.map(|record| record.sequence),
                    found: file.clone(),
                });
            }
        }
        let twins = orphaned_twins(files, ledger, &planned);
        planned.extend(twins);
    }
    for record in ledger.records().iter().filter(|record| accepted.contains(&record.snapshot)) {
        planned.push(PlannedSnapshot {
            source: record.source.clone(),
            file: record.file.clone(),
            reason: WorkReason::AcceptedByName,
            sequence: None,
            found: kept_copy(warehouse, record).await?,
        });
    }
    // Files that are read again keep their order, so that the later one still wins.
    planned.sort_by_key(|snapshot| match snapshot.reason {
        reason if reason.keeps_place() => (0, snapshot.sequence),
        _ => (1, None),
    });
    Ok(planned)
}

/// Files that were not added because another one had the same bytes, and that no other one
/// has any more: without them their rows would be nowhere.
fn orphaned_twins(
    files: &SourceFiles<'_>,
    ledger: &Ledger,
    planned: &[PlannedSnapshot],
) -> Vec<PlannedSnapshot> {
    let source = &files.source.name;
    let has_twin = |duplicate: &SnapshotRecord| {
        ledger.records().iter().any(|record| {
            record.source == *source
                && record.bytes_hash == duplicate.bytes_hash
                && matches!(record.state, DeliveryState::Accepted | DeliveryState::SetAside)
                && !planned.iter().any(|snapshot| {
                    snapshot.source == *source
                        && snapshot.file == record.file
                        && snapshot.reason.brings_other_bytes()
                })
        })
    };
    let orphaned = files.files.iter().filter(|file| {
        let is_planned =
            planned.iter().any(|other| other.source == *source && other.file == file.path);
        let known = ledger.find(source, &file.path);
        !is_planned
            && known
                .is_some_and(|record| record.state == DeliveryState::Duplicate && !has_twin(record))
    });
    orphaned
        .map(|file| PlannedSnapshot {
            source: source.clone(),
            file: file.path.clone(),
            reason: WorkReason::TwinChanged,
            sequence: None,
            found: file.clone(),
        })
        .collect()
}

async fn reason_to_read(
    files: &SourceFiles<'_>,
    file: &FoundFile,
    ledger: &Ledger,
) -> Result<Option<WorkReason>> {
    let versions: Vec<&SnapshotRecord> = ledger.versions(&files.source.name, &file.path).collect();
    if versions.is_empty() {
        return Ok(Some(WorkReason::New));
    }
    let same = match versions.iter().find(|record| looks_unchanged(record, file)) {
        Some(same) => Some(*same),
        None => {
            let hash = file.hash().await?.to_hex();
            versions.into_iter().find(|record| record.bytes_hash == hash.as_str())
        }
    };
    let Some(record) = same else { return Ok(Some(WorkReason::Changed)) };
    let is_stale = record.definition != files.definition && counts(files.source, record, ledger);
    Ok(is_stale.then_some(WorkReason::StagingChanged))
}

/// Whether a file's rows can be in the history: what waits, was passed over or was replaced
/// by a later whole history is not read again by other rules.
fn counts(source: &Source, record: &SnapshotRecord, ledger: &Ledger) -> bool {
    let is_last = || ledger.owner(&source.name, None).is_some_and(|owner| owner == record);
    record.is_accepted() && (!matches!(source.delivery, Delivery::Full) || is_last())
}

/// Of several new files that each are the whole history, only the last by its path is read.
/// The others are given back.
pub fn superseded(
    sources: &[SourceFiles<'_>],
    planned: &mut Vec<PlannedSnapshot>,
) -> Vec<PlannedSnapshot> {
    let is_full = |name: &str| {
        sources.iter().any(|files| {
            files.source.name == name && matches!(files.source.delivery, Delivery::Full)
        })
    };
    let mut last: Vec<(String, String)> = Vec::new();
    for snapshot in planned.iter().filter(|snapshot| is_full(&snapshot.source)) {
        match last.iter_mut().find(|(source, _)| *source == snapshot.source) {
            Some((_, file)) if *file < snapshot.file => file.clone_from(&snapshot.file),
            Some(_) => {}
            None => last.push((snapshot.source.clone(), snapshot.file.clone())),
        }
    }
    let is_passed_over = |snapshot: &PlannedSnapshot| {
        last.iter().any(|(source, file)| *source == snapshot.source && *file != snapshot.file)
    };
    planned.extract_if(.., |snapshot| is_passed_over(snapshot)).collect()
}

/// Sources whose lines are in the history, but that the pipeline no longer names.
pub fn unnamed_sources<'l>(sources: &[SourceFiles<'_>], ledger: &'l Ledger) -> Vec<&'l str> {
    let is_named = |name: &str| sources.iter().any(|files| files.source.name == name);
    let names = ledger.records().iter().map(|record| record.source.as_str());
    let mut unnamed: Vec<&str> = names.filter(|name| !is_named(name)).collect();
    unnamed.sort_unstable();
    unnamed.dedup();
    unnamed
}

/// Files that were read by other rules than today's and are no longer there to be read
/// again: their lines stay as they are.
pub fn out_of_reach<'l>(
    sources: &[SourceFiles<'_>],
    ledger: &'l Ledger,
) -> Vec<&'l SnapshotRecord> {
    let is_out = |record: &&SnapshotRecord| {
        sources.iter().any(|files| {
            files.source.name == record.source
                && counts(files.source, record, ledger)
                && files.definition != record.definition
                && !files.files.iter().any(|file| file.path == record.file)
        })
    };
    ledger.records().iter().filter(is_out).collect()
}

fn looks_unchanged(record: &SnapshotRecord, file: &FoundFile) -> bool {
    let read_at = DateTime::parse_from_rfc3339(&record.ingested_at).map(|at| at.to_utc());
    record.bytes == file.size
        && record.modified == exact(file.modified)
        && record.e_tag == file.e_tag
        && read_at.is_ok_and(|read_at| file.modified + CLOCK_TICK < read_at)
}

/// A time with all its digits.
pub(super) fn exact(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339()
}
