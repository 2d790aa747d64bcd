//! Finding a source's files by URL and glob.

use chrono::{DateTime, Utc};
use globset::GlobBuilder;
use object_store::path::Path;

use crate::config::Source;
use crate::error::{Error, Result};
use crate::store::Location;

/// A file that a source's glob matched.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// Where the store has it, exactly as listed.
    pub location: Path,
    /// Path below the source's folder; names the file in the history.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// When the store saw it change last.
    pub modified: DateTime<Utc>,
    /// Version tag of the store, if it has one.
    pub e_tag: Option<String>,
}

/// Files of a source, sorted by path.
///
/// # Errors
/// When the folder is missing or cannot be listed.
pub async fn find_files(source: &Source, folder: &Location) -> Result<Vec<FoundFile>> {
    let matcher = GlobBuilder::new(&source.glob)
        .literal_separator(true)
        .build()
        .map_err(|error| {
            Error::configuration(format!("`{}` is not a valid glob", source.glob)).because(error)
        })?
        .compile_matcher();
    if folder.local_path().is_some_and(|path| !path.is_dir()) {
        return Err(Error::store(format!(
            "source `{}`: the folder {} does not exist",
            source.name,
            folder.shown()
        ))
        .hint("check `files` of the source, or whether the disk is mounted"));
    }
    let mut found = Vec::new();
    for object in folder.list("").await? {
        let path = folder.relative(&object.location);
        if matcher.is_match(&path) {
            found.push(FoundFile {
                location: object.location.clone(),
                path,
                size: object.size,
                modified: object.last_modified,
                e_tag: object.e_tag,
            });
        }
    }
    Ok(found)
}
