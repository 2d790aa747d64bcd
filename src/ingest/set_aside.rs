//! Files that were refused because they change closed months: kept whole in the warehouse
//! until a person accepts them by name.

use super::discover::FoundFile;
use super::ledger::Ledger;
use super::record::{DeliveryState, SnapshotRecord};
use super::state::Ingested;
use crate::error::{Error, Result};
use crate::models::Fingerprint;
use crate::store::Location;

/// Folder of the warehouse that keeps them.
const FOLDER: &str = "set_aside";

/// Where a refused file is kept: its own name below the hash of what it is.
fn kept_path(record: &SnapshotRecord) -> String {
    let name = record.file.rsplit('/').next().unwrap_or(&record.file);
    format!("{FOLDER}/{}/{name}", record.snapshot)
}

/// Keeps the bytes of the files that a run refused. Comes before the commit of the ledger, so
/// that no record waits for a file that is not there.
///
/// # Errors
/// When the store fails.
pub async fn keep_refused(warehouse: &Location, ingested: &Ingested) -> Result<()> {
    for (record, file) in &ingested.refused {
        warehouse.copy_in(file.path(), &kept_path(record)).await?;
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
