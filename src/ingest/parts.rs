//! Accepted rows of one file, by month: in memory while they are few, on disk beyond.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Date32Type, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use crate::error::Result;
use crate::month::Month;
use crate::store::Scratch;

/// Rows that are sorted into months at once: enough that a month gets batches of a decent
/// size from a file in which months are mixed, and few enough to stand in memory twice.
const ROWS_AT_ONCE: usize = 65_536;

/// Share of the budget that a file's rows must have taken before they go to disk while it is
/// being read, as a divisor.
const SPILLED_SHARE: usize = 4;

/// Memory that accepted rows of all files may take together before they go to disk.
#[derive(Debug, Clone)]
pub struct RowsBudget {
    taken: Arc<AtomicUsize>,
    most: usize,
}

impl RowsBudget {
    /// A budget in bytes.
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    fn is_exceeded(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > self.most
    }
}

/// Rows of one month (or of a table without months) of one file.
#[derive(Debug, Default)]
pub struct Part {
    chunks: Vec<Chunk>,
    /// Rows in it.
    pub rows: u64,
    /// First and last day of them.
    pub days: Option<(i32, i32)>,
    /// Sum of their revenue, in ten-thousandths.
    pub revenue: i128,
}

#[derive(Debug)]
enum Chunk {
    Memory(RecordBatch),
    Disk(PathBuf),
}

/// Accepted rows of one file.
#[derive(Debug)]
pub struct Parts {
    by_month: BTreeMap<Option<Month>, Part>,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    schema: SchemaRef,
    day_column: Option<&'static str>,
    scratch: Scratch,
    budget: RowsBudget,
    in_memory: usize,
}

impl Parts {
    /// No rows yet.
    pub fn new(
        schema: SchemaRef,
        day_column: Option<&'static str>,
        scratch: &Scratch,
        budget: &RowsBudget,
    ) -> Self {
        Self {
            by_month: BTreeMap::new(),
            waiting: Vec::new(),
            waiting_rows: 0,
            schema,
            day_column,
            scratch: scratch.clone(),
            budget: budget.clone(),
            in_memory: 0,
        }
    }

    /// The same without rows.
    pub fn emptied(&self) -> Self {
        Self::new(Arc::clone(&self.schema), self.day_column, &self.scratch, &self.budget)
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
        self.waiting.push(rows);
        if self.waiting_rows >= ROWS_AT_ONCE { self.sort_into_months() } else { Ok(()) }
    }

    /// Ends the rows.
    ///
    /// # Errors
    /// See [`Parts::push`].
    pub fn finish(&mut self) -> Result<()> {
        self.sort_into_months()?;
        if self.budget.is_exceeded() { self.spill() } else { Ok(()) }
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
        let rows = concat_batches(&self.schema, &waiting)?;
        drop(waiting);
        let Some(day_column) = self.day_column else {
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
        if let Some(days) = self.day_column.and_then(|name| rows.column_by_name(name)) {
            let days = days.as_primitive::<Date32Type>();
            let (first, last) = (arrow::compute::min(days), arrow::compute::max(days));
            if let (Some(first), Some(last)) = (first, last) {
                let known = part.days.unwrap_or((first, last));
                part.days = Some((known.0.min(first), known.1.max(last)));
            }
        }
        let bytes = rows.get_array_memory_size();
        part.chunks.push(Chunk::Memory(rows));
        self.in_memory += bytes;
        self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
        // Not every few rows, when others have taken the most: ten years in one file would
        // make a file of every month each time.
        let is_worth_it = self.in_memory >= self.budget.most / SPILLED_SHARE;
        if is_worth_it && self.budget.is_exceeded() { self.spill() } else { Ok(()) }
    }

    /// Moves everything in memory to disk, one file a month.
    fn spill(&mut self) -> Result<()> {
        for part in self.by_month.values_mut() {
            let mut batches = Vec::new();
            part.chunks.retain_mut(|chunk| match chunk {
                Chunk::Memory(batch) => {
                    batches.push(batch.clone());
                    false
                }
                Chunk::Disk(_) => true,
            });
            if batches.is_empty() {
                continue;
            }
            let path = self.scratch.free_path(".arrow");
            let options = IpcWriteOptions::default()
                .try_with_compression(Some(CompressionType::LZ4_FRAME))?;
            let file = std::io::BufWriter::new(File::create(&path)?);
            let mut writer = StreamWriter::try_new_with_options(file, &self.schema, options)?;
            for batch in &batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            part.chunks.push(Chunk::Disk(path));
        }
        self.budget.taken.fetch_sub(self.in_memory, Ordering::Relaxed);
        self.in_memory = 0;
        Ok(())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.in_memory, Ordering::Relaxed);
        for chunk in self.by_month.values().flat_map(|part| &part.chunks) {
            if let Chunk::Disk(path) = chunk {
                // The scratch folder goes anyway; this only frees the disk earlier.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl Part {
    /// Pieces in which the rows are kept.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }
}

impl Parts {
    /// The rows of a piece of a month; those on disk are read batch by batch.
    pub fn read(&self, month: Option<Month>, chunk: usize) -> Batches {
        match self.by_month.get(&month).and_then(|part| part.chunks.get(chunk)) {
            None => Box::new(std::iter::empty()),
            Some(Chunk::Memory(batch)) => Box::new(std::iter::once(Ok(batch.clone()))),
            Some(Chunk::Disk(path)) => match read_back(path) {
                Ok(batches) => Box::new(batches),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
        }
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

fn read_back(path: &Path) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let reader = StreamReader::try_new(BufReader::new(File::open(path)?), None)?;
    Ok(reader.map(|batch| Ok(batch?)))
}

/// Sum of revenue in ten-thousandths; nothing in tables without revenue.
fn revenue_of(rows: &RecordBatch) -> i128 {
    use arrow::datatypes::Decimal128Type;
    let Some(amounts) = rows.column_by_name("revenue") else { return 0 };
    let Some(amounts) = amounts.as_primitive_opt::<Decimal128Type>() else { return 0 };
    (0..amounts.len()).filter(|row| amounts.is_valid(*row)).map(|row| amounts.value(row)).sum()
}
