//! The snapshots table: what was delivered, when, what became of its rows, and which files
//! of the history they are in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use super::SNAPSHOTS;
use super::canonical::described;
use super::coverage::{Coverage, DayRange};
use super::record::{DeliveryState, SnapshotRecord};
use crate::error::{Error, Result};
use crate::models::Fingerprint;
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, ParquetEncoder, Scratch, Slot, TableVersion, Warehouse};

/// All delivered files of the history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    records: Vec<SnapshotRecord>,
    holdings: Holdings,
}

/// Table → file of the history → hash of its content, as of the last ingest. A commit that
/// was broken off between two tables shows as a difference to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Holdings(BTreeMap<String, HeldTable>);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct HeldTable {
    /// Version that the commit gave it; none before its first one.
    version: Option<TableVersion>,
    files: BTreeMap<String, Fingerprint>,
}

/// Name, type, meaning and value of every column: one list, so that they cannot drift apart.
type TextColumn = (&'static str, &'static str, fn(&SnapshotRecord) -> Result<String>);
type CountColumn = (&'static str, &'static str, fn(&SnapshotRecord) -> u64);

const TEXT_COLUMNS: [TextColumn; 15] = [
    ("table_name", "History table that the file belongs to", |record| Ok(record.table.clone())),
    ("source", "Name of the source", |record| Ok(record.source.clone())),
    ("file", "Path of the file below the source's folder", |record| Ok(record.file.clone())),
    ("state", "accepted, set_aside, superseded or duplicate", |record| {
        Ok(record.state.shown().to_owned())
    }),
    ("replaces", "What it replaces of earlier files", |record| Ok(record.coverage.shown())),
    ("months", "Months the file speaks for", |record| {
        Ok(crate::month::describe_ranges(record.months.iter().copied()))
    }),
    ("revenue", "Sum of accepted revenue", |record| Ok(record.revenue.clone())),
    ("excluded_by_rule", "Lines left out, by rule, as JSON", |record| {
        Ok(serde_json::to_string(&record.excluded)?)
    }),
    ("rejected_by_reason", "Rejected lines, by reason, as JSON", |record| {
        Ok(serde_json::to_string(&record.reject_reasons)?)
    }),
    ("modified", "When the file was changed last", |record| Ok(record.modified.clone())),
    ("bytes_hash", "BLAKE3 hash of the file", |record| Ok(record.bytes_hash.clone())),
    ("snapshot", "Identity of file and reading rules", |record| Ok(record.snapshot.to_string())),
    ("run", "Run that read the file", |record| Ok(record.run.clone())),
    ("ingested_at", "When that run started", |record| Ok(record.ingested_at.clone())),
    (RECORD, "The whole record, as JSON", |record| Ok(serde_json::to_string(record)?)),
];

const COUNT_COLUMNS: [CountColumn; 6] = [
    ("bytes", "Size of the file", |record| record.bytes),
    ("lines", "Lines in the file", |record| record.lines),
    ("accepted", "Lines that were accepted", |record| record.accepted),
    ("excluded", "Lines left out by rules", |record| record.excluded.values().sum()),
    ("rejected", "Lines in rejects", |record| record.rejected),
    ("sequence", "Order of reading", |record| record.sequence),
];

const RECORD: &str = "record";
/// Key of the file's metadata under which the holdings stand.
const HOLDINGS: &str = "holdings";

/// Schema of the snapshots table.
pub fn ledger_schema() -> SchemaRef {
    let texts =
        TEXT_COLUMNS.iter().map(|(name, meaning, _)| described(name, DataType::Utf8, meaning));
    let counts =
        COUNT_COLUMNS.iter().map(|(name, meaning, _)| described(name, DataType::Int64, meaning));
    Arc::new(Schema::new(texts.chain(counts).collect::<Vec<_>>()))
}

