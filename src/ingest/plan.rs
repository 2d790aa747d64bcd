//! Which delivered files have to be read, and why.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};

use super::discover::{FoundFile, find_files};
use super::ledger::{Ledger, SnapshotRecord};
use crate::config::{Pipeline, Source};
use crate::error::{Error, Result};
use crate::models::{Catalog, Fingerprint, FingerprintBuilder, Staging};
use crate::store::Location;

/// Version of the way files are read: raised when the same bytes would give other lines.
const READING_VERSION: u32 = 1;
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
}

impl WorkReason {
    /// For people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::New => "new file",
            Self::Changed => "changed file",
            Self::StagingChanged => "changed staging or reading settings",
        }
    }
}

/// A file that has to be read.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedSnapshot {
    pub source: String,
    pub file: String,
    pub reason: WorkReason,
    /// Place in the order of reading, for files that were read before.
    #[serde(skip)]
    pub sequence: Option<u64>,
    #[serde(skip)]
    pub found: FoundFile,
}

/// A source with its opened folder and planned staging.
pub struct SourceFiles<'a> {
    pub(super) source: &'a Source,
    pub(super) staging: &'a Staging,
    folder: Location,
    pub(super) definition: Fingerprint,
    files: Vec<FoundFile>,
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
            let folder = Location::open(&source.folder)?;
            let files = find_files(source, &folder).await?;
            let mut definition = FingerprintBuilder::default();
            definition.part("reading version", READING_VERSION);
            definition.part("settings", source.reading_settings());
            staging.add_definition(&mut definition);
            let definition = definition.finish();
            all.push(Self { source, staging, folder, definition, files });
        }
        Ok(all)
    }

    pub(super) async fn bytes_hash(&self, file: &FoundFile) -> Result<blake3::Hash> {
        let mut hash = blake3::Hasher::new();
        let mut chunks = self.open(file).await?;
        while let Some(chunk) = chunks.next().await {
            hash.update(&chunk.map_err(|error| self.unreadable(file, error))?);
        }
        Ok(hash.finalize())
    }

    pub(super) async fn open(
        &self,
        file: &FoundFile,
    ) -> Result<futures::stream::BoxStream<'static, object_store::Result<Bytes>>> {
        let got = self.folder.store().get(&file.location).await;
        Ok(got.map_err(|error| self.unreadable(file, error))?.into_stream())
    }

    fn unreadable(&self, file: &FoundFile, error: object_store::Error) -> Error {
        Error::store(format!("cannot read {} in {}", file.path, self.folder.shown()))
            .because(error)
            .hint("check that the file is there and may be read; nothing was changed")
    }
}

/// Finds out which files have to be read, and why. Files whose size and time are as
/// remembered are not opened.
///
/// # Errors
/// When a file cannot be read, or nothing was ever delivered.
pub async fn plan_ingest(
    sources: &[SourceFiles<'_>],
    ledger: &Ledger,
) -> Result<Vec<PlannedSnapshot>> {
    let mut planned = Vec::new();
    for files in sources {
        if files.files.is_empty()
            && !ledger.records().iter().any(|record| record.source == files.source.name)
        {
            return Err(Error::configuration(format!(
                "source `{}`: no file matches {} in {}",
                files.source.name,
                files.source.glob,
                files.folder.shown()
            ))
            .hint("check `files` of the source in the pipeline file"));
        }
        for file in &files.files {
            let known = ledger.find(&files.source.name, &file.path);
            let reason = match known {
                None => Some(WorkReason::New),
                Some(record) if looks_unchanged(record, file) => {
                    (record.definition != files.definition).then_some(WorkReason::StagingChanged)
                }
                Some(record) => {
                    let hash = files.bytes_hash(file).await?;
                    if hash.to_hex().as_str() != record.bytes_hash {
                        Some(WorkReason::Changed)
                    } else {
                        (record.definition != files.definition)
                            .then_some(WorkReason::StagingChanged)
                    }
                }
            };
            if let Some(reason) = reason {
                planned.push(PlannedSnapshot {
                    source: files.source.name.clone(),
                    file: file.path.clone(),
                    reason,
                    sequence: known.map(|record| record.sequence),
                    found: file.clone(),
                });
            }
        }
    }
    // Files that are read again keep their order, so that the later one still wins.
    planned.sort_by_key(|snapshot| match snapshot.reason {
        WorkReason::StagingChanged => (0, snapshot.sequence),
        WorkReason::New | WorkReason::Changed => (1, None),
    });
    Ok(planned)
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
