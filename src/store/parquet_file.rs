//! Deterministic Parquet: the same rows in the same order give the same bytes, however
//! they were batched on the way.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{RecordBatch, make_array};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{ParquetMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tempfile::{NamedTempFile, TempPath};

use super::scratch::Scratch;
use crate::error::{Error, Result};
use crate::models::Fingerprint;

/// Rows that reach the Parquet writer at once; page borders depend on it, so it is fixed.
const ROWS_PER_WRITE: usize = 32_768;
const ROWS_PER_GROUP: usize = 262_144;
/// Higher levels save a hundredth of the bytes and take a fifth more time.
const ZSTD_LEVEL: i32 = 1;

/// Files beyond this size are written to disk while they grow.
const MOST_IN_MEMORY: usize = 8 << 20;

/// A finished file that has no place in the warehouse yet.
#[derive(Debug)]
pub struct EncodedFile {
    /// The file.
    pub body: FileBody,
    /// Hash of the bytes.
    pub content: Fingerprint,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// Where a finished file's bytes are.
#[derive(Debug)]
pub enum FileBody {
    Memory(Bytes),
    /// In the run's scratch folder; removed unless it is moved away.
    Disk(TempPath),
}

/// Writes one file from any number of batches.
pub struct ParquetEncoder {
    writer: ArrowWriter<Sink>,
    coalescer: BatchCoalescer,
    rows: u64,
}

impl ParquetEncoder {
    /// Starts a file.
    ///
    /// # Errors
    /// When the schema cannot be written as Parquet.
    pub fn new(schema: SchemaRef, scratch: &Scratch) -> Result<Self> {
        Self::sorted(schema, scratch, &[])
    }

    /// Starts a file that says by which columns its rows are sorted, ascending, nulls first.
    ///
    /// # Errors
    /// When the schema cannot be written as Parquet, or lacks a column.
    pub fn sorted(schema: SchemaRef, scratch: &Scratch, by: &[&str]) -> Result<Self> {
        let level = ZstdLevel::try_new(ZSTD_LEVEL)?;
        let order = by.iter().map(|name| Ok(ascending(schema.index_of(name)?)));
        let order = order.collect::<Result<Vec<_>>>()?;
        let mut properties = WriterProperties::builder();
        for field in schema.fields() {
            // Shares and ratios hardly repeat: a dictionary of them is made only to be given up.
            if field.data_type() == &DataType::Float64 {
                let column = ColumnPath::from(field.name().as_str());
                properties = properties.set_column_dictionary_enabled(column, false);
            }
        }
        let properties = properties
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_sorting_columns((!order.is_empty()).then_some(order))
            .build();
        let sink = Sink::new(scratch);
        let writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties))?;
        Ok(Self { writer, coalescer: BatchCoalescer::new(schema, ROWS_PER_WRITE), rows: 0 })
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When they do not fit the schema, or the disk is full.
    pub fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.coalescer.push_batch(batch)?;
        while let Some(full) = self.coalescer.next_completed_batch() {
            self.writer.write(&without_idle_nulls(&full)?)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(mut self) -> Result<EncodedFile> {
        self.coalescer.finish_buffered_batch()?;
        while let Some(rest) = self.coalescer.next_completed_batch() {
            self.writer.write(&without_idle_nulls(&rest)?)?;
        }
        self.writer.into_inner()?.finish(self.rows)
    }
}

/// Columns without a null may or may not carry a mask that says so, by how their batches were
/// made; the writer cuts pages by other numbers of rows where there is one.
fn without_idle_nulls(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| {
        if column.nulls().is_none_or(|nulls| nulls.null_count() > 0) {
            return Ok(Arc::clone(column));
        }
        Ok(make_array(column.to_data().into_builder().nulls(None).build()?))
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect::<Result<_>>()?)?)
}

/// Whether a file says that its rows are sorted by these columns and no others.
pub fn is_sorted_by(file: &ParquetMetaData, columns: &[&str]) -> bool {
    let schema = file.file_metadata().schema_descr();
    let place =
        |name: &&str| (0..schema.num_columns()).find(|at| schema.column(*at).name() == *name);
    let Some(order) = columns.iter().map(|name| place(name).map(ascending)).collect() else {
        return false;
    };
    let order: Vec<SortingColumn> = order;
    file.row_groups().iter().all(|group| group.sorting_columns() == Some(&order))
}

fn ascending(column: usize) -> SortingColumn {
    SortingColumn { column_idx: column as i32, descending: false, nulls_first: true }
}

/// Bytes in memory until there are too many, then on disk; hashed on the way.
struct Sink {
    scratch: Scratch,
    memory: Vec<u8>,
    disk: Option<NamedTempFile>,
    hash: blake3::Hasher,
    bytes: u64,
}

impl Sink {
    fn new(scratch: &Scratch) -> Self {
        let scratch = scratch.clone();
        Self { scratch, memory: Vec::new(), disk: None, hash: blake3::Hasher::new(), bytes: 0 }
    }

    fn finish(self, rows: u64) -> Result<EncodedFile> {
        let Self { memory, disk, hash, bytes, .. } = self;
        if bytes == 0 {
            return Err(Error::bug("an empty Parquet file was written"));
        }
        let body = match disk {
            None => FileBody::Memory(Bytes::from(memory)),
            Some(file) => FileBody::Disk(file.into_temp_path()),
        };
        Ok(EncodedFile { body, content: Fingerprint::from_hash(hash.finalize()), rows, bytes })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        if self.disk.is_none() && self.memory.len() + bytes.len() > MOST_IN_MEMORY {
            let mut file = self.scratch.file().map_err(io::Error::other)?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.disk = Some(file);
        }
        match &mut self.disk {
            None => self.memory.extend_from_slice(bytes),
            Some(file) => file.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, Int64Array, StringArray};
    use arrow::buffer::NullBuffer;
    use arrow::datatypes::{Field, Schema};

    use super::*;

    const ROWS: usize = 50_000;

    fn content(batch_rows: usize, with_mask: bool) -> Fingerprint {
        let schema = Arc::new(Schema::new(vec![
            Field::new("number", DataType::Int64, true),
            Field::new("name", DataType::Utf8, true),
        ]));
        let scratch = Scratch::of_system().expect("a folder");
        let mut encoder = ParquetEncoder::new(Arc::clone(&schema), &scratch).expect("an encoder");
        for start in (0..ROWS).step_by(batch_rows) {
            let rows = start..(start + batch_rows).min(ROWS);
            let mask = with_mask.then(|| NullBuffer::new_valid(rows.len()));
            let numbers = Int64Array::from_iter_values(rows.clone().map(|row| row as i64 % 977));
            let numbers = Int64Array::new(numbers.values().clone(), mask.clone());
            let names = StringArray::from_iter_values(rows.map(|row| format!("name {}", row % 31)));
            let names = StringArray::new(names.offsets().clone(), names.values().clone(), mask);
            assert_eq!(names.nulls().is_some(), with_mask);
            let columns: [arrow::array::ArrayRef; 2] = [Arc::new(numbers), Arc::new(names)];
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into()).expect("a batch");
            encoder.write(batch).expect("rows");
        }
        encoder.finish().expect("a file").content
    }

    #[test]
    fn bytes_depend_on_rows_alone() {
        let expected = content(ROWS, false);
        for (batch_rows, with_mask) in [(ROWS, true), (8_192, false), (8_192, true), (999, true)] {
            assert_eq!(content(batch_rows, with_mask), expected, "{batch_rows} {with_mask}");
        }
    }
}
