//! The oldest run whose table versions are still there, noted before anything is removed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::location::Location;
use crate::error::{Error, Result};

/// Name of the mark in the warehouse folder.
const MARK: &str = "retention.json";

/// What `maintain` has removed. It is written before the first file goes, so that a run is
/// never asked for files that are half gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionMark {
    /// The oldest finished run that can still be read.
    pub oldest_kept_run: String,
    /// When versions before it were removed, UTC.
    pub removed_at: String,
}

impl RetentionMark {
    /// Reads the mark; none when nothing was ever removed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn load(warehouse: &Location) -> Result<Option<Self>> {
        let Some(bytes) = warehouse.read(MARK).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::store(format!("{MARK} in {} cannot be read", warehouse.shown())).because(error)
        })
    }

    /// Writes the mark.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save(&self, warehouse: &Location) -> Result<()> {
        warehouse.write(MARK, Bytes::from(serde_json::to_vec_pretty(self)?)).await
    }

    /// Whether the versions of a finished run may be gone. Names of runs sort by time.
    pub fn has_removed(&self, run: &str) -> bool {
        run < self.oldest_kept_run.as_str()
    }
}
