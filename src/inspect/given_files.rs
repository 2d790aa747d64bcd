//! What the user types for files → the files: folders and quoted globs taken apart.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::DeliveredFile;
use crate::error::{Error, Result};

/// Folders below a glob's that are looked into.
const DEEPEST: usize = 32;

/// The given files, those of given folders, and those that given globs match, in the order of
/// their names.
///
/// # Errors
/// When there is no such file, or a folder cannot be read.
pub fn given_files(given: &[PathBuf]) -> Result<Vec<DeliveredFile>> {
    let mut files = Vec::new();
    for path in given {
        let mut found = if path.is_dir() {
            let found = in_folder(path, 1)?;
            if found.is_empty() {
                let message = format!("{}: there is no file in the folder", path.display());
                return Err(Error::data(message));
            }
            found
        } else if path.exists() {
            vec![path.clone()]
        } else {
            matched(path)?
        };
        found.sort_unstable();
        files.append(&mut found);
    }
    let file = |path: PathBuf| DeliveredFile { shown: path.display().to_string(), path };
    Ok(files.into_iter().map(file).collect())
}

/// The files that a glob matches, as the pipeline file understands it.
fn matched(path: &Path) -> Result<Vec<PathBuf>> {
    let text = path.to_string_lossy();
    if let Some((scheme, _)) = text.split_once("://") {
        let message = format!("{text}: inspect reads local files only, not {scheme}://");
        return Err(Error::configuration(message)
            .hint("copy an export here and inspect it; then write the address to `files` of the pipeline file"));
    }
    let is_glob = |text: &str| text.contains(['*', '?', '[', '{']);
    if !is_glob(&text) {
        return Err(Error::configuration(format!("{text}: there is no such file")));
    }
    let parts: Vec<&str> = text.split('/').collect();
    let first = parts.iter().position(|part| is_glob(part)).unwrap_or(0);
    let folder = match parts[..first].join("/") {
        empty if empty.is_empty() && text.starts_with('/') => PathBuf::from("/"),
        empty if empty.is_empty() => PathBuf::from("."),
        folder => PathBuf::from(folder),
    };
    let glob = parts[first..].join("/");
    let matcher = GlobBuilder::new(&glob)
        .literal_separator(true)
        .build()
        .map_err(|error| Error::configuration(format!("{text}: is no pattern")).because(error))?
        .compile_matcher();
    let depth = if glob.contains("**") { DEEPEST } else { parts.len() - first };
    let mut files = in_folder(&folder, depth)?;
    files.retain(|file| matcher.is_match(file.strip_prefix(&folder).unwrap_or(file)));
    if files.is_empty() {
        return Err(Error::configuration(format!("{text}: no file matches")));
    }
    let plain = |file: PathBuf| file.strip_prefix("./").map_or(file.clone(), Path::to_path_buf);
    Ok(files.into_iter().map(plain).collect())
}

/// The files of a folder that are not hidden, and those of as many folders below.
fn in_folder(folder: &Path, depth: usize) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Error::store(format!("{}: cannot be read", folder.display())).because(error)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_file() {
            files.push(path);
        } else if depth > 1 && path.is_dir() {
            files.append(&mut in_folder(&path, depth - 1)?);
        }
    }
    Ok(files)
}
