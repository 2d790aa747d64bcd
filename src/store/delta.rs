//! Delta Lake: creating, reading and committing one warehouse table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use chrono::{DateTime, Utc};
use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TableReference};
use deltalake_core::kernel::{Action, Add, MetadataExt as _, Remove, StructType};
use deltalake_core::logstore::get_actions;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use serde_json::{Value, json};

use super::data_file::{DataFile, Slot};
use super::location::Location;
use super::warehouse::RunStamp;
use crate::error::{Error, Result};

/// Version of a Delta table, counted from 0.
pub type TableVersion = u64;

/// Log entries between two checkpoints; keeps opening a table cheap for ever.
const CHECKPOINT_INTERVAL: &str = "20";
/// How long Delta tools are asked to keep replaced files and log entries: history is what this
/// project is for. `maintain` goes by runs instead.
const RETENTION: &str = "interval 3650 days";

impl From<DeltaTableError> for Error {
    fn from(error: DeltaTableError) -> Self {
        Self::store("a warehouse table could not be read or written").because(error)
    }
}

/// Opens a table at its newest version, or at a given one; none when it does not exist.
pub async fn open(
    warehouse: &Location,
    name: &str,
    version: Option<TableVersion>,
) -> Result<Option<DeltaTable>> {
    // A missing folder and a missing log give different errors, so existence is asked for.
    let log = warehouse.list_some(&format!("{name}/_delta_log")).await?;
    if !log {
        return Ok(None);
    }
    let mut builder = builder(warehouse, name)?;
    if let Some(version) = version {
        builder = builder.with_version(version);
    }
    match builder.load().await {
        Ok(table) => Ok(Some(table)),
        Err(error) => {
            Err(Error::store(format!("cannot open the warehouse table `{name}`")).because(error))
        }
    }
}

fn builder(warehouse: &Location, name: &str) -> Result<DeltaTableBuilder> {
    let url = warehouse
        .url()
        .join(&format!("{name}/"))
        .map_err(|error| Error::bug(format!("`{name}` cannot be a folder name")).because(error))?;
    Ok(DeltaTableBuilder::from_url(url.clone())?
        .with_storage_backend(Arc::clone(warehouse.store()), url))
}

/// The files of a loaded table.
pub fn files(table: &DeltaTable, name: &str) -> Result<BTreeMap<Slot, DataFile>> {
    let mut files = BTreeMap::new();
    for view in table.snapshot()?.log_data().iter() {
        let path = view.path();
        let rows = view.num_records().unwrap_or(0) as u64;
        let last_day = view.stats().as_deref().and_then(last_day_of);
        let file =
            DataFile::parse(&path, rows, view.size().max(0) as u64, last_day).ok_or_else(|| {
                Error::store(format!("the warehouse table `{name}` has a foreign file {path}"))
                    .hint("only clientbase may write to the warehouse")
            })?;
        files.insert(file.slot.clone(), file);
    }
    Ok(files)
}

/// The column in whose statistics a sales file keeps its last day.
const DAY_COLUMN: &str = "sale_date";

fn last_day_of(stats: &str) -> Option<i32> {
    let stats: Value = serde_json::from_str(stats).ok()?;
    let day = stats.get("maxValues")?.get(DAY_COLUMN)?.as_str()?;
    day.parse::<chrono::NaiveDate>().ok().map(|day| day.to_epoch_days())
}

/// Statistics that let every Delta reader skip files of other months.
fn stats_of(file: &DataFile) -> String {
    let mut borders = serde_json::Map::new();
    if let Some(month) = file.slot.month {
        borders.insert("month".to_owned(), json!(month.first_day().to_string()));
    }
    let mut upper = borders.clone();
    if let Some(day) = file.last_day.and_then(chrono::NaiveDate::from_epoch_days) {
        upper.insert(DAY_COLUMN.to_owned(), json!(day.to_string()));
    }
    json!({ "numRecords": file.rows, "minValues": borders, "maxValues": upper, "nullCount": {} })
        .to_string()
}

/// The columns of a loaded table, as they were at its version.
pub fn schema(table: &DeltaTable) -> Result<SchemaRef> {
    Ok(table.snapshot()?.snapshot().arrow_schema())
}

/// What a loaded table is, as its version says.
pub fn description(table: &DeltaTable) -> Result<String> {
    Ok(table.snapshot()?.metadata().description().unwrap_or_default().to_owned())
}

/// Name in the commits under which the run is noted that made them.
const RUN: &str = "clientbase.run";

/// The run that committed a version; none when the log does not say.
pub async fn committed_by(table: &DeltaTable, version: TableVersion) -> Result<Option<String>> {
    let run = |action: &Action| match action {
        Action::CommitInfo(commit) => commit.info.get(RUN)?.as_str().map(str::to_owned),
        _ => None,
    };
    // Only a checkpoint may be left of a version whose entry another tool has removed.
    let Some(bytes) = table.log_store().read_commit_entry(version).await? else { return Ok(None) };
    Ok(get_actions(version, &bytes)?.iter().find_map(run))
}

