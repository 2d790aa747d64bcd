//! Accepted rows of one file, by month, in sorted runs: in memory while they are few, on disk
//! beyond.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Date32Type, SchemaRef};

use super::canonical::{CanonicalTable, row_schema};
use super::sorted_rows::{Batches, RunFile, SortedRows};
use crate::error::{Error, Result};
use crate::month::Month;
use crate::store::Scratch;

/// Rows that are sorted into months at once: enough that a month gets batches of a decent
/// size from a file in which months are mixed, and few enough to stand in memory twice.
const ROWS_AT_ONCE: usize = 65_536;

/// No more bytes than this either, where rows are wide.
const BYTES_AT_ONCE: usize = 32 << 20;

/// Share of the budget that a file's rows must have taken before they go to disk while it is
/// being read, as a divisor.
const SPILLED_SHARE: usize = 4;

/// Memory that accepted rows of all files may take together before they go to disk, and the
/// threads that may sort them.
#[derive(Debug, Clone)]
pub struct RowsBudget {
    taken: Arc<AtomicUsize>,
    most: usize,
    threads: usize,
}

impl RowsBudget {
    /// A budget in bytes.
    pub fn new(most: usize, threads: usize) -> Self {
        Self { taken: Arc::default(), most, threads }
    }

    fn is_exceeded(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > self.most
    }
}

/// Rows of one month (or of a table without months) of one file.
#[derive(Debug, Default)]
pub struct Part {
    /// Rows that are not sorted yet.
    loose: Vec<RecordBatch>,
    runs: Vec<Run>,
    /// Rows in it.
    pub rows: u64,
    /// What they take in memory.
    pub bytes: u64,
    /// First and last day of them.
    pub days: Option<(i32, i32)>,
    /// Sum of their revenue, in ten-thousandths.
    pub revenue: i128,
}

/// Rows in the order of their table.
#[derive(Debug)]
enum Run {
    Memory(Vec<RecordBatch>),
    Disk(RunFile),
}

/// Accepted rows of one file.
#[derive(Debug)]
pub struct Parts {
    table: &'static CanonicalTable,
    schema: SchemaRef,
    by_month: BTreeMap<Option<Month>, Part>,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    scratch: Scratch,
    budget: RowsBudget,
    in_memory: usize,
}

impl Parts {
    /// No rows yet.
    pub fn new(table: &'static CanonicalTable, scratch: &Scratch, budget: &RowsBudget) -> Self {
        Self {
            table,
            schema: row_schema(table),
            by_month: BTreeMap::new(),
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            scratch: scratch.clone(),
            budget: budget.clone(),
            in_memory: 0,
        }
    }

