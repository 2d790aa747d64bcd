//! Deterministic Parquet: the same rows in the same order give the same bytes, however
//! they were batched on the way.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::error::{Error, Result};
use crate::models::Fingerprint;

/// Rows that reach the Parquet writer at once; page borders depend on it, so it is fixed.
const ROWS_PER_WRITE: usize = 32_768;
const ROWS_PER_GROUP: usize = 262_144;
const ZSTD_LEVEL: i32 = 3;

/// A finished file in memory.
#[derive(Debug, Clone)]
pub struct EncodedFile {
    /// The file.
    pub bytes: Bytes,
    /// Hash of the bytes.
    pub content: Fingerprint,
    /// Rows in it.
    pub rows: u64,
}

/// Writes one file from any number of batches.
pub struct ParquetEncoder {
    writer: ArrowWriter<Vec<u8>>,
    coalescer: BatchCoalescer,
    rows: u64,
}

impl ParquetEncoder {
    /// Starts a file.
    ///
    /// # Errors
    /// When the schema cannot be written as Parquet.
    pub fn new(schema: SchemaRef) -> Result<Self> {
        let level = ZstdLevel::try_new(ZSTD_LEVEL)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        Ok(Self { writer, coalescer: BatchCoalescer::new(schema, ROWS_PER_WRITE), rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When they do not fit the schema.
    pub fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.coalescer.push_batch(batch)?;
        while let Some(full) = self.coalescer.next_completed_batch() {
            self.writer.write(&full)?;
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
            self.writer.write(&rest)?;
        }
        let bytes = Bytes::from(self.writer.into_inner()?);
        if bytes.is_empty() {
            return Err(Error::bug("an empty Parquet file was written"));
        }
        Ok(EncodedFile { content: Fingerprint::of(&bytes), bytes, rows: self.rows })
    }
}