/// Names of the files that the commits after a version, up to the loaded one, added.
pub async fn added_after(table: &DeltaTable, version: TableVersion) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for later in version + 1..=table.version().unwrap_or(version) {
        for action in actions(table, later).await? {
            if let Action::Add(add) = action {
                names.push(add.path);
            }
        }
    }
    Ok(names)
}

async fn actions(table: &DeltaTable, version: TableVersion) -> Result<Vec<Action>> {
    let bytes = table.log_store().read_commit_entry(version).await?.ok_or_else(|| {
        Error::store(format!("version {version} is missing from a log in the warehouse"))
            .hint("restore the warehouse folder from a backup")
    })?;
    Ok(get_actions(version, &bytes)?)
}

/// Writes the state of the loaded version as one file, from which later readings start.
pub async fn checkpoint(table: &DeltaTable) -> Result<()> {
    Ok(create_checkpoint(table, None).await?)
}

/// Removes log entries before a version, of which a checkpoint must exist. Returns how many.
pub async fn forget_before(
    table: &DeltaTable,
    version: TableVersion,
    moment: DateTime<Utc>,
) -> Result<usize> {
    // The age of an entry does not matter: the runs decide. A day beyond the present moment
    // makes the cut-off by age say nothing.
    let cutoff = moment.timestamp_millis() + 86_400_000;
    Ok(cleanup_expired_logs_for(version, table.log_store().as_ref(), cutoff, None).await?)
}

/// Commits one version: some files added, some removed, the schema replaced if it changed.
/// Creates the table when there is none. Returns the new version.
pub async fn commit(
    warehouse: &Location,
    name: &str,
    schema: &Schema,
    description: &str,
    table: Option<DeltaTable>,
    (added, removed): (&[DataFile], &[DataFile]),
    run: &RunStamp,
) -> Result<TableVersion> {
    let failed = |error: DeltaTableError| {
        Error::store(format!("cannot commit the warehouse table `{name}`")).because(error)
    };
    let kernel_schema: StructType = schema.try_into_kernel().map_err(|error| {
        Error::bug(format!("the columns of `{name}` have no Delta type")).because(error)
    })?;
    let moment = run.moment.timestamp_millis();
    let mut actions: Vec<Action> = added.iter().map(|file| add(file, moment)).collect();
    let run_id = HashMap::from([(RUN.to_owned(), json!(run.id))]);
    let Some(table) = table else {
        let created = CreateBuilder::new()
            .with_log_store(builder(warehouse, name)?.build_storage()?)
            .with_table_name(name)
            .with_comment(description)
            .with_columns(kernel_schema.fields().cloned())
            .with_configuration_property(
                deltalake_core::TableProperty::CheckpointInterval,
                Some(CHECKPOINT_INTERVAL),
            )
            .with_configuration_property(
                deltalake_core::TableProperty::LogRetentionDuration,
                Some(RETENTION),
            )
            .with_configuration_property(
                deltalake_core::TableProperty::DeletedFileRetentionDuration,
                Some(RETENTION),
            )
            .with_commit_properties(CommitProperties::default().with_metadata(run_id))
            .with_actions(actions)
            .await
            .map_err(failed)?;
        return created.version().ok_or_else(|| Error::bug("a created table has no version"));
    };
    actions.extend(removed.iter().map(|file| remove(file, moment)));
    let snapshot = table.snapshot()?;
    if *snapshot.schema() != kernel_schema {
        let metadata =
            snapshot.metadata().clone().with_schema(&kernel_schema).map_err(|error| {
                Error::bug(format!("the schema of `{name}` cannot be changed")).because(error)
            })?;
        actions.push(Action::Metadata(metadata));
    }
    let operation =
        DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: None, predicate: None };
    // Only `maintain` may shorten a log: it knows which runs still refer to it.
    let properties =
        CommitProperties::default().with_metadata(run_id).with_cleanup_expired_logs(Some(false));
    let finished = CommitBuilder::from(properties)
        .with_actions(actions)
        // We hold the lock: a conflict means a foreign writer, which must not be retried over.
        .with_max_retries(0)
        .build(Some(snapshot as &dyn TableReference), table.log_store(), operation)
        .await
        .map_err(failed)?;
    Ok(finished.version())
}

fn add(file: &DataFile, moment: i64) -> Action {
    Action::Add(Add {
        path: file.name(),
        size: file.bytes as i64,
        modification_time: moment,
        data_change: true,
        stats: Some(stats_of(file)),
        ..Add::default()
    })
}

fn remove(file: &DataFile, moment: i64) -> Action {
    Action::Remove(Remove {
        path: file.name(),
        data_change: true,
        deletion_timestamp: Some(moment),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::new()),
        size: Some(file.bytes as i64),
        ..Remove::default()
    })
}