impl Ledger {
    /// Reads the committed ledger; empty when there is none.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn load(warehouse: &Warehouse) -> Result<Self> {
        let Some(file) = warehouse.file(SNAPSHOTS, &Slot::of_result(None)) else {
            return Ok(Self::default());
        };
        let path = warehouse.relative_path(SNAPSHOTS, file, false);
        let bytes = warehouse.location().read(&path).await?.ok_or_else(|| {
            Error::store(format!("{path} is missing from the warehouse"))
                .hint("restore the warehouse folder, or remove it and run again to rebuild it")
        })?;
        let unreadable = |error: serde_json::Error| {
            Error::store(format!("{path} holds a record that cannot be read")).because(error)
        };
        let mut records = Vec::new();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
        let holdings = match reader.schema().metadata().get(HOLDINGS) {
            Some(text) => serde_json::from_str(text).map_err(unreadable)?,
            None => {
                return Err(Error::store(format!("{path} was written by another version"))
                    .hint("remove the warehouse folder and run again: it is rebuilt from the delivered files"));
            }
        };
        for batch in reader.build()? {
            let batch = batch?;
            let Some(texts) = batch.column_by_name(RECORD) else { continue };
            for text in texts.as_string::<i32>().iter().flatten() {
                records.push(serde_json::from_str(text).map_err(unreadable)?);
            }
        }
        Ok(Self { records, holdings })
    }

    /// All records, in the order of reading.
    pub fn records(&self) -> &[SnapshotRecord] {
        &self.records
    }

    /// What is known of a file: as it is in the history or, if it is not, as it waits.
    pub fn find(&self, source: &str, file: &str) -> Option<&SnapshotRecord> {
        self.versions(source, file).min_by_key(|record| record.state == DeliveryState::SetAside)
    }

    /// All that is known of a file: one version may be in the history while another waits.
    pub fn versions(&self, source: &str, file: &str) -> impl Iterator<Item = &SnapshotRecord> {
        self.records.iter().filter(move |record| record.source == source && record.file == file)
    }

    /// Records of a source whose rows may be in the history, in the order of reading.
    pub fn accepted(&self, source: &str) -> impl DoubleEndedIterator<Item = &SnapshotRecord> {
        self.records.iter().filter(move |record| record.source == source && record.is_accepted())
    }

    /// The file that speaks for a day of a source (or for rows without a day): the last one
    /// that was read.
    pub fn owner(&self, source: &str, day: Option<i32>) -> Option<&SnapshotRecord> {
        self.accepted(source).rev().find(|record| record.coverage.contains(day))
    }

    /// Whether a committed file of the history is as the last ingest left it.
    pub fn holds(&self, table: &str, file: &DataFile) -> bool {
        let held = self.holdings.0.get(table);
        held.and_then(|held| held.files.get(&file.slot.to_string())) == Some(&file.content)
    }

    /// How many files of the history there are in a table.
    pub fn held_files(&self, table: &str) -> usize {
        self.holdings.0.get(table).map_or(0, |held| held.files.len())
    }

    /// Versions of the history's tables that hold these files.
    pub fn versions_held(&self) -> BTreeMap<String, TableVersion> {
        let version = |(table, held): (&String, &HeldTable)| Some((table.clone(), held.version?));
        self.holdings.0.iter().filter_map(version).collect()
    }

    /// Notes which files a table of the history consists of, and the version that the commit
    /// will give it: nobody else commits while the warehouse is locked.
    pub fn set_holdings<'f>(
        &mut self,
        table: &str,
        files: impl IntoIterator<Item = &'f DataFile>,
        warehouse: &Warehouse,
    ) {
        let files: Vec<&DataFile> = files.into_iter().collect();
        let is_same = files.len() == warehouse.files(table).count()
            && files.iter().all(|file| {
                let committed = warehouse.file(table, &file.slot);
                committed.is_some_and(|committed| committed.name() == file.name())
            });
        let current = warehouse.version(table);
        let version = match is_same {
            true => current,
            false => Some(current.map_or(0, |version| version + 1)),
        };
        let files = files.iter().map(|file| (file.slot.to_string(), file.content)).collect();
        self.holdings.0.insert(table.to_owned(), HeldTable { version, files });
    }

    /// Months that a source has delivered, with their rows and revenue.
    pub fn delivered_months(&self, source: &str) -> BTreeMap<Month, (u64, i128)> {
        delivered_months(self.accepted(source))
    }

    /// The number that the next file gets.
    pub fn next_sequence(&self) -> u64 {
        self.records.iter().map(|record| record.sequence + 1).max().unwrap_or(0)
    }

    /// Adds a file, in place of what was known of it. What is set aside leaves the version in
    /// the history alone.
    pub fn put(&mut self, record: SnapshotRecord) {
        let waits = record.state == DeliveryState::SetAside;
        self.records.retain(|other| {
            other.source != record.source
                || other.file != record.file
                || (waits && other.state != DeliveryState::SetAside)
        });
        self.records.push(record);
        self.records.sort_by_key(|record| record.sequence);
    }

    /// Writes the ledger as a file.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn encode(&self, scratch: &Scratch) -> Result<EncodedFile> {
        let holdings = serde_json::to_string(&self.holdings)?;
        let schema = Schema::new(ledger_schema().fields().clone())
            .with_metadata(HashMap::from([(HOLDINGS.to_owned(), holdings)]));
        let schema = Arc::new(schema);
        let mut arrays: Vec<Arc<dyn Array>> = Vec::new();
        for (_, _, value) in TEXT_COLUMNS {
            let texts = self.records.iter().map(value).collect::<Result<Vec<_>>>()?;
            arrays.push(Arc::new(StringArray::from(texts)));
        }
        for (_, _, value) in COUNT_COLUMNS {
            let counts = self.records.iter().map(|record| value(record) as i64);
            arrays.push(Arc::new(Int64Array::from_iter_values(counts)));
        }
        let mut encoder = ParquetEncoder::new(Arc::clone(&schema), scratch)?;
        encoder.write(RecordBatch::try_new(schema, arrays)?)?;
        encoder.finish()
    }
}

/// Months that files delivered, with their rows and revenue: what several files brought for a
/// month is added up, what a later file replaced as a whole is left out.
pub fn delivered_months<'r>(
    files: impl Iterator<Item = &'r SnapshotRecord>,
) -> BTreeMap<Month, (u64, i128)> {
    let mut of_months: BTreeMap<Month, Vec<&SnapshotRecord>> = BTreeMap::new();
    for record in files {
        if record.coverage == Coverage::Everything {
            of_months.clear();
        }
        // What a file delivered before is gone with its former version.
        for records in of_months.values_mut() {
            records.retain(|earlier| earlier.file != record.file);
        }
        for month in &record.months {
            let records = of_months.entry(*month).or_default();
            records.retain(|earlier| {
                !record.coverage.replaces(&earlier.coverage, DayRange::of_month(*month))
            });
            records.push(record);
        }
    }
    let sum = |month: Month, records: Vec<&SnapshotRecord>| {
        let rows = records.iter().filter_map(|record| record.accepted_by_month.get(&month));
        let revenue = records.iter().filter_map(|record| record.revenue_by_month.get(&month));
        (rows.sum(), revenue.map(|text| super::record::ten_thousandths(text)).sum())
    };
    of_months.into_iter().map(|(month, records)| (month, sum(month, records))).collect()
}
