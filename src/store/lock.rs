//! One run at a time: the second is told so and may try again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};

use super::durable::remove_left_overs;
use super::location::Location;
use crate::error::{Error, Result};

const LOCK_FILE: &str = ".lock";

/// Holds a warehouse. The operating system lets go when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the warehouse for this process.
    ///
    /// # Errors
    /// `Locked` when another process holds it; a store error when the folder cannot be used.
    pub fn acquire(warehouse: &Location) -> Result<Self> {
        let folder = warehouse.local_path().ok_or_else(|| {
            Error::configuration(format!("{} is no local folder", warehouse.shown()))
                .hint("a warehouse lies in a local folder in this version")
        })?;
        let unusable = |error: std::io::Error| {
            Error::store(format!("cannot use the warehouse folder {}", folder.display()))
                .because(error)
        };
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let path = folder.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() {
                    String::new()
                } else {
                    format!(" (process {})", holder.trim())
                };
                return Err(Error::locked(format!(
                    "another run{holder} is working on {}",
                    folder.display()
                ))
                .hint("wait for it to end and run again; nothing was changed"));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        noted.map_err(unusable)?;
        // Whoever wrote these is dead: the lock is ours.
        remove_left_overs(&folder).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}
