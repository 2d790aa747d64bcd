//! Parquet with flat columns → rows, row group by row group.

use std::fs::File;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::block::{CellKind, RowBlock};
use super::bytes::{LocalFile, Stored};
use super::header::header_name;
use super::layout::ReadLimits;
use super::parquet_text::{ColumnText, is_flat};
use super::rows::{Rows, guarded};
use super::sniff::{self, Content};
use crate::error::{Error, Result};

/// Rows decoded at once.
const BATCH_ROWS: usize = 1024;

pub(super) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    shown: String,
    columns: Vec<String>,
    /// For each column its place among those that are read; none: it is not flat.
    places: Vec<Option<usize>>,
    /// Rows that were decoded and not delivered yet.
    decoded: RowBlock,
    next: usize,
    row_number: u64,
    blank_rows: u64,
    limits: ReadLimits,
    _file: LocalFile,
}

impl ParquetRows {
    /// Reads the schema.
    ///
    /// # Errors
    /// When the file is no Parquet file or is damaged.
    pub fn open(stored: &Stored, limits: &ReadLimits) -> Result<Self> {
        let local = stored.local()?;
        let found = sniff::of(&local.first);
        if found != Content::Parquet {
            return Err(stored.is_really("a Parquet file", found, &local.first));
        }
        let shown = stored.shown.clone();
        let file = File::open(&local.path)
            .map_err(|error| Error::store(format!("{shown}: cannot be opened")).because(error))?;
        let (reader, columns, flat) = guarded(&shown, || {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file)
                .map_err(|error| damaged(&shown, error))?;
            let fields = builder.schema().fields();
            let columns: Vec<String> = fields.iter().map(|f| header_name(f.name())).collect();
            let flat: Vec<bool> = fields.iter().map(|f| is_flat(f.data_type())).collect();
            let roots = (0..flat.len()).filter(|column| flat[*column]);
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            let reader = builder
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|error| damaged(&shown, error))?;
            Ok((reader, columns, flat))
        })?;
        if columns.len() > limits.columns {
            return Err(Error::data(format!(
                "{shown}: has {} columns; at most {} are read",
                columns.len(),
                limits.columns
            )));
        }
        let mut places = Vec::with_capacity(flat.len());
        let mut read = 0;
        for is_flat in flat {
            places.push(is_flat.then_some(read));
            read += usize::from(is_flat);
        }
        Ok(Self {
            reader,
            shown,
            columns,
            places,
            decoded: RowBlock::new(),
            next: 0,
            row_number: 0,
            blank_rows: 0,
            limits: limits.clone(),
            _file: local,
        })
    }

    /// Decodes the next rows; false at the end.
    fn decode(&mut self) -> Result<bool> {
        self.decoded.clear();
        self.next = 0;
        let Some(batch) = guarded(&self.shown, || {
            self.reader.next().transpose().map_err(|error| damaged(&self.shown, error))
        })?
        else {
            return Ok(false);
        };
        let texts = (batch.columns().iter().map(ColumnText::of))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| damaged(&self.shown, error))?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            self.row_number += 1;
            for place in &self.places {
                let Some(column) = place.and_then(|place| texts.get(place)) else {
                    self.decoded.push_cell(b"(nested)", CellKind::Error);
                    continue;
                };
                text.clear();
                let kind = column.write(row, &mut text);
                if text.len() > self.limits.cell_bytes {
                    return Err(Error::data(format!(
                        "{}:{}: a cell has more than {} bytes",
                        self.shown, self.row_number, self.limits.cell_bytes
                    )));
                }
                self.decoded.push_cell(text.as_bytes(), kind);
            }
            self.decoded.end_row(self.row_number);
            self.blank_rows += u64::from(self.decoded.drop_blank_row());
        }
        Ok(true)
    }
}

impl Rows for ParquetRows {
    fn fill(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<()> {
        while block.len() < most_rows && block.text_bytes() < super::rows::BLOCK_BYTES {
            if self.next == self.decoded.len() {
                if !self.decode()? {
                    break;
                }
                continue;
            }
            block.push_row_of(&self.decoded, self.next);
            self.next += 1;
        }
        Ok(())
    }

    fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    fn schema(&self) -> Option<&[String]> {
        Some(&self.columns)
    }

    fn refused_column(&self, column: usize) -> Option<&'static str> {
        let is_refused = self.places.get(column).is_some_and(Option::is_none);
        is_refused.then_some("is nested or binary; only flat columns are read")
    }
}

fn damaged(shown: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::data(format!("{shown}: the Parquet file cannot be read"))
        .because(error)
        .hint("it may be cut off or damaged; deliver it again; nothing was changed")
}
