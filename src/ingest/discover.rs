//! Finding a source's files by URL and glob, and bringing them to a local disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use globset::GlobBuilder;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use crate::config::{FilesPlace, Source};
use crate::error::{Error, Result};
use crate::store::{Location, Scratch};

/// A file that a source's glob matched.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// The folder it lies in.
    pub folder: Location,
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
/// When a folder is missing or cannot be listed, or two files have one name.
pub async fn find_files(source: &Source) -> Result<Vec<FoundFile>> {
    let mut found: BTreeMap<String, FoundFile> = BTreeMap::new();
    let mut places = BTreeSet::new();
    for place in &source.places {
        for file in find_in(source, place).await? {
            // A file that two globs match is one file.
            let url = file.folder.url();
            let store = (url.scheme().to_owned(), url.authority().to_owned());
            if !places.insert((store, file.location.to_string())) {
                continue;
            }
            if let Some(other) = found.get(&file.path) {
                return Err(Error::configuration(format!(
                    "source `{}`: {} and {} both have a file {}",
                    source.name,
                    other.folder.shown(),
                    file.folder.shown(),
                    file.path
                ))
                .hint("write `files` as one glob that starts above both folders, such as \"exports/{a,b}/*.csv\": then the folder is part of the file's name"));
            }
            found.insert(file.path.clone(), file);
        }
    }
    Ok(found.into_values().collect())
}

async fn find_in(source: &Source, place: &FilesPlace) -> Result<Vec<FoundFile>> {
    let matcher = GlobBuilder::new(&place.glob)
        .literal_separator(true)
        .build()
        .map_err(|error| {
            Error::configuration(format!("`{}` is not a valid glob", place.glob)).because(error)
        })?
        .compile_matcher();
    let folder = Location::open(&place.folder)?;
    if folder.local_path().is_some_and(|path| !path.is_dir()) {
        return Err(Error::store(format!(
            "source `{}`: the folder {} does not exist",
            source.name,
            folder.shown()
        ))
        .hint("check `files` of the source, or whether the disk is mounted"));
    }
    let mut found = Vec::new();
    let listed = folder.list("").await.map_err(|error| {
        error.hint(match folder.local_path() {
            Some(_) => {
                "every file there, wanted or not, needs a name in UTF-8 without control letters, \
                 and links must not lead in a circle"
            }
            None => {
                "check the bucket's name, and in the environment AWS_ENDPOINT_URL, AWS_REGION \
                 and the credentials"
            }
        })
    })?;
    for object in listed {
        let path = folder.relative(&object.location);
        if matcher.is_match(&path) && !is_by_product(&path) {
            found.push(FoundFile {
                folder: folder.clone(),
                location: object.location.clone(),
                path,
                size: object.size,
                modified: object.last_modified,
                e_tag: object.e_tag,
            });
        }
    }
    if place.is_named && found.is_empty() && place.glob != "*" {
        return Err(Error::store(format!(
            "source `{}`: {}{} does not exist",
            source.name,
            folder.shown(),
            place.glob
        ))
        .hint("check `files` of the source, or whether the disk is mounted"));
    }
    Ok(found)
}

/// Files that systems and office programs leave beside the real ones, such as the lock of a
/// workbook that somebody has open.
fn is_by_product(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("~$")
        || name.starts_with("._")
        || name.starts_with(".~lock.")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&name)
}

/// A delivered file on a local disk.
#[derive(Debug)]
pub enum LocalFile {
    /// Where it was delivered.
    InPlace(PathBuf),
    /// A copy of a remote file; removed after use.
    Copy(TempPath),
}

impl LocalFile {
    /// Where it lies.
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::InPlace(path) => path,
            Self::Copy(path) => path,
        }
    }
}

impl FoundFile {
    /// The file on a local disk, and the hash of its bytes.
    ///
    /// # Errors
    /// When it cannot be read, or is not as long as it was when it was listed.
    pub async fn fetch(&self, scratch: &Scratch) -> Result<(LocalFile, blake3::Hash)> {
        let local = self.folder.local_path().map(|folder| folder.join(&self.path));
        let (file, hash) = match local {
            Some(path) => {
                let hash = self.hash().await?;
                (LocalFile::InPlace(path), hash)
            }
            None => self.download(scratch).await?,
        };
        self.refuse_change().await?;
        Ok((file, hash))
    }

    /// Hash of the file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn hash(&self) -> Result<blake3::Hash> {
        let mut hash = blake3::Hasher::new();
        let mut chunks = self.open().await?;
        while let Some(chunk) = chunks.next().await {
            hash.update(&chunk.map_err(|error| self.unreadable(error))?);
        }
        Ok(hash.finalize())
    }

    async fn download(&self, scratch: &Scratch) -> Result<(LocalFile, blake3::Hash)> {
        let (file, path) = scratch.file()?.into_parts();
        let mut file = tokio::io::BufWriter::new(tokio::fs::File::from_std(file));
        let mut hash = blake3::Hasher::new();
        let mut chunks = self.open().await?;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.unreadable(error))?;
            hash.update(&chunk);
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        Ok((LocalFile::Copy(path), hash.finalize()))
    }

    async fn open(
        &self,
    ) -> Result<futures::stream::BoxStream<'static, object_store::Result<bytes::Bytes>>> {
        let got = self.folder.store().get(&self.location).await;
        Ok(got.map_err(|error| self.unreadable(error))?.into_stream())
    }

    /// A file that is still being written must not be taken for a whole one.
    ///
    /// # Errors
    /// When size or time are not those of the listing.
    pub async fn refuse_change(&self) -> Result<()> {
        let head = self.folder.store().head(&self.location).await;
        let now = head.map_err(|error| self.unreadable(error))?;
        if now.size == self.size && now.last_modified == self.modified && now.e_tag == self.e_tag {
            return Ok(());
        }
        Err(Error::data(format!(
            "{} in {} changed while it was being read: {} bytes, then {}",
            self.path,
            self.folder.shown(),
            self.size,
            now.size
        ))
        .hint("run again when it is written; let exports be written under another name and renamed when they are whole"))
    }

    fn unreadable(&self, error: object_store::Error) -> Error {
        Error::store(format!("cannot read {} in {}", self.path, self.folder.shown()))
            .because(error)
            .hint("check that the file is there and may be read; nothing was changed")
    }
}
