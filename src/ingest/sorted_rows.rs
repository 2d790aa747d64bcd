//! Rows in the order of the history: batches in memory are sorted by comparable keys, and what
//! is sorted already is merged, however much there is.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{SortOptions, interleave_record_batch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use futures::StreamExt;
use tempfile::{NamedTempFile, TempPath};

use super::canonical::{CanonicalTable, PROVENANCE};
use crate::error::{Error, Result};
use crate::store::Scratch;

/// Rows of a sorted batch: few, because a merge holds one batch of each of its inputs.
pub const BATCH_ROWS: usize = 4_096;
/// Bytes of a batch, about: fewer rows where they are wide.
const BATCH_BYTES: usize = 2 << 20;
/// Inputs that are merged at once.
const MOST_INPUTS: usize = 32;
/// Bytes of a key that are compared as one number.
const PREFIX: usize = 16;

/// Batches of rows, read one after the other.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// Batches put in the order of their table; delivers them piece by piece.
pub struct SortedRows {
    batches: Vec<RecordBatch>,
    rows_at_once: usize,
    order: std::vec::IntoIter<SortedRow>,
}

/// A row, with the beginning of its key.
struct SortedRow {
    prefix: u128,
    batch: u32,
    row: u32,
}

impl SortedRows {
    /// Sorts rows of a table.
    ///
    /// # Errors
    /// Only when the batches are not rows of the table.
    pub fn new(table: &CanonicalTable, batches: Vec<RecordBatch>) -> Result<Self> {
        // Where a row came from is rarely needed to tell rows apart, and long to encode.
        let order = table.sort_columns();
        let names: Vec<&str> =
            order.into_iter().filter(|name| !PROVENANCE.contains(name)).collect();
        let mut keys: Vec<Rows> = Vec::with_capacity(batches.len());
        let mut origins = Vec::with_capacity(batches.len());
        for batch in &batches {
            let columns: Vec<ArrayRef> = columns_of(batch, &names)?;
            let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
            keys.push(RowConverter::new(fields.collect())?.convert_columns(&columns)?);
            origins.push(columns_of(batch, &PROVENANCE)?);
        }
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let mut order = Vec::with_capacity(rows);
        for (batch, keys) in keys.iter().enumerate() {
            order.extend(keys.iter().enumerate().map(|(row, key)| SortedRow {
                prefix: prefix_of(key.as_ref()),
                batch: batch as u32,
                row: row as u32,
            }));
        }
        let origin = |place: &SortedRow| {
            let [file, line] = &origins[place.batch as usize][..] else { return ("", 0) };
            let row = place.row as usize;
            (file.as_string::<i32>().value(row), line.as_primitive::<Int64Type>().value(row))
        };
        order.sort_unstable_by(|one, other| {
            let key = |place: &SortedRow| keys[place.batch as usize].row(place.row as usize);
            let by_prefix = one.prefix.cmp(&other.prefix);
            by_prefix
                .then_with(|| key(one).cmp(&key(other)))
                .then_with(|| origin(one).cmp(&origin(other)))
        });
        let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        let rows_at_once = rows_at_once(bytes as u64, rows as u64);
        Ok(Self { batches, rows_at_once, order: order.into_iter() })
    }
}

impl Iterator for SortedRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let places: Vec<(usize, usize)> = self
            .order
            .by_ref()
            .take(self.rows_at_once)
            .map(|place| (place.batch as usize, place.row as usize))
            .collect();
        if places.is_empty() {
            return None;
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        Some(interleave_record_batch(&batches, &places).map_err(Error::from))
    }
}

/// Rows in a batch of the usual size, when so many rows take so many bytes.
pub fn rows_at_once(bytes: u64, rows: u64) -> usize {
    let most = BATCH_BYTES as u64 * rows.max(1) / bytes.max(1);
    most.clamp(1, BATCH_ROWS as u64) as usize
}

fn columns_of(batch: &RecordBatch, names: &[&str]) -> Result<Vec<ArrayRef>> {
    let column = |name: &&str| {
        let column = batch.column_by_name(name).cloned();
        column.ok_or_else(|| Error::bug(format!("rows have no column `{name}`")))
    };
    names.iter().map(column).collect()
}

/// Keys that differ in their prefix are in its order; a key that ends earlier is less or equal.
fn prefix_of(key: &[u8]) -> u128 {
    let mut bytes = [0; PREFIX];
    let known = key.len().min(PREFIX);
    bytes[..known].copy_from_slice(&key[..known]);
    u128::from_be_bytes(bytes)
}

