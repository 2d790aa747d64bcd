//! A folder for what a run cannot hold in memory; gone when the run is.

use std::path::Path;
use std::sync::Arc;

use tempfile::{NamedTempFile, TempDir};

use super::location::Location;
use crate::error::{Error, Result};

/// Folder of temporary data, below the warehouse; emptied when a run starts.
pub const SPILL: &str = "_spill";

/// A temporary folder on the warehouse's disk, where a finished file only needs a new name.
#[derive(Debug, Clone)]
pub struct Scratch {
    folder: Arc<TempDir>,
}

impl Scratch {
    /// A new folder below the warehouse's folder of temporary data, or below the system's
    /// where the warehouse is not local.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(warehouse: &Location) -> Result<Self> {
        let made = match warehouse.local_path() {
            Some(folder) => {
                let spill = folder.join(SPILL);
                std::fs::create_dir_all(&spill)
                    .and_then(|()| TempDir::with_prefix_in("files-", spill))
            }
            None => TempDir::new(),
        };
        Self::of(made, &warehouse.shown())
    }

    /// A new folder in the system's place for temporary files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn of_system() -> Result<Self> {
        Self::of(TempDir::new(), "the system's temporary folder")
    }

    fn of(made: std::io::Result<TempDir>, place: &str) -> Result<Self> {
        let folder = made.map_err(|error| {
            Error::store(format!("cannot make a folder for temporary files in {place}"))
                .because(error)
        })?;
        Ok(Self { folder: Arc::new(folder) })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new file that is removed unless it is moved away.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn file(&self) -> Result<NamedTempFile> {
        Ok(NamedTempFile::new_in(self.path())?)
    }
}