    /// The same without rows.
    pub fn emptied(&self) -> Self {
        Self::new(self.table, &self.scratch, &self.budget)
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When temporary files cannot be written.
    pub fn push(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.waiting_rows += rows.num_rows();
        self.waiting_bytes += rows.get_array_memory_size();
        self.waiting.push(rows);
        let is_enough = self.waiting_rows >= ROWS_AT_ONCE || self.waiting_bytes >= BYTES_AT_ONCE;
        if is_enough { self.sort_into_months() } else { Ok(()) }
    }

    /// Ends the rows.
    ///
    /// # Errors
    /// See [`Parts::push`].
    pub fn finish(&mut self) -> Result<()> {
        self.sort_into_months()?;
        self.sort_loose(if self.budget.is_exceeded() { Place::Disk } else { Place::Memory })
    }

    /// Months with their rows.
    pub fn months(&self) -> impl Iterator<Item = (Option<Month>, &Part)> {
        self.by_month.iter().map(|(month, part)| (*month, part))
    }

    /// The rows of a month.
    pub fn month(&self, month: Option<Month>) -> Option<&Part> {
        self.by_month.get(&month)
    }

    fn sort_into_months(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_rows = 0;
        self.waiting_bytes = 0;
        let rows = concat_batches(&self.schema, &waiting)?;
        drop(waiting);
        let Some(day_column) = self.table.day_column else {
            return self.keep(None, rows);
        };
        let mut places: BTreeMap<Month, Vec<u32>> = BTreeMap::new();
        if let Some(days) = rows.column_by_name(day_column) {
            let days = days.as_primitive::<Date32Type>();
            let mut last: Option<(i32, Month)> = None;
            for (row, day) in days.values().iter().enumerate() {
                let month = match last.filter(|(known, _)| known == day) {
                    Some((_, month)) => month,
                    None => {
                        let Some(month) = Month::of_epoch_day(*day) else { continue };
                        last = Some((*day, month));
                        month
                    }
                };
                places.entry(month).or_default().push(row as u32);
            }
        }
        if places.len() == 1
            && let Some(month) = places.keys().next()
        {
            return self.keep(Some(*month), rows);
        }
        for (month, places) in places {
            let part = take_record_batch(&rows, &UInt32Array::from(places))?;
            self.keep(Some(month), part)?;
        }
        Ok(())
    }

    fn keep(&mut self, month: Option<Month>, rows: RecordBatch) -> Result<()> {
        let part = self.by_month.entry(month).or_default();
        part.rows += rows.num_rows() as u64;
        part.revenue += revenue_of(&rows);
        if let Some(days) = self.table.day_column.and_then(|name| rows.column_by_name(name)) {
            let days = days.as_primitive::<Date32Type>();
            let (first, last) = (arrow::compute::min(days), arrow::compute::max(days));
            if let (Some(first), Some(last)) = (first, last) {
                let known = part.days.unwrap_or((first, last));
                part.days = Some((known.0.min(first), known.1.max(last)));
            }
        }
        let bytes = rows.get_array_memory_size();
        part.bytes += bytes as u64;
        part.loose.push(rows);
        self.take(bytes);
        // Not every few rows, when others have taken the most: ten years in one file would
        // make a file of every month each time.
        let is_worth_it = self.in_memory >= self.budget.most / SPILLED_SHARE;
        if is_worth_it && self.budget.is_exceeded() { self.sort_loose(Place::Disk) } else { Ok(()) }
    }

    fn take(&mut self, bytes: usize) {
        self.in_memory += bytes;
        self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    fn release(&mut self) {
        self.budget.taken.fetch_sub(self.in_memory, Ordering::Relaxed);
        self.in_memory = 0;
    }

    /// Makes sorted runs of all rows that are not sorted yet, one a month; months are shared
    /// out among threads.
    fn sort_loose(&mut self, place: Place) -> Result<()> {
        let (table, schema, scratch) = (self.table, &self.schema, &self.scratch);
        let loose = self.by_month.values_mut().filter(|part| !part.loose.is_empty());
        let loose: Vec<&mut Part> = loose.collect();
        let threads = self.budget.threads.min(loose.len());
        let work = Mutex::new(loose.into_iter());
        let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
        let sort_some = || -> Result<()> {
            while let Some(part) = next() {
                let rows = SortedRows::new(table, std::mem::take(&mut part.loose))?;
                part.runs.push(match place {
                    Place::Memory => Run::Memory(rows.collect::<Result<_>>()?),
                    Place::Disk => Run::Disk(RunFile::write(schema, scratch, rows)?),
                });
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(sort_some)).collect();
            let mut done = sort_some();
            for other in others {
                done = done.and(other.join().map_err(|_| Error::bug("sorting broke off"))?);
            }
            done
        })?;
        self.release();
        let runs = self.by_month.values().flat_map(|part| &part.runs);
        self.take(runs.map(Run::bytes).sum());
        Ok(())
    }
}

/// Where sorted rows are kept.
#[derive(Debug, Clone, Copy)]
enum Place {
    Memory,
    Disk,
}

impl Run {
    fn bytes(&self) -> usize {
        match self {
            Self::Memory(batches) => batches.iter().map(RecordBatch::get_array_memory_size).sum(),
            Self::Disk(_) => 0,
        }
    }

    fn read(&self) -> Batches {
        match self {
            Self::Memory(batches) => Box::new(batches.clone().into_iter().map(Ok)),
            Self::Disk(file) => file.read(),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.release();
    }
}

impl Part {
    /// The rows in sorted runs, which can be read one by one or merged.
    pub fn runs(&self) -> impl Iterator<Item = Batches> {
        self.runs.iter().map(Run::read)
    }
}

/// Sum of revenue in ten-thousandths; nothing in tables without revenue.
fn revenue_of(rows: &RecordBatch) -> i128 {
    use arrow::datatypes::Decimal128Type;
    let Some(amounts) = rows.column_by_name("revenue") else { return 0 };
    let Some(amounts) = amounts.as_primitive_opt::<Decimal128Type>() else { return 0 };
    (0..amounts.len()).filter(|row| amounts.is_valid(*row)).map(|row| amounts.value(row)).sum()
}