/// Sorted rows in the run's scratch folder; gone when nothing reads them any more.
#[derive(Debug, Clone)]
pub struct RunFile(Arc<TempPath>);

impl RunFile {
    /// Writes rows.
    ///
    /// # Errors
    /// Those of the rows; store errors when the disk is full.
    pub fn write(
        schema: &SchemaRef,
        scratch: &Scratch,
        rows: impl Iterator<Item = Result<RecordBatch>>,
    ) -> Result<Self> {
        let mut run = RunWriter::new(schema, scratch)?;
        for batch in rows {
            run.writer.write(&batch?)?;
        }
        run.finish()
    }

    /// The rows, batch by batch. Opened when the first is asked for.
    pub fn read(&self) -> Batches {
        let file = self.clone();
        let open = move || -> Result<StreamReader<BufReader<File>>> {
            Ok(StreamReader::try_new(BufReader::new(File::open(&*file.0)?), None)?)
        };
        Box::new(std::iter::once_with(open).flat_map(|opened| -> Batches {
            match opened {
                Ok(reader) => Box::new(reader.map(|batch| Ok(batch?))),
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        }))
    }
}

/// A run that is being written.
struct RunWriter {
    writer: StreamWriter<BufWriter<NamedTempFile>>,
}

impl RunWriter {
    fn new(schema: &SchemaRef, scratch: &Scratch) -> Result<Self> {
        let compression = Some(CompressionType::LZ4_FRAME);
        let options = IpcWriteOptions::default().try_with_compression(compression)?;
        let file = BufWriter::new(scratch.file()?);
        Ok(Self { writer: StreamWriter::try_new_with_options(file, schema, options)? })
    }

    fn finish(self) -> Result<RunFile> {
        let Self { mut writer } = self;
        writer.finish()?;
        let file =
            writer.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(RunFile(Arc::new(file.into_temp_path())))
    }
}

/// Merges sorted rows of a table and delivers so many rows at once. Holds one batch of each
/// of [`MOST_INPUTS`] inputs; where there are more, the first ones are merged into a file first.
///
/// # Errors
/// Those of the rows; store errors when the disk is full.
pub async fn merged(
    table: &CanonicalTable,
    schema: &SchemaRef,
    scratch: &Scratch,
    rows_at_once: usize,
    inputs: Vec<Batches>,
) -> Result<SendableRecordBatchStream> {
    let mut inputs = VecDeque::from(inputs);
    while inputs.len() > MOST_INPUTS {
        let some: Vec<Batches> = inputs.drain(..MOST_INPUTS).collect();
        let mut rows = merged_at_once(table, schema, rows_at_once, some)?;
        let mut run = RunWriter::new(schema, scratch)?;
        while let Some(batch) = rows.next().await {
            run.writer.write(&batch?)?;
        }
        inputs.push_back(run.finish()?.read());
    }
    merged_at_once(table, schema, rows_at_once, inputs.into())
}

fn merged_at_once(
    table: &CanonicalTable,
    schema: &SchemaRef,
    rows_at_once: usize,
    mut inputs: Vec<Batches>,
) -> Result<SendableRecordBatchStream> {
    let as_stream = |batches: Batches| -> SendableRecordBatchStream {
        let batches =
            batches.map(|batch| batch.map_err(|error| DataFusionError::External(Box::new(error))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), futures::stream::iter(batches)))
    };
    if inputs.len() <= 1 {
        let only = inputs.pop().unwrap_or_else(|| Box::new(std::iter::empty()));
        return Ok(as_stream(only));
    }
    let order = table
        .sort_columns()
        .into_iter()
        .map(|name| Ok(PhysicalSortExpr::new(col(name, schema)?, SortOptions::default())));
    let order = LexOrdering::new(order.collect::<Result<Vec<_>>>()?)
        .ok_or_else(|| Error::bug(format!("`{}` has no order", table.name)))?;
    // Not the limit of the engine's memory: a merge takes what its inputs take, and those are few.
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    let merge = StreamingMergeBuilder::new()
        .with_streams(inputs.into_iter().map(as_stream).collect())
        .with_schema(Arc::clone(schema))
        .with_expressions(&order)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(rows_at_once)
        .with_reservation(MemoryConsumer::new("merge of sorted rows").register(&pool))
        .with_round_robin_tie_breaker(false);
    Ok(merge.build()?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray, new_null_array};
    use arrow::datatypes::Date32Type;

    use super::super::canonical::{MONEY, canonical_table, history_schema};
    use super::*;

    /// Client, day, document, revenue, file and line: what the order looks at, in its order.
    type Sale = (String, i32, Option<String>, Option<i128>, String, i64);

