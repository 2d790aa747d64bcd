//! A folder behind a URL, on whatever store: all reading and writing goes through here.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use tempfile::TempPath;
use url::Url;

use super::counting::{CountingStore, Requests};
use super::durable::DurableLocal;
use crate::error::{Error, Result};

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::store("the store failed").because(error)
    }
}

/// Files that are moved or copied at the same time: a disk syncs many for the price of one.
pub const AT_ONCE: usize = 16;

/// A folder in an object store.
#[derive(Debug, Clone)]
pub struct Location {
    url: Url,
    store: Arc<dyn ObjectStore>,
    counter: Arc<CountingStore>,
    root: Path,
}

impl Location {
    /// Opens a folder; nothing is created or read yet.
    ///
    /// # Errors
    /// When the scheme is unknown to this build.
    pub fn open(url: &Url) -> Result<Self> {
        let root = Path::from_url_path(url.path()).map_err(|error| {
            Error::configuration(format!("{url} is no usable location")).because(error)
        })?;
        let store: Arc<dyn ObjectStore> = if url.scheme() == "file" {
            Arc::new(DurableLocal::new())
        } else {
            let options: Vec<(String, String)> = std::env::vars().collect();
            let (store, _) = object_store::parse_url_opts(url, options).map_err(|error| {
                Error::configuration(format!("{url} cannot be opened by this build"))
                    .because(error)
                    .hint("local folders are supported; give a path or a file:// URL")
            })?;
            Arc::from(store)
        };
        let counter = Arc::new(CountingStore::new(store));
        let store: Arc<dyn ObjectStore> = Arc::clone(&counter) as Arc<dyn ObjectStore>;
        Ok(Self { url: url.clone(), store, counter, root })
    }

    /// What this folder and its clones asked of the store so far.
    pub fn requests(&self) -> Requests {
        self.counter.requests()
    }

    /// The folder as a URL, ending in `/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The store, rooted at the URL's host.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The folder as a local path, when it is one.
    pub fn local_path(&self) -> Option<PathBuf> {
        (self.url.scheme() == "file").then(|| self.url.to_file_path().ok()).flatten()
    }

    /// How people name the folder.
    pub fn shown(&self) -> String {
        self.local_path().map_or_else(|| self.url.to_string(), |path| path.display().to_string())
    }

    /// A file in the folder, as a path of the store.
    pub fn path(&self, relative: &str) -> Path {
        // Parsed, not joined part by part: joining percent-encodes letters beyond ASCII.
        let joined = format!("{}/{}", self.root, relative.trim_matches('/'));
        Path::parse(&joined).unwrap_or_else(|_| Path::from(joined))
    }

    /// A store path relative to the folder.
    pub fn relative(&self, path: &Path) -> String {
        path.prefix_match(&self.root).map_or_else(
            || path.to_string(),
            |parts| parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"),
        )
    }

    /// A file's bytes, or nothing when it is not there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(&self, relative: &str) -> Result<Option<Bytes>> {
        match self.store.get(&self.path(relative)).await {
            Ok(found) => {
                let bytes = found.bytes().await;
                bytes.map(Some).map_err(|error| self.failed("read", relative, error))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", relative, error)),
        }
    }

    /// A file's size in bytes, or nothing when it is not there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn size(&self, relative: &str) -> Result<Option<u64>> {
        match self.store.head(&self.path(relative)).await {
            Ok(object) => Ok(Some(object.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", relative, error)),
        }
    }

    /// Writes a whole file; readers see the old or the new content, never a part.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write(&self, relative: &str, bytes: Bytes) -> Result<()> {
        self.store
            .put(&self.path(relative), PutPayload::from_bytes(bytes))
            .await
            .map(|_| ())
            .map_err(|error| self.failed("write", relative, error))
    }

    /// Moves a finished local file into the folder. One that is not staged must have been synced.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_in(&self, from: TempPath, relative: &str) -> Result<()> {
        let Some(folder) = self.local_path() else {
            let bytes = Bytes::from(std::fs::read(&from)?);
            return self.write(relative, bytes).await;
        };
        let target = folder.join(relative);
        tokio::task::spawn_blocking(move || {
            super::durable::move_in(from, &target).map_err(|error| {
                Error::store(format!("cannot write {}", target.display())).because(error)
            })
        })
        .await
        .map_err(|error| Error::bug("a move did not end").because(error))?
    }

    /// Moves a file inside the folder, replacing what was there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.store
            .rename(&self.path(from), &self.path(to))
            .await
            .map_err(|error| self.failed("move", from, error))
    }

    /// Moves files inside the folder, several at a time, replacing what was there.
    ///
    /// # Errors
    /// When the store fails; some are moved then.
    pub async fn rename_all(
        &self,
        moves: impl IntoIterator<Item = (String, String)>,
    ) -> Result<()> {
        let moves =
            moves.into_iter().map(|(from, to)| async move { self.rename(&from, &to).await });
        futures::stream::iter(moves).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Removes a file; it is fine when it is gone already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, relative: &str) -> Result<()> {
        match self.store.delete(&self.path(relative)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", relative, error)),
        }
    }

    /// All files below a folder of this folder, sorted by path; none when it does not exist.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, relative: &str) -> Result<Vec<ObjectMeta>> {
        let prefix = self.path(relative);
        let listed = self.store.list(Some(&prefix)).try_collect::<Vec<_>>().await;
        let mut found = match listed {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(self.failed("list", relative, error)),
        };
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(found)
    }

    /// Whether a folder of this folder holds any file.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_some(&self, relative: &str) -> Result<bool> {
        let prefix = self.path(relative);
        match self.store.list(Some(&prefix)).try_next().await {
            Ok(found) => Ok(found.is_some()),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("list", relative, error)),
        }
    }

    /// Copies a file into another folder, replacing it there in one step. On one local
    /// disk no byte is copied.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn copy_to(&self, relative: &str, other: &Self, target: &str) -> Result<()> {
        if let (Some(from), Some(to)) = (self.local_path(), other.local_path()) {
            let (from, to) = (from.join(relative), to.join(target));
            return tokio::task::spawn_blocking(move || {
                super::durable::link_or_copy(&from, &to).map_err(|error| {
                    Error::store(format!("cannot write {}", to.display())).because(error)
                })
            })
            .await
            .map_err(|error| Error::bug("a copy did not end").because(error))?;
        }
        if self.url.origin() == other.url.origin() && self.url.scheme() == other.url.scheme() {
            return self
                .store
                .copy(&self.path(relative), &other.path(target))
                .await
                .map_err(|error| other.failed("write", target, error));
        }
        let bytes = self
            .read(relative)
            .await?
            .ok_or_else(|| Error::store(format!("{relative} vanished from {}", self.shown())))?;
        other.write(target, bytes).await
    }

    fn failed(&self, verb: &str, relative: &str, error: object_store::Error) -> Error {
        let what = if relative.is_empty() { String::new() } else { format!("{relative} in ") };
        Error::store(format!("cannot {verb} {what}{}", self.shown())).because(error)
    }
}
