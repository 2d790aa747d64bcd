//! Which rows of a month stay when files arrive: the rule of `kind`, row by row.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Date32Type;
use arrow::row::{RowConverter, SortField};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::coverage::DayRange;
use super::ledger::Ledger;
use crate::error::{Error, Result};
use crate::month::Month;

/// Decides about the rows of one month of one source.
#[derive(Debug)]
pub enum Survival {
    /// Rows of a day are those of the file that speaks for it.
    ByDay { days: DayRange, column: &'static str, owners: Vec<DayOwner> },
    /// Rows without a day are those of the last file.
    Whole(DayOwner),
    /// Everything stays but what the same file delivered before, and rows of a known key.
    Increment {
        /// Files that are read again.
        read_again: BTreeSet<String>,
        key: Option<Arc<KeyIndex>>,
    },
}

/// Whose rows of a day stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayOwner {
    /// The rows that the history has: nobody came after them.
    pub base: bool,
    /// Those of the file of this sequence.
    pub file: Option<u64>,
}

impl Survival {
    /// The rule for files that replace days or everything, from what speaks for each day
    /// before and after this run. `read` are the sequences of the files that were read.
    pub fn by_owner(
        source: &str,
        month: Option<(Month, &'static str)>,
        before: &Ledger,
        after: &Ledger,
        read: &BTreeSet<u64>,
    ) -> Self {
        let owner = |day: Option<i32>| {
            let now = after.owner(source, day);
            let file = now.map(|record| record.sequence).filter(|sequence| read.contains(sequence));
            // A file that is read again by other rules keeps its place, but not its rows.
            let base = file.is_none() && now == before.owner(source, day);
            DayOwner { base, file }
        };
        match month {
            None => Self::Whole(owner(None)),
            Some((month, column)) => {
                let days = DayRange::of_month(month);
                let owners = (days.first..=days.last).map(|day| owner(Some(day))).collect();
                Self::ByDay { days, column, owners }
            }
        }
    }

    /// Rows of the history that stay.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn of_base(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        self.filter(rows, None)
    }

    /// Rows of a new file that stay.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn of_file(&self, rows: &RecordBatch, sequence: u64) -> Result<RecordBatch> {
        self.filter(rows, Some(sequence))
    }

    fn filter(&self, rows: &RecordBatch, file: Option<u64>) -> Result<RecordBatch> {
        let stays = |owner: &DayOwner| match file {
            None => owner.base,
            Some(sequence) => owner.file == Some(sequence),
        };
        let mask: BooleanArray = match self {
            Self::Whole(owner) if stays(owner) => return Ok(rows.clone()),
            Self::Whole(_) => return Ok(rows.slice(0, 0)),
            Self::ByDay { owners, .. } if owners.iter().all(stays) => return Ok(rows.clone()),
            Self::ByDay { days, column, owners } => {
                let found = column_of(rows, column)?.as_primitive::<Date32Type>();
                let stays = |day: i32| {
                    let place = usize::try_from(day - days.first).ok();
                    place.and_then(|place| owners.get(place)).is_some_and(stays)
                };
                found.values().iter().map(|day| Some(stays(*day))).collect()
            }
            Self::Increment { read_again, key } => {
                let mut stays = vec![true; rows.num_rows()];
                if file.is_none() && !read_again.is_empty() {
                    let files = column_of(rows, "source_file")?.as_string::<i32>();
                    for (row, stays) in stays.iter_mut().enumerate() {
                        let name = files.value(row);
                        let delivered = name.split_once('#').map_or(name, |(file, _)| file);
                        *stays = !read_again.contains(delivered) && !read_again.contains(name);
                    }
                }
                if let Some(key) = key {
                    key.strike(rows, file, &mut stays)?;
                }
                BooleanArray::from(stays)
            }
        };
        Ok(filter_record_batch(rows, &mask)?)
    }
}

/// The last file that has each key.
#[derive(Debug)]
pub struct KeyIndex {
    columns: Vec<&'static str>,
    last: HashMap<[u8; 16], u64>,
}

impl KeyIndex {
    /// No keys yet.
    pub fn new(columns: Vec<&'static str>) -> Self {
        Self { columns, last: HashMap::new() }
    }

    /// Notes the keys of a new file. Files come in the order of reading.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn add(&mut self, rows: &RecordBatch, sequence: u64) -> Result<()> {
        for key in self.keys(rows)? {
            self.last.insert(key, sequence);
        }
        Ok(())
    }

    /// Whether a file of the history has a row with one of the keys. Reads the key's columns
    /// only.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_in(&self, file: &Path) -> Result<bool> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
        let columns =
            ProjectionMask::columns(reader.parquet_schema(), self.columns.iter().copied());
        for rows in reader.with_projection(columns).build()? {
            if self.keys(&rows?)?.iter().any(|key| self.last.contains_key(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn strike(&self, rows: &RecordBatch, file: Option<u64>, stays: &mut [bool]) -> Result<()> {
        for (key, stays) in self.keys(rows)?.into_iter().zip(stays) {
            *stays &= self.last.get(&key).is_none_or(|last| Some(*last) == file);
        }
        Ok(())
    }

    /// Hashes of the key of every row; blanks are values like any other.
    fn keys(&self, rows: &RecordBatch) -> Result<Vec<[u8; 16]>> {
        let columns = self.columns.iter().map(|name| column_of(rows, name).cloned());
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        let encoded = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
        let hash = |row: arrow::row::Row<'_>| {
            let mut short = [0_u8; 16];
            short.copy_from_slice(&blake3::hash(row.as_ref()).as_bytes()[..16]);
            short
        };
        Ok(encoded.iter().map(hash).collect())
    }
}

fn column_of<'b>(rows: &'b RecordBatch, name: &str) -> Result<&'b arrow::array::ArrayRef> {
    rows.column_by_name(name).ok_or_else(|| Error::bug(format!("rows have no column `{name}`")))
}
