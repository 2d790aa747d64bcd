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
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

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
        /// Files behind the rows of the history.
        known: Arc<KnownFiles>,
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
            Self::Increment { read_again, known, key } => {
                let mut stays = vec![true; rows.num_rows()];
                if file.is_none() && !read_again.is_empty() {
                    let files = column_of(rows, "source_file")?.as_string::<i32>();
                    for (row, stays) in stays.iter_mut().enumerate() {
                        *stays = !read_again.contains(known.delivered(files.value(row)));
                    }
                }
                if let Some(key) = key {
                    match file {
                        Some(sequence) => key.strike(rows, |_| Some(sequence), &mut stays)?,
                        None => {
                            let files = column_of(rows, "source_file")?.as_string::<i32>();
                            key.strike(rows, |row| known.sequence(files.value(row)), &mut stays)?;
                        }
                    }
                }
                BooleanArray::from(stays)
            }
        };
        Ok(filter_record_batch(rows, &mask)?)
    }
}

/// Accepted files of a source with their places in the order of reading.
#[derive(Debug)]
pub struct KnownFiles(HashMap<String, u64>);

impl KnownFiles {
    /// Those of the ledger.
    pub fn of(ledger: &Ledger, source: &str) -> Self {
        let files = ledger.accepted(source);
        Self(files.map(|record| (record.file.clone(), record.sequence)).collect())
    }

    /// The delivered file behind a row: its name may be followed by a sheet or archived file,
    /// and may hold the letter that sets them off.
    pub fn delivered<'n>(&self, name: &'n str) -> &'n str {
        let ends = name.rmatch_indices('#').map(|(at, _)| at);
        let mut names = std::iter::once(name).chain(ends.map(|end| &name[..end]));
        names.find(|name| self.0.contains_key(*name)).unwrap_or(name)
    }

    /// Place of the delivered file behind a row.
    pub fn sequence(&self, name: &str) -> Option<u64> {
        self.0.get(self.delivered(name)).copied()
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

    /// Notes the keys of a file that is read.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn add(&mut self, rows: &RecordBatch, sequence: u64) -> Result<()> {
        for key in self.keys(rows)? {
            let last = self.last.entry(key).or_insert(sequence);
            *last = sequence.max(*last);
        }
        Ok(())
    }

    /// Notes which rows of the history come after files that are read again by other rules:
    /// those must not replace them.
    ///
    /// # Errors
    /// When the history's file cannot be read.
    pub fn add_later(
        &mut self,
        file: &Path,
        known: &KnownFiles,
        read_again: &BTreeSet<String>,
    ) -> Result<()> {
        for rows in self.columns_of(file)? {
            let rows = rows?;
            let files = column_of(&rows, "source_file")?.as_string::<i32>();
            for (row, key) in self.keys(&rows)?.into_iter().enumerate() {
                let name = files.value(row);
                if read_again.contains(known.delivered(name)) {
                    continue;
                }
                if let (Some(last), Some(sequence)) =
                    (self.last.get_mut(&key), known.sequence(name))
                {
                    *last = sequence.max(*last);
                }
            }
        }
        Ok(())
    }

    /// Files with keys that a file of the history has, too. Reads the key's columns only.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn found_in(&self, file: &Path) -> Result<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        for rows in self.columns_of(file)? {
            found.extend(self.keys(&rows?)?.iter().filter_map(|key| self.last.get(key)));
        }
        Ok(found)
    }

    fn columns_of(&self, file: &Path) -> Result<ParquetRecordBatchReader> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
        let columns = self.columns.iter().copied().chain(["source_file"]);
        let columns = ProjectionMask::columns(reader.parquet_schema(), columns);
        Ok(reader.with_projection(columns).build()?)
    }

    /// Strikes the rows whose key a later file has; `file_of` tells the place of a row's file.
    fn strike(
        &self,
        rows: &RecordBatch,
        file_of: impl Fn(usize) -> Option<u64>,
        stays: &mut [bool],
    ) -> Result<()> {
        for (row, (key, stays)) in self.keys(rows)?.into_iter().zip(stays).enumerate() {
            *stays &= self.last.get(&key).is_none_or(|last| Some(*last) == file_of(row));
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
