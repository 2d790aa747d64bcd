//! The snapshots table: what was delivered, when, and what became of its lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use super::SNAPSHOTS;
use super::canonical::described;
use crate::error::{Error, Result};
use crate::models::Fingerprint;
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, ParquetEncoder, Slot, Warehouse};

/// One delivered file, as it was last read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// Hash of bytes, staging and reading settings: identity of what was read.
    pub snapshot: Fingerprint,
    /// Hash of staging and reading settings alone.
    pub definition: Fingerprint,
    pub source: String,
    /// Path below the source's folder.
    pub file: String,
    pub bytes: u64,
    /// When the store saw the file change last, as RFC 3339.
    pub modified: String,
    pub e_tag: Option<String>,
    /// Full hash of the file's bytes.
    pub bytes_hash: String,
    /// Months that the file speaks for.
    pub months: Vec<Month>,
    pub lines: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Accepted lines, by month.
    pub accepted_by_month: BTreeMap<Month, u64>,
    /// Lines left out, by rule of the source.
    pub excluded: BTreeMap<String, u64>,
    /// Rejected lines, by reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// Sum of accepted revenue, as a decimal number.
    pub revenue: String,
    /// Run that read the file.
    pub run: String,
    /// When that run started, as RFC 3339.
    pub ingested_at: String,
    /// Order of reading: later files replace months of earlier ones.
    pub sequence: u64,
}

/// All delivered files of the history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    records: Vec<SnapshotRecord>,
}

/// Name, type, meaning and value of every column: one list, so that they cannot drift apart.
type TextColumn = (&'static str, &'static str, fn(&SnapshotRecord) -> Result<String>);
type CountColumn = (&'static str, &'static str, fn(&SnapshotRecord) -> u64);

const TEXT_COLUMNS: [TextColumn; 12] = [
    ("source", "Name of the source", |record| Ok(record.source.clone())),
    ("file", "Path of the file below the source's folder", |record| Ok(record.file.clone())),
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
    ("accepted", "Lines in the sales history", |record| record.accepted),
    ("excluded", "Lines left out by rules", |record| record.excluded.values().sum()),
    ("rejected", "Lines in rejects", |record| record.rejected),
    ("sequence", "Order of reading", |record| record.sequence),
];

const RECORD: &str = "record";

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
        let mut records = Vec::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
            let batch = batch?;
            let Some(texts) = batch.column_by_name(RECORD) else { continue };
            for text in texts.as_string::<i32>().iter().flatten() {
                let record = serde_json::from_str(text).map_err(|error| {
                    Error::store(format!("{path} holds a record that cannot be read"))
                        .because(error)
                })?;
                records.push(record);
            }
        }
        Ok(Self { records })
    }

    /// All records, in the order of reading.
    pub fn records(&self) -> &[SnapshotRecord] {
        &self.records
    }

    /// What is known of a file.
    pub fn find(&self, source: &str, file: &str) -> Option<&SnapshotRecord> {
        self.records.iter().find(|record| record.source == source && record.file == file)
    }

    /// The file that speaks for a month of a source: the last one that was read.
    pub fn owner(&self, source: &str, month: Month) -> Option<&SnapshotRecord> {
        let speaks =
            |record: &&SnapshotRecord| record.source == source && record.months.contains(&month);
        self.records.iter().filter(speaks).max_by_key(|record| record.sequence)
    }

    /// Whether a committed file of sales or rejects is of a delivery in this ledger, and
    /// still the right one for its month.
    pub fn knows(&self, file: &DataFile) -> bool {
        match (file.slot.source.as_deref(), file.slot.month) {
            (Some(source), Some(month)) => {
                self.owner(source, month).is_some_and(|record| record.snapshot == file.fingerprint)
            }
            _ => self.records.iter().any(|record| record.snapshot == file.fingerprint),
        }
    }

    /// The number that the next file gets.
    pub fn next_sequence(&self) -> u64 {
        self.records.iter().map(|record| record.sequence + 1).max().unwrap_or(0)
    }

    /// Adds a file, in place of what was known of it.
    pub fn put(&mut self, record: SnapshotRecord) {
        self.records.retain(|other| other.source != record.source || other.file != record.file);
        self.records.push(record);
        self.records.sort_by_key(|record| record.sequence);
    }

    /// Writes the ledger as a file.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn encode(&self) -> Result<EncodedFile> {
        let schema = ledger_schema();
        let mut arrays: Vec<Arc<dyn Array>> = Vec::new();
        for (_, _, value) in TEXT_COLUMNS {
            let texts = self.records.iter().map(value).collect::<Result<Vec<_>>>()?;
            arrays.push(Arc::new(StringArray::from(texts)));
        }
        for (_, _, value) in COUNT_COLUMNS {
            let counts = self.records.iter().map(|record| value(record) as i64);
            arrays.push(Arc::new(Int64Array::from_iter_values(counts)));
        }
        let mut encoder = ParquetEncoder::new(Arc::clone(&schema))?;
        encoder.write(RecordBatch::try_new(schema, arrays)?)?;
        encoder.finish()
    }
}
