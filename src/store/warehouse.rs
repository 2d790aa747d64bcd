//! The warehouse: sales history, rejects, snapshots and every result table, as Delta tables
//! in one folder, and the files that a run has staged but not committed.

use std::collections::BTreeMap;

use arrow::datatypes::{Schema, SchemaRef};
use chrono::{DateTime, Utc};
use deltalake_core::DeltaTable;
use futures::future::try_join_all;
use parquet::file::metadata::ParquetMetaDataReader;
use url::Url;

use super::data_file::{DataFile, Slot};
use super::delta::{self, TableVersion};
use super::location::Location;
use super::parquet_file::{EncodedFile, FileBody};
use crate::error::{Error, Result};
use crate::models::Fingerprint;

/// Folder of staged files; they move to their table's folder when they are committed.
pub const STAGING: &str = "_staging";

/// What a run writes into its commits.
#[derive(Debug, Clone)]
pub struct RunStamp {
    /// Identity of the run.
    pub id: String,
    /// When it started.
    pub moment: DateTime<Utc>,
}

/// A committed table: its version and files. Without a version the table does not exist yet.
#[derive(Debug, Clone, Default)]
pub struct TableState {
    /// Version of the Delta table.
    pub version: Option<TableVersion>,
    /// Its files.
    pub files: BTreeMap<Slot, DataFile>,
    table: Option<DeltaTable>,
}

/// All tables in one folder.
#[derive(Debug)]
pub struct Warehouse {
    location: Location,
    tables: BTreeMap<String, TableState>,
}

