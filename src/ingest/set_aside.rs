//! Files that were refused because they change closed months: kept whole in the warehouse
//! until a person accepts them by name.

use tempfile::TempPath;
use tokio::fs::File;
use tokio_util::io::InspectReader;

use super::discover::{FoundFile, LocalFile};
use super::ledger::Ledger;
use super::record::{DeliveryState, SnapshotRecord};
use super::state::Ingested;
use crate::error::{Error, Result};
use crate::models::Fingerprint;
use crate::store::{Location, Scratch};

/// Folder of the warehouse that keeps them.
const FOLDER: &str = "set_aside";

/// Where a refused file is kept: its own name below the hash of what it is.
fn kept_path(record: &SnapshotRecord) -> String {
    let name = record.file.rsplit('/').next().unwrap_or(&record.file);
    format!("{FOLDER}/{}/{name}", record.snapshot)
}

/// Takes a refused file as it was read, piece by piece, to where it only needs a new name.
///
/// # Errors
/// When it cannot be copied, or its bytes are not those that were read any more.
pub(super) async fn take_aside(
    local: LocalFile,
    record: &SnapshotRecord,
    scratch: &Scratch,
) -> Result<TempPath> {
    let failed = |error: std::io::Error| {
        Error::store(format!("cannot keep {} aside", record.file)).because(error)
    };
    let path = match local {
        LocalFile::Copy(path) => {
            File::open(&path).await.map_err(failed)?.sync_all().await.map_err(failed)?;
            path
        }
        LocalFile::InPlace(from) => {
            let (copy, path) = scratch.file()?.into_parts();
            let mut copy = File::from_std(copy);
            let mut hash = blake3::Hasher::new();
            let from = File::open(from).await.map_err(failed)?;
            let mut from = InspectReader::new(from, |bytes: &[u8]| _ = hash.update(bytes));
            tokio::io::copy(&mut from, &mut copy).await.map_err(failed)?;
            copy.sync_all().await.map_err(failed)?;
            if hash.finalize().to_hex().as_str() != record.bytes_hash {
                return Err(Error::data(format!("{}: changed while it was read", record.file))
                    .hint(
                        "wait until it is written whole, then run again; nothing was committed",
                    ));
            }
            path
        }
    };
    Ok(path)
}

/// Keeps the files that a run refused. Comes before the commit of the ledger, so that no
/// record waits for a file that is not there.
///
/// # Errors
/// When the store fails.
pub async fn keep_refused(warehouse: &Location, ingested: &mut Ingested) -> Result<()> {
    for (record, file) in ingested.refused.drain(..) {
        warehouse.take_in(file, &kept_path(&record)).await?;
    }
    Ok(())
}

/// Removes kept files that no record waits for any more.
///
/// # Errors
/// When the store fails.
pub async fn remove_settled(warehouse: &Location, ledger: &Ledger) -> Result<()> {
    let waiting: Vec<String> = ledger
        .records()
        .iter()
        .filter(|record| record.state == DeliveryState::SetAside)
        .map(kept_path)
        .collect();
    for object in warehouse.list(FOLDER).await? {
        let path = warehouse.relative(&object.location);
        if !waiting.contains(&path) {
            warehouse.delete(&path).await?;
        }
    }
    Ok(())
}

/// The kept copy of a refused file, as if it were delivered.
///
/// # Errors
/// When it is gone.
pub async fn kept_copy(warehouse: &Location, record: &SnapshotRecord) -> Result<FoundFile> {
    let path = kept_path(record);
    let listed = warehouse.list(&format!("{FOLDER}/{}", record.snapshot)).await?;
    let object = listed.into_iter().find(|object| warehouse.relative(&object.location) == path);
    let object = object.ok_or_else(|| {
        Error::store(format!("{path} is missing from {}", warehouse.shown()))
            .hint("deliver the file again")
    })?;
    Ok(FoundFile {
        folder: warehouse.clone(),
        location: object.location,
        path,
        size: object.size,
        modified: object.last_modified,
        e_tag: object.e_tag,
    })
}

/// Records of the files that are named: by path, by the last part of it, or by snapshot.
///
/// # Errors
/// When a name fits no file that was set aside, or several.
pub fn named(ledger: &Ledger, names: &[String]) -> Result<Vec<Fingerprint>> {
    let waiting: Vec<&SnapshotRecord> =
        ledger.records().iter().filter(|record| record.state == DeliveryState::SetAside).collect();
    let list = || {
        if waiting.is_empty() {
            return "no file is set aside".to_owned();
        }
        let names: Vec<String> =
            waiting.iter().map(|record| format!("{} ({})", record.file, record.snapshot)).collect();
        format!("set aside are: {}", names.join(", "))
    };
    names
        .iter()
        .map(|name| {
            let fits = |record: &&&SnapshotRecord| {
                record.file == *name
                    || record.file.rsplit('/').next() == Some(name)
                    || record.snapshot.to_string() == *name
            };
            let found: Vec<&&SnapshotRecord> = waiting.iter().filter(fits).collect();
            match found.as_slice() {
                [only] => Ok(only.snapshot),
                [] => {
                    Err(Error::configuration(format!("no file `{name}` was set aside"))
                        .hint(list()))
                }
                _ => Err(Error::configuration(format!("several files `{name}` were set aside"))
                    .hint(list())),
            }
        })
        .collect()
}
