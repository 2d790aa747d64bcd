//! A query session with the run's limits, and the tables registered in it.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::TableProvider;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::compact_texts::CompactTexts;
use super::meter::Meter;
use super::month_files::MonthFiles;
use super::pool::LendingPool;
use super::small_files::{SHARE_OF_MEMORY, SmallFiles};
use crate::config::Limits;
use crate::error::Result;
use crate::store::{DataFile, Location, SPILL, Scratch};

/// Consumers that an out-of-memory message names.
const NAMED_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(4);

/// Shared limits of all statements of a run. Each statement gets a context of its own, so
/// that it sees the tables of its declared windows and no others.
#[derive(Debug, Clone)]
pub struct Session {
    runtime: Arc<RuntimeEnv>,
    config: SessionConfig,
    location: Location,
    scratch: Scratch,
    small: Arc<SmallFiles>,
}

impl Session {
    /// Prepares limits and the warehouse's store.
    ///
    /// # Errors
    /// When the folder for spilled data cannot be made.
    pub fn new(location: &Location, limits: Limits) -> Result<Self> {
        let spill = match location.local_path() {
            Some(folder) => DiskManagerMode::Directories(vec![spill_folder(folder)?]),
            None => DiskManagerMode::OsTmpDirectory,
        };
        // Statements of a run share the threads, see `lanes`.
        Self::with_spill(location, limits, spill, Scratch::new(location)?, 1)
    }

    /// A session that leaves the warehouse as it is: it spills to the system's folder for
    /// temporary files.
    ///
    /// # Errors
    /// When the engine cannot be set up.
    pub fn for_reading(location: &Location, limits: Limits) -> Result<Self> {
        let (spill, scratch) = (DiskManagerMode::OsTmpDirectory, Scratch::of_system()?);
        Self::with_spill(location, limits, spill, scratch, limits.threads)
    }

    fn with_spill(
        location: &Location,
        limits: Limits,
        spill: DiskManagerMode,
        scratch: Scratch,
        threads: usize,
    ) -> Result<Self> {
        let pool = LendingPool::new(limits.memory_bytes);
        let kept = limits.memory_bytes / SHARE_OF_MEMORY;
        let runtime = RuntimeEnvBuilder::new()
            .with_metadata_cache_limit(kept)
            .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, NAMED_CONSUMERS)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(spill)
                    .with_max_temp_directory_size(limits.spill_bytes),
            )
            .build_arc()?;
        runtime.register_object_store(location.url(), Arc::clone(location.store()));
        let mut config =
            SessionConfig::new().with_target_partitions(threads).with_information_schema(false);
        // A number with a point in SQL is exact, like everything about money.
        config.options_mut().sql_parser.parse_float_as_decimal = true;
        config.options_mut().execution.collect_statistics = false;
        let small = Arc::new(SmallFiles::new(kept));
        Ok(Self { runtime, config, location: location.clone(), scratch, small })
    }

    /// A fresh context without tables.
    pub fn context(&self) -> SessionContext {
        self.context_with(Arc::clone(&self.runtime), self.config.clone())
    }

    /// A fresh context without tables, and what tells how much memory its statement held. With more
    /// than one thread nothing goes to disk, see `lanes`.
    ///
    /// # Errors
    /// When the engine cannot be set up.
    pub fn metered_context(&self, threads: usize) -> Result<(SessionContext, Arc<Meter>)> {
        let meter = Arc::new(Meter::new(Arc::clone(&self.runtime.memory_pool)));
        let mut runtime = RuntimeEnv::clone(&self.runtime);
        runtime.memory_pool = Arc::clone(&meter) as _;
        if threads > 1 {
            let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
            runtime.disk_manager = Arc::new(no_disk.build()?);
        }
        let config = self.config.clone().with_target_partitions(threads);
        Ok((self.context_with(Arc::new(runtime), config), meter))
    }

    fn context_with(&self, runtime: Arc<RuntimeEnv>, config: SessionConfig) -> SessionContext {
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(CompactTexts))
            .build();
        SessionContext::new_with_state(state)
    }

    /// The folder for files that have no place in the warehouse yet.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// A table of data files at paths below the warehouse.
    pub fn table(
        &self,
        schema: &Schema,
        files: impl IntoIterator<Item = (String, DataFile)>,
    ) -> Arc<dyn TableProvider> {
        Arc::new(self.month_files(schema, files))
    }

    /// The same; its files, each sorted by these columns, are read beside each other, and rows come
    /// in this order, but for the month.
    pub fn ordered_table(
        &self,
        schema: &Schema,
        files: impl IntoIterator<Item = (String, DataFile)>,
        order: &[String],
    ) -> Arc<dyn TableProvider> {
        let order = order.iter().filter(|name| *name != "month").cloned().collect();
        Arc::new(self.month_files(schema, files).in_order(order))
    }

    fn month_files(
        &self,
        schema: &Schema,
        files: impl IntoIterator<Item = (String, DataFile)>,
    ) -> MonthFiles {
        let files =
            files.into_iter().map(|(path, file)| (self.location.path(&path), file)).collect();
        let small = Arc::clone(&self.small);
        MonthFiles::new(self.location.url(), with_views(schema), files, small)
    }
}

fn spill_folder(warehouse: PathBuf) -> Result<PathBuf> {
    let folder = warehouse.join(SPILL);
    if folder.exists() {
        // What a killed run spilled is of no use to anyone.
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Text is read as views: grouping and comparing them copies less.
fn with_views(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
            _ => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}
