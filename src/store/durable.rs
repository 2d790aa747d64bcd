//! The local file system as an object store whose writes survive a power cut.
//!
//! `object_store` writes to a temporary file and renames it, but never calls fsync. Here
//! the file is synced before it gets its name and the folder after, so that a file that
//! is there is whole, and a commit that was reported is there.
//!
//! Staged files promise nothing: they are synced when they leave the staging folder. Whoever
//! takes over one that a killed run left compares its bytes with its name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use tempfile::TempPath;

use super::warehouse::STAGING;

/// Start of the names of files that are being written.
const TEMPORARY: &str = ".clientbase-writing-";

/// The local file system, rooted at `/`.
#[derive(Debug)]
pub struct DurableLocal {
    inner: LocalFileSystem,
}

impl DurableLocal {
    /// The whole local file system.
    pub fn new() -> Self {
        Self { inner: LocalFileSystem::new() }
    }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("local files")
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let target = self.inner.path_to_filesystem(location)?;
        let create = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => {
                return self.inner.put_opts(location, payload, options).await;
            }
        };
        let (path, is_staged) = (location.to_string(), is_staged(location));
        blocking(move || {
            write_whole(&target, &payload, create, is_staged).map_err(|error| classify(path, error))
        })
        .await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let folder = self.inner.path_to_filesystem(to)?;
        let (target, path) = (folder.clone(), to.to_string());
        let staged = is_staged(from).then(|| self.inner.path_to_filesystem(from)).transpose()?;
        blocking(move || {
            if let Some(staged) = staged {
                let synced = File::open(staged).and_then(|file| file.sync_all());
                synced.map_err(|error| classify(path.clone(), error))?;
            }
            let parent = target.parent().unwrap_or(FilePath::new("/"));
            create_folders(parent).map_err(|error| classify(path, error))
        })
        .await?;
        self.inner.rename_opts(from, to, options).await?;
        let path = to.to_string();
        blocking(move || sync_folder_of(&folder).map_err(|error| classify(path, error))).await
    }
}

/// Whether a file is below a folder of staged files.
fn is_staged(location: &Path) -> bool {
    location.parts().any(|part| part.as_ref() == STAGING)
}

/// Writes a file beside its place, syncs it, gives it its name, syncs the folder; a staged
/// file is not synced.
fn write_whole(
    target: &FilePath,
    payload: &PutPayload,
    create: bool,
    is_staged: bool,
) -> io::Result<()> {
    let folder = target.parent().unwrap_or(FilePath::new("/"));
    create_folders(folder)?;
    let temporary = temporary_beside(target);
    let written = (|| {
        let mut file = File::create_new(&temporary)?;
        for chunk in payload.iter() {
            file.write_all(chunk)?;
        }
        if !is_staged {
            file.sync_all()?;
        }
        if create {
            // A hard link fails when the name is taken, in one step; a rename would replace.
            fs::hard_link(&temporary, target)
        } else {
            fs::rename(&temporary, target)
        }
    })();
    if create || written.is_err() {
        // A left-over of a failed write must not fill the disk further.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    if is_staged { Ok(()) } else { sync_folder_of(target) }
}

/// Gives a file a second name in another folder, or copies it where links are impossible.
/// The target is replaced in one step.
pub fn link_or_copy(from: &FilePath, target: &FilePath) -> io::Result<()> {
    let folder = target.parent().unwrap_or(FilePath::new("/"));
    create_folders(folder)?;
    let temporary = temporary_beside(target);
    // Both names are one file: whoever writes into the published one would change history.
    let mut permissions = fs::metadata(from)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(from, permissions)?;
    if fs::hard_link(from, &temporary).is_err() {
        fs::copy(from, &temporary)?;
        File::open(&temporary)?.sync_all()?;
    }
    let renamed = fs::rename(&temporary, target);
    // Renaming a link onto another link of the same file leaves both names.
    let _ = fs::remove_file(&temporary);
    renamed?;
    sync_folder_of(target)
}

/// Gives a finished file of the same disk its place; copies it from another disk. One that is
/// not staged must have been synced.
pub fn move_in(from: TempPath, target: &FilePath) -> io::Result<()> {
    let is_staged = target.components().any(|part| part.as_os_str() == STAGING);
    create_folders(target.parent().unwrap_or(FilePath::new("/")))?;
    if let Err(error) = from.persist(target) {
        let temporary = temporary_beside(target);
        fs::copy(&error.path, &temporary)?;
        if !is_staged {
            File::open(&temporary)?.sync_all()?;
        }
        fs::rename(&temporary, target)?;
    }
    if is_staged { Ok(()) } else { sync_folder_of(target) }
}

/// Creates missing folders and syncs the parents that got a new entry.
fn create_folders(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folders(parent)?;
    }
    match fs::create_dir(folder) {
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => created?,
    }
    sync_folder_of(folder)
}

fn sync_folder_of(path: &FilePath) -> io::Result<()> {
    File::open(path.parent().unwrap_or(FilePath::new("/")))?.sync_all()
}

fn temporary_beside(target: &FilePath) -> PathBuf {
    let folder = target.parent().unwrap_or(FilePath::new("/"));
    folder.join(format!("{TEMPORARY}{}", uuid::Uuid::new_v4().simple()))
}

/// Syncs every file of a folder and the folder itself, however they were written.
pub fn sync_files(folder: &FilePath) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Whether a file's name is that of one that a killed writer left half written.
pub fn is_left_over(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// Removes files that a killed writer left half written below a folder.
pub fn remove_left_overs(folder: &FilePath) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_left_overs(&entry.path())?;
        } else if is_left_over(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

fn classify(path: String, error: io::Error) -> object_store::Error {
    let source = Box::new(error);
    match source.kind() {
        io::ErrorKind::AlreadyExists => object_store::Error::AlreadyExists { path, source },
        io::ErrorKind::NotFound => object_store::Error::NotFound { path, source },
        io::ErrorKind::PermissionDenied => object_store::Error::PermissionDenied { path, source },
        _ => object_store::Error::Generic { store: "local files", source },
    }
}