impl Warehouse {
    /// Reads the newest committed state of the named tables, or the given versions of them.
    /// Creates nothing.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub async fn open(
        url: &Url,
        names: impl IntoIterator<Item = String>,
        versions: Option<&BTreeMap<String, TableVersion>>,
    ) -> Result<Self> {
        let location = Location::open(url)?;
        let opened = names.into_iter().map(|name| {
            let location = location.clone();
            async move {
                let version = versions.map(|versions| versions.get(&name).copied());
                let state = match version {
                    // A table that the wanted state did not have yet.
                    Some(None) => TableState::default(),
                    version => TableState::open(&location, &name, version.flatten()).await?,
                };
                Ok::<_, Error>((name, state))
            }
        });
        let tables = try_join_all(opened).await?.into_iter().collect();
        Ok(Self { location, tables })
    }

    /// The folder.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Names of the tables that were opened.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Committed files of a table; none when it does not exist.
    pub fn files(&self, table: &str) -> impl Iterator<Item = &DataFile> {
        self.tables.get(table).into_iter().flat_map(|state| state.files.values())
    }

    /// The committed file of a slot.
    pub fn file(&self, table: &str, slot: &Slot) -> Option<&DataFile> {
        self.tables.get(table)?.files.get(slot)
    }

    /// Columns of a table at the opened version; none when it does not exist.
    ///
    /// # Errors
    /// When the table's columns cannot be read.
    pub fn schema(&self, table: &str) -> Result<Option<SchemaRef>> {
        let opened = self.tables.get(table).and_then(|state| state.table.as_ref());
        opened.map(delta::schema).transpose()
    }

    /// The run that committed the opened version of a table; none when the table does not
    /// exist or its log does not say.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn committed_by(&self, table: &str) -> Result<Option<String>> {
        let Some(state) = self.tables.get(table) else { return Ok(None) };
        match (&state.table, state.version) {
            (Some(table), Some(version)) => delta::committed_by(table, version).await,
            _ => Ok(None),
        }
    }

    /// Makes tables of another, empty warehouse out of the opened versions of tables of this
    /// one. Files are shared where the disk allows it.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn hand_over(&self, tables: &[String], to: &Location, run: &RunStamp) -> Result<()> {
        for name in tables {
            let Some(table) = self.tables.get(name).and_then(|state| state.table.as_ref()) else {
                continue;
            };
            let files: Vec<DataFile> = self.files(name).cloned().collect();
            for file in &files {
                let path = committed_path(name, file);
                self.location.copy_to(&path, to, &path).await?;
            }
            let (schema, description) = (delta::schema(table)?, delta::description(table)?);
            delta::commit(to, name, &schema, &description, None, (&files, &[]), run).await?;
        }
        Ok(())
    }

    /// Version of a table; none when it does not exist.
    pub fn version(&self, table: &str) -> Option<TableVersion> {
        self.tables.get(table)?.version
    }

    /// Versions of all tables that exist.
    pub fn versions(&self) -> BTreeMap<String, TableVersion> {
        let version = |(name, state): (&String, &TableState)| Some((name.clone(), state.version?));
        self.tables.iter().filter_map(version).collect()
    }

    /// Files that an interrupted run left staged, by table.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staged(&self) -> Result<BTreeMap<String, Vec<DataFile>>> {
        let mut found: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
        for object in self.location.list(STAGING).await? {
            let path = self.location.relative(&object.location);
            let Some((table, name)) = path
                .strip_prefix(STAGING)
                .and_then(|path| path.trim_start_matches('/').split_once('/'))
            else {
                continue;
            };
            if let Some(file) = DataFile::parse(name, 0, object.size, None) {
                found.entry(table.to_owned()).or_default().push(file);
            }
        }
        Ok(found)
    }

    /// Writes a file beside the committed ones, where nobody looks yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stage(
        &self,
        table: &str,
        slot: Slot,
        fingerprint: Fingerprint,
        encoded: EncodedFile,
        last_day: Option<i32>,
    ) -> Result<DataFile> {
        let file = DataFile {
            slot,
            fingerprint,
            content: encoded.content,
            rows: encoded.rows,
            bytes: encoded.bytes,
            last_day,
        };
        let path = staged_path(table, &file);
        match encoded.body {
            FileBody::Memory(bytes) => self.location.write(&path, bytes).await?,
            FileBody::Disk(from) => self.location.take_in(from, &path).await?,
        }
        Ok(file)
    }

    /// A staged file with its rows counted, when its bytes are those its name promises.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn verify_staged(&self, table: &str, file: &DataFile) -> Result<Option<DataFile>> {
        let bytes = self.location.read(&staged_path(table, file)).await?;
        let Some(bytes) = bytes.filter(|bytes| Fingerprint::of(bytes) == file.content) else {
            return Ok(None);
        };
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes)?;
        let rows = metadata.file_metadata().num_rows().max(0) as u64;
        Ok(Some(DataFile { rows, ..file.clone() }))
    }

    /// Where a file lies in the warehouse.
    pub fn relative_path(&self, table: &str, file: &DataFile, is_staged: bool) -> String {
        if is_staged { staged_path(table, file) } else { committed_path(table, file) }
    }

    /// Moves staged files to their table and commits them, and files that are in its folder
    /// already, together with removals. Only audited results get here: see `publish`.
    ///
    /// # Errors
    /// When the store fails; the table then has its old or its new state, nothing between.
    pub(crate) async fn commit(
        &mut self,
        name: &str,
        schema: &Schema,
        description: &str,
        added: &[(DataFile, bool)],
        removed: &[DataFile],
        run: &RunStamp,
    ) -> Result<TableVersion> {
        let staged = added.iter().filter(|(_, is_staged)| *is_staged);
        let moves = staged.map(|(file, _)| (staged_path(name, file), committed_path(name, file)));
        self.location.rename_all(moves).await?;
        let added: Vec<DataFile> = added.iter().map(|(file, _)| file.clone()).collect();
        let table = self.tables.get(name).and_then(|state| state.table.clone());
        let version =
            delta::commit(&self.location, name, schema, description, table, (&added, removed), run)
                .await?;
        let state = TableState::open(&self.location, name, None).await?;
        self.tables.insert(name.to_owned(), state);
        Ok(version)
    }

    /// Removes everything staged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn clear_staging(&self) -> Result<()> {
        for object in self.location.list(STAGING).await? {
            self.location.delete(&self.location.relative(&object.location)).await?;
        }
        Ok(())
    }
}

impl TableState {
    async fn open(location: &Location, name: &str, version: Option<TableVersion>) -> Result<Self> {
        match delta::open(location, name, version).await? {
            None => Ok(Self::default()),
            Some(table) => Ok(Self {
                version: table.version(),
                files: delta::files(&table, name)?,
                table: Some(table),
            }),
        }
    }
}

fn staged_path(table: &str, file: &DataFile) -> String {
    format!("{STAGING}/{table}/{}", file.name())
}

fn committed_path(table: &str, file: &DataFile) -> String {
    format!("{table}/{}", file.name())
}
