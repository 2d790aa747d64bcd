//! Upkeep of one table: what no kept version refers to, and checkpoints of its log.
//!
//! The order of removal makes a kill at any moment harmless: a mark says which runs are gone
//! (`retention.rs`), checkpoints take over from log entries, then data files go, then log
//! entries. Whatever is left is found again by the same rule.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::data_file::DataFile;
use super::delta::{self, TableVersion};
use super::durable::sync_files;
use super::location::Location;
use super::warehouse::STAGING;
use crate::error::{Error, Result};

/// Log entries behind the newest checkpoint that make a new one worth its space.
const LOG_TAIL: u64 = 5;

const LOG: &str = "_delta_log";

/// What one table needs, and what nobody needs of it.
#[derive(Debug, Clone)]
pub struct TableUpkeep {
    /// Name of the table.
    pub table: String,
    /// Newest version.
    pub newest: TableVersion,
    /// Oldest version that a kept run refers to.
    pub oldest_kept: TableVersion,
    /// Files that some kept version refers to.
    pub kept_files: usize,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Files that no kept version refers to, as paths in the warehouse, and their bytes.
    pub unneeded: Vec<(String, u64)>,
    /// Log entries before the oldest kept version.
    pub old_log_entries: usize,
    /// Versions of which a checkpoint is to be written, oldest first.
    pub checkpoints: Vec<TableVersion>,
}

/// Finds out what a table needs; changes nothing. `oldest_kept` is the oldest version that a
/// kept run names; without one only the newest version counts. None when there is no table.
///
/// # Errors
/// When the table cannot be read.
pub async fn plan_upkeep(
    warehouse: &Location,
    table: &str,
    oldest_kept: Option<TableVersion>,
) -> Result<Option<TableUpkeep>> {
    let Some(current) = delta::open(warehouse, table, None).await? else { return Ok(None) };
    let newest = current.version().unwrap_or_default();
    // A table that was removed and made anew counts its versions from 0 again.
    let oldest_kept = oldest_kept.map_or(newest, |oldest| oldest.min(newest));
    let oldest = delta::open(warehouse, table, Some(oldest_kept)).await?;
    let oldest = oldest.ok_or_else(|| Error::store(format!("the table `{table}` vanished")))?;
    // Kept runs are the newest ones, so every version from the oldest on may be theirs.
    let mut needed: BTreeSet<String> =
        delta::files(&oldest, table)?.values().map(DataFile::name).collect();
    needed.extend(delta::added_after(&current, oldest_kept).await?);

    let mut upkeep = TableUpkeep {
        table: table.to_owned(),
        newest,
        oldest_kept,
        kept_files: 0,
        kept_bytes: 0,
        unneeded: Vec::new(),
        old_log_entries: 0,
        checkpoints: Vec::new(),
    };
    let (mut newest_checkpoint, mut oldest_has_checkpoint) = (None, false);
    for object in warehouse.list(table).await? {
        let path = warehouse.relative(&object.location);
        let Some(name) = path.strip_prefix(table).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        if let Some(entry) = name.strip_prefix(LOG) {
            let entry = entry.trim_start_matches('/');
            let Some(version) = entry.get(..20).and_then(|digits| digits.parse().ok()) else {
                continue;
            };
            let is_checkpoint = entry.ends_with(".checkpoint.parquet");
            if is_checkpoint {
                newest_checkpoint = newest_checkpoint.max(Some(version));
                oldest_has_checkpoint |= version == oldest_kept;
            }
            if version < oldest_kept && (is_checkpoint || entry.ends_with(".json")) {
                upkeep.old_log_entries += 1;
            }
        } else if needed.contains(name) {
            upkeep.kept_files += 1;
            upkeep.kept_bytes += object.size;
        } else if DataFile::parse(name, 0, object.size, None).is_some() {
            // Only what has a name of ours: a foreign file is not ours to remove.
            upkeep.unneeded.push((path, object.size));
        }
    }
    if upkeep.old_log_entries > 0 && !oldest_has_checkpoint {
        upkeep.checkpoints.push(oldest_kept);
    }
    let tail = newest_checkpoint.map_or(newest + 1, |version: u64| newest.saturating_sub(version));
    if tail > LOG_TAIL && !upkeep.checkpoints.contains(&newest) {
        upkeep.checkpoints.push(newest);
    }
    Ok(Some(upkeep))
}

impl TableUpkeep {
    /// Bytes of the files that nobody needs.
    pub fn unneeded_bytes(&self) -> u64 {
        self.unneeded.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Writes the checkpoints and removes what nobody needs.
    ///
    /// # Errors
    /// When the store fails; doing it again goes on from there.
    pub async fn carry_out(&self, warehouse: &Location, moment: DateTime<Utc>) -> Result<()> {
        for version in &self.checkpoints {
            if let Some(table) = delta::open(warehouse, &self.table, Some(*version)).await? {
                delta::checkpoint(&table).await?;
            }
        }
        if let (false, Some(folder)) = (self.checkpoints.is_empty(), warehouse.local_path()) {
            // Log entries are about to go, so the checkpoints must survive a power cut first.
            sync_files(&folder.join(&self.table).join(LOG))?;
        }
        for (path, _) in &self.unneeded {
            warehouse.delete(path).await?;
        }
        if self.old_log_entries > 0
            && let Some(table) = delta::open(warehouse, &self.table, None).await?
        {
            delta::forget_before(&table, self.oldest_kept, moment).await?;
        }
        Ok(())
    }
}

/// Files below a folder of the warehouse that belong to no table, such as staged ones.
#[derive(Debug, Clone, Default)]
pub struct LeftOvers {
    /// Their paths in the warehouse.
    pub files: Vec<String>,
    /// Their bytes.
    pub bytes: u64,
}

impl LeftOvers {
    /// Staged files that were written before a moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staged_before(warehouse: &Location, moment: DateTime<Utc>) -> Result<Self> {
        let mut found = Self::default();
        let staged = warehouse.list(STAGING).await?;
        // One recent file means that the work goes on: what is beside it may still be used.
        if staged.iter().any(|object| object.last_modified >= moment) {
            return Ok(found);
        }
        for object in staged {
            found.files.push(warehouse.relative(&object.location));
            found.bytes += object.size;
        }
        Ok(found)
    }

    /// Everything below a folder.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn below(warehouse: &Location, folder: &str) -> Result<Self> {
        let mut found = Self::default();
        for object in warehouse.list(folder).await? {
            found.files.push(warehouse.relative(&object.location));
            found.bytes += object.size;
        }
        Ok(found)
    }

    /// Removes them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, warehouse: &Location) -> Result<()> {
        for path in &self.files {
            warehouse.delete(path).await?;
        }
        Ok(())
    }
}