    fn batch_of(sales: &[Sale]) -> RecordBatch {
        let table = canonical_table("sales").expect("the table");
        let schema = history_schema(table);
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            let texts = |of: &dyn Fn(&Sale) -> Option<String>| {
                Arc::new(StringArray::from_iter(sales.iter().map(of)))
            };
            match field.name().as_str() {
                "client_id" => texts(&|sale| Some(sale.0.clone())),
                "sale_date" => {
                    Arc::new(Date32Array::from_iter_values(sales.iter().map(|sale| sale.1)))
                }
                "document_id" => texts(&|sale| sale.2.clone()),
                "revenue" => {
                    let amounts = Decimal128Array::from_iter(sales.iter().map(|sale| sale.3));
                    Arc::new(amounts.with_data_type(MONEY))
                }
                "source_file" => texts(&|sale| Some(sale.4.clone())),
                "source_row" => {
                    Arc::new(Int64Array::from_iter_values(sales.iter().map(|sale| sale.5)))
                }
                _ => new_null_array(field.data_type(), sales.len()),
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("a batch")
    }

    fn sales_of(batch: &RecordBatch) -> Vec<Sale> {
        let column = |name: &str| batch.column_by_name(name).expect("a column");
        let text = |name: &str, row: usize| {
            let texts = column(name).as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let revenue = column("revenue").as_primitive::<arrow::datatypes::Decimal128Type>();
        let sale = |row: usize| {
            (
                text("client_id", row).expect("a client"),
                column("sale_date").as_primitive::<Date32Type>().value(row),
                text("document_id", row),
                revenue.is_valid(row).then(|| revenue.value(row)),
                text("source_file", row).expect("a file"),
                column("source_row").as_primitive::<Int64Type>().value(row),
            )
        };
        (0..batch.num_rows()).map(sale).collect()
    }

    /// Sales in which nearly everything is equal somewhere.
    fn mixed(count: usize) -> Vec<Sale> {
        let mut state = 7_u64;
        let mut roll = |sides: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % sides
        };
        let clients = [
            "A",
            "AB",
            "A\u{0}",
            "Ж",
            "a client with a name longer than the prefix",
            "a client with a name longer than the prefiy",
        ];
        (0..count)
            .map(|line| {
                (
                    clients[roll(6) as usize].to_owned(),
                    roll(3) as i32 - 1,
                    (roll(3) > 0).then(|| format!("D{}", roll(2))),
                    (roll(4) > 0).then(|| i128::from(roll(3)) - 1),
                    format!("file {}", roll(2)),
                    line as i64,
                )
            })
            .collect()
    }

    #[test]
    fn batches_are_sorted_as_tuples_are() {
        let table = canonical_table("sales").expect("the table");
        let sales = mixed(10_000);
        let batches = sales.chunks(700).map(batch_of).collect();
        let sorted = SortedRows::new(table, batches).expect("sorted");
        let found: Vec<Sale> =
            sorted.flat_map(|batch| sales_of(&batch.expect("a batch"))).collect();
        let mut expected = sales;
        expected.sort();
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn more_runs_than_are_merged_at_once_come_out_in_order() {
        let table = canonical_table("sales").expect("the table");
        let schema = history_schema(table);
        let scratch = Scratch::of_system().expect("a folder");
        let sales = mixed(20_000);
        let count = 2 * MOST_INPUTS + 5;
        let inputs: Vec<Batches> = sales
            .chunks(sales.len().div_ceil(count))
            .map(|part| {
                let rows = SortedRows::new(table, vec![batch_of(part)]).expect("sorted");
                RunFile::write(&schema, &scratch, rows).expect("a file").read()
            })
            .collect();
        assert!(inputs.len() > 2 * MOST_INPUTS);
        let mut rows = merged(table, &schema, &scratch, 1_000, inputs).await.expect("a merge");
        let mut found = Vec::new();
        while let Some(batch) = rows.next().await {
            found.extend(sales_of(&batch.expect("a batch")));
        }
        drop(rows);
        let mut expected = sales;
        expected.sort();
        assert_eq!(found, expected);
        let left = std::fs::read_dir(scratch.path()).expect("the folder").count();
        assert_eq!(left, 0, "temporary files are left");
    }

    #[test]
    fn a_prefix_never_contradicts_the_key() {
        let keys: [&[u8]; 6] =
            [b"", b"\0", b"\0\0", b"0123456789abcdef", b"0123456789abcdefg", b"1"];
        for (place, one) in keys.iter().enumerate() {
            for other in &keys[place..] {
                assert!(prefix_of(one) <= prefix_of(other), "{one:?} {other:?}");
            }
        }
    }
}
