//! Small files, read once in a run: tables that look back to the first purchase, and tables that
//! are whole, read a file of a few kilobytes of each month, and many of them the same ones. What a
//! read costs at an object store is the request, not the bytes. Of larger files the footers are
//! kept, by the engine.
//!
//! Only for files that never change: data files are named by their content.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// Longest file that is read whole, in bytes.
const LONGEST: u64 = 128 << 10;

/// What is kept of the memory that a run may use: one part of so many.
pub const SHARE_OF_MEMORY: usize = 64;

/// Small files of a run.
#[derive(Debug)]
pub struct SmallFiles {
    /// Most bytes that are kept.
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<Path, Bytes>,
    /// The first to come is the first to go.
    order: VecDeque<Path>,
    bytes: usize,
}

impl SmallFiles {
    /// Keeps so many bytes at most.
    pub fn new(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, path: &Path, file: Bytes) {
        let mut kept = self.kept();
        kept.bytes += file.len();
        if let Some(twin) = kept.files.insert(path.clone(), file) {
            kept.bytes -= twin.len();
        } else {
            kept.order.push_back(path.clone());
        }
        while kept.bytes > self.room
            && let Some(oldest) = kept.order.pop_front()
            && let Some(file) = kept.files.remove(&oldest)
        {
            kept.bytes -= file.len();
        }
    }

    /// A file that was kept, or is now.
    async fn read(&self, store: &dyn ObjectStore, path: &Path) -> ParquetResult<Bytes> {
        let known = self.kept().files.get(path).cloned();
        if let Some(file) = known {
            return Ok(file);
        }
        let failed = |error| ParquetError::External(Box::new(error));
        let file = store.get(path).await.map_err(failed)?.bytes().await.map_err(failed)?;
        self.keep(path, file.clone());
        Ok(file)
    }
}

/// Reads small files whole, and others as the engine does.
#[derive(Debug)]
pub struct SmallFilesFirst {
    small: Arc<SmallFiles>,
    store: Arc<dyn ObjectStore>,
    others: CachedParquetFileReaderFactory,
}

impl SmallFilesFirst {
    /// Reads from a store.
    pub fn new(small: Arc<SmallFiles>, store: Arc<dyn ObjectStore>, runtime: &RuntimeEnv) -> Self {
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let others = CachedParquetFileReaderFactory::new(Arc::clone(&store), footers);
        Self { small, store, others }
    }
}

impl ParquetFileReaderFactory for SmallFilesFirst {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        if file.object_meta.size > LONGEST {
            return self.others.create_reader(partition_index, file, metadata_size_hint, metrics);
        }
        let (small, store) = (Arc::clone(&self.small), Arc::clone(&self.store));
        Ok(Box::new(SmallFile { small, store, path: file.object_meta.location }))
    }
}

struct SmallFile {
    small: Arc<SmallFiles>,
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl SmallFile {
    async fn ranges(&self, ranges: &[Range<u64>]) -> ParquetResult<Vec<Bytes>> {
        let file = self.small.read(self.store.as_ref(), &self.path).await?;
        let part = |range: &Range<u64>| {
            let (start, end) = (range.start as usize, range.end as usize);
            if start > end || end > file.len() {
                return Err(ParquetError::EOF(format!("{} is cut off", self.path)));
            }
            Ok(file.slice(start..end))
        };
        ranges.iter().map(part).collect()
    }
}

impl AsyncFileReader for SmallFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move { Ok(self.ranges(&[range]).await?.swap_remove(0)) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move { self.ranges(&ranges).await }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let file = self.small.read(self.store.as_ref(), &self.path).await?;
            let mut reader = ParquetMetaDataReader::new();
            if let Some(options) = options {
                reader = reader
                    .with_metadata_options(Some(options.metadata_options().clone()))
                    .with_column_index_policy(options.column_index_policy())
                    .with_offset_index_policy(options.offset_index_policy());
            }
            Ok(Arc::new(reader.parse_and_finish(&file)?))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_come_are_the_first_to_go() {
        let small = SmallFiles::new(10);
        let has = |name: &str| small.kept().files.contains_key(&Path::from(name));
        for name in ["one", "two", "two"] {
            small.keep(&Path::from(name), Bytes::from_static(b"1234"));
        }
        assert!(has("one") && has("two"));
        assert_eq!(small.kept().bytes, 8);
        small.keep(&Path::from("three"), Bytes::from_static(b"123456"));
        assert!(!has("one") && has("two") && has("three"));
        small.keep(&Path::from("too long"), Bytes::from_static(b"12345678901"));
        assert!(!has("two") && !has("three") && !has("too long"));
        assert_eq!(small.kept().bytes, 0);
    }
}
