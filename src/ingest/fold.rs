//! One month of one source: what the history has and what was delivered become one sorted
//! file, or stay as they are when no row differs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch, RecordBatchReader, new_null_array};
use arrow::datatypes::{Date32Type, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::ident;
use futures::StreamExt;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::SALES;
use super::canonical::{CanonicalTable, history_schema};
use super::parts::Parts;
use super::survival::Survival;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::month::Month;
use crate::store::{EncodedFile, FileBody, ParquetEncoder, Scratch};

/// Columns that say where a row came from, not what it says.
const PROVENANCE: [&str; 2] = ["source_file", "source_row"];
/// Sales lines of one document that carry no number are put in order by these.
const SALES_TIES: [&str; 3] = ["product_id", "revenue", "quantity"];

/// What a month is made of.
#[derive(Debug)]
pub struct Ingredients {
    pub table: &'static CanonicalTable,
    pub month: Option<Month>,
    /// The file of the history, if there is one.
    pub base: Option<PathBuf>,
    /// Files that were read, in their order, with their sequence.
    pub read: Vec<(u64, Arc<Parts>)>,
    pub survival: Survival,
}

/// What came of it.
#[derive(Debug)]
pub enum Folded {
    /// No row differs from the history.
    Unchanged,
    /// No row is left.
    Empty,
    /// Another file, and the last day in it.
    File(EncodedFile, Option<i32>),
}

/// Folds a month.
///
/// # Errors
/// When the history's file cannot be read, or memory and disk run out.
pub async fn fold(
    ingredients: Ingredients,
    session: &Session,
    scratch: &Scratch,
) -> Result<Folded> {
    let table = ingredients.table;
    let base = ingredients.base.clone();
    // Additions are told apart by their file: a row that moved to another one is that one's.
    let provenance = match ingredients.survival {
        Survival::Increment { .. } => &PROVENANCE[1..],
        Survival::ByDay { .. } | Survival::Whole(_) => &PROVENANCE[..],
    };
    let schema = history_schema(table);
    let sent = Arc::new(AtomicU64::new(0));
    let rows = Rows {
        schema: Arc::clone(&schema),
        ingredients: Arc::new(ingredients),
        sent: Arc::clone(&sent),
    };
    let streaming = StreamingTable::try_new(Arc::clone(&schema), vec![Arc::new(rows)])?;
    let order = order_of(table).into_iter().map(|name| ident(name).sort(true, true)).collect();
    let sorted = session.sorting_context().read_table(Arc::new(streaming))?.sort(order)?;
    let mut sorted = sorted.execute_stream().await?;
    let mut encoder = ParquetEncoder::new(Arc::clone(&schema), scratch)?;
    let mut last_day = None;
    while let Some(batch) = sorted.next().await {
        let batch = batch?;
        if let Some(days) = table.day_column.and_then(|name| batch.column_by_name(name)) {
            last_day = last_day.max(arrow::compute::max(days.as_primitive::<Date32Type>()));
        }
        encoder.write(batch)?;
    }
    let (sent, written) = (sent.load(Ordering::Relaxed), encoder.rows());
    if sent != written {
        return Err(Error::bug(format!("{sent} rows of `{}` became {written}", table.name)));
    }
    if written == 0 {
        return Ok(if base.is_some() { Folded::Empty } else { Folded::Unchanged });
    }
    let encoded = encoder.finish()?;
    if let Some(base) = &base
        && has_same_rows(base, &encoded, provenance)?
    {
        return Ok(Folded::Unchanged);
    }
    Ok(Folded::File(encoded, last_day))
}

/// Columns by which rows are kept, so that the same rows make the same file: those of the
/// table, then as many as make ties rare, then where the row came from.
fn order_of(table: &CanonicalTable) -> Vec<&'static str> {
    let ties: Vec<&'static str> = match table.name {
        SALES => SALES_TIES.to_vec(),
        _ => table.columns.iter().map(|column| column.name).collect(),
    };
    let mut order = table.order.to_vec();
    for name in ties.into_iter().chain(PROVENANCE) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    order
}

/// The rows that stay, as a table of the query engine that is read once.
#[derive(Debug)]
struct Rows {
    schema: SchemaRef,
    ingredients: Arc<Ingredients>,
    sent: Arc<AtomicU64>,
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let sent = Arc::clone(&self.sent);
        let counted = surviving(&self.schema, &self.ingredients).map(move |batch| {
            let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)))?;
            sent.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
            Ok(batch)
        });
        let stream = futures::stream::iter(counted);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

fn surviving(schema: &SchemaRef, of: &Arc<Ingredients>) -> Batches {
    let base: Batches =
        match &of.base {
            None => Box::new(std::iter::empty()),
            Some(path) => match open_file(path) {
                Err(error) => Box::new(std::iter::once(Err(error))),
                Ok(reader) => {
                    let (schema, of) = (Arc::clone(schema), Arc::clone(of));
                    Box::new(reader.map(move |batch| {
                        of.survival.of_base(&with_all_columns(&schema, &batch?)?)
                    }))
                }
            },
        };
    let (month, files) = (of.month, of.read.clone());
    let of = Arc::clone(of);
    let read = files.into_iter().flat_map(move |(sequence, parts)| {
        let of = Arc::clone(&of);
        let chunks = 0..parts.month(month).map_or(0, super::parts::Part::chunks);
        let batches = chunks.flat_map(move |chunk| parts.read(month, chunk));
        batches.map(move |batch| of.survival.of_file(&batch?, sequence))
    });
    Box::new(base.chain(read))
}

fn open_file(path: &Path) -> Result<ParquetRecordBatchReader> {
    let file = File::open(path).map_err(|error| {
        Error::store(format!("cannot read {}", path.display()))
            .because(error)
            .hint("restore the warehouse folder, or remove it and run again to rebuild it")
    })?;
    Ok(ParquetRecordBatchReaderBuilder::try_new(file)?.build()?)
}

/// Files of earlier versions may lack columns that came later.
fn with_all_columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect())?)
}

/// Whether two files have the same rows in the same order, some columns aside.
fn has_same_rows(base: &Path, encoded: &EncodedFile, aside: &[&str]) -> Result<bool> {
    let old = ParquetRecordBatchReaderBuilder::try_new(File::open(base)?)?;
    if old.metadata().file_metadata().num_rows() != encoded.rows as i64 {
        return Ok(false);
    }
    let new: ParquetRecordBatchReader = match &encoded.body {
        FileBody::Memory(bytes) => {
            ParquetRecordBatchReaderBuilder::try_new(bytes.clone())?.build()?
        }
        FileBody::Disk(path) => {
            ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?
        }
    };
    let schema = RecordBatchReader::schema(&new);
    for (old, new) in old.build()?.zip(new) {
        let (old, new) = (with_all_columns(&schema, &old?)?, new?);
        let is_same = schema.fields().iter().enumerate().all(|(place, field)| {
            aside.contains(&field.name().as_str())
                || old.column(place).as_ref() == new.column(place).as_ref()
        });
        if old.num_rows() != new.num_rows() || !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}
