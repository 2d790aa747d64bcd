//! One month of one source: what the history has and what was delivered become one sorted
//! file, or stay as they are when no row differs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch, RecordBatchReader, new_null_array};
use arrow::datatypes::{Date32Type, SchemaRef};
use futures::StreamExt;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::canonical::{CanonicalTable, PROVENANCE, SALES, history_schema, row_schema};
use super::marks::Marker;
use super::parts::{Parts, RowsBudget};
use super::sorted_rows::{BATCH_ROWS, Batches, merged, rows_at_once};
use super::survival::Survival;
use crate::error::{Error, Result};
use crate::month::Month;
use crate::store::{EncodedFile, FileBody, ParquetEncoder, Scratch, is_sorted_by};

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
/// When the history's file cannot be read, or the disk is full.
pub async fn fold(
    ingredients: Ingredients,
    budget: &RowsBudget,
    scratch: &Scratch,
) -> Result<Folded> {
    let table = ingredients.table;
    let base = ingredients.base.clone();
    // Additions are told apart by their file: a row that moved to another one is that one's.
    let provenance = match ingredients.survival {
        Survival::Increment { .. } => &PROVENANCE[1..],
        Survival::ByDay { .. } | Survival::Whole(_) => &PROVENANCE[..],
    };
    let schema = row_schema(table);
    let sent = Arc::new(AtomicU64::new(0));
    let rows = Rows { schema: Arc::clone(&schema), ingredients, sent: Arc::clone(&sent) };
    let (inputs, at_once) = rows.surviving(budget, scratch)?;
    let mut sorted = merged(table, &schema, scratch, at_once, inputs).await?;
    let order = table.sort_columns();
    let kept = history_schema(table);
    let mut encoder = ParquetEncoder::sorted(Arc::clone(&kept), scratch, &order)?;
    let mut marker = (table.name == SALES).then(|| Marker::new(kept));
    let mut last_day = None;
    while let Some(batch) = sorted.next().await {
        let batch = batch?;
        if let Some(days) = table.day_column.and_then(|name| batch.column_by_name(name)) {
            last_day = last_day.max(arrow::compute::max(days.as_primitive::<Date32Type>()));
        }
        match &mut marker {
            None => encoder.write(batch)?,
            Some(marker) => {
                for marked in marker.push(&batch)? {
                    encoder.write(marked)?;
                }
            }
        }
    }
    for marked in marker.map(Marker::finish).transpose()?.into_iter().flatten() {
        encoder.write(marked)?;
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

/// The rows that stay.
struct Rows {
    schema: SchemaRef,
    ingredients: Ingredients,
    sent: Arc<AtomicU64>,
}

impl Rows {
    /// Sorted rows of the history and of the files, and how many make a batch.
    fn surviving(self, budget: &RowsBudget, scratch: &Scratch) -> Result<(Vec<Batches>, usize)> {
        let Self { schema, ingredients, sent } = self;
        let Ingredients { table, month, base, read, survival } = ingredients;
        let survival = Arc::new(survival);
        let counted = |batches: Batches, stays: Stays| -> Batches {
            let sent = Arc::clone(&sent);
            Box::new(batches.map(move |batch| {
                let batch = stays(&batch?)?;
                sent.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                Ok(batch)
            }))
        };
        let mut inputs = Vec::new();
        let mut at_once = usize::MAX;
        if let Some(path) = base {
            let (base, rows) = sorted_base(table, &schema, &path, month, (budget, scratch))?;
            at_once = rows;
            for batches in base {
                let survival = Arc::clone(&survival);
                inputs.push(counted(batches, Box::new(move |rows| survival.of_base(rows))));
            }
        }
        for (sequence, parts) in read {
            let Some(part) = parts.month(month) else { continue };
            at_once = at_once.min(rows_at_once(part.bytes, part.rows));
            for batches in part.runs() {
                let survival = Arc::clone(&survival);
                let stays: Stays = Box::new(move |rows| survival.of_file(rows, sequence));
                inputs.push(counted(batches, stays));
            }
        }
        Ok((inputs, at_once.min(BATCH_ROWS)))
    }
}

type Stays = Box<dyn Fn(&RecordBatch) -> Result<RecordBatch> + Send>;

/// Rows of a file of the history. It says by which columns it is sorted; one that an earlier
/// version kept in another order is sorted anew.
fn sorted_base(
    table: &'static CanonicalTable,
    schema: &SchemaRef,
    path: &Path,
    month: Option<Month>,
    (budget, scratch): (&RowsBudget, &Scratch),
) -> Result<(Vec<Batches>, usize)> {
    let builder = open_file(path)?;
    let groups = builder.metadata().row_groups();
    let bytes: i64 = groups.iter().map(|group| group.total_byte_size()).sum();
    let rows = builder.metadata().file_metadata().num_rows();
    let at_once = rows_at_once(bytes as u64, rows as u64);
    let is_sorted = is_sorted_by(builder.metadata(), &table.sort_columns());
    let schema = Arc::clone(schema);
    let batches = builder
        .with_batch_size(at_once)
        .build()?
        .map(move |batch| with_all_columns(&schema, &batch?));
    if is_sorted {
        return Ok((vec![Box::new(batches)], at_once));
    }
    let mut parts = Parts::new(table, scratch, budget);
    for batch in batches {
        parts.push(batch?)?;
    }
    parts.finish()?;
    let parts = Arc::new(parts);
    let runs = parts.month(month).into_iter().flat_map(|part| part.runs());
    let held = |batches: Batches| -> Batches {
        let parts = Arc::clone(&parts);
        // What the rows take counts until they are read.
        Box::new(batches.inspect(move |_| _ = &parts))
    };
    Ok((runs.map(held).collect(), at_once))
}

fn open_file(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(|error| {
        Error::store(format!("cannot read {}", path.display()))
            .because(error)
            .hint("restore the warehouse folder, or remove it and run again to rebuild it")
    })?;
    Ok(ParquetRecordBatchReaderBuilder::try_new(file)?)
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

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;

    use super::super::canonical::canonical_table;
    use super::super::survival::DayOwner;
    use super::*;

    const CLIENTS: [&str; 3] = ["C", "A", "B"];

    fn clients(schema: &SchemaRef) -> RecordBatch {
        let columns = schema.fields().iter().map(|field| -> arrow::array::ArrayRef {
            match field.name().as_str() {
                "client_id" => Arc::new(StringArray::from_iter_values(CLIENTS)),
                "source_file" => Arc::new(StringArray::from(vec!["clients.csv"; CLIENTS.len()])),
                "source_row" => Arc::new(arrow::array::Int64Array::from_iter_values(2..5)),
                _ => new_null_array(field.data_type(), CLIENTS.len()),
            }
        });
        RecordBatch::try_new(Arc::clone(schema), columns.collect()).expect("a batch")
    }

    /// Writes the clients as they stand, and folds the file with nothing new.
    async fn fold_alone(says_sorted: bool) -> Folded {
        let table = canonical_table("clients").expect("the table");
        let schema = history_schema(table);
        let scratch = Scratch::of_system().expect("a folder");
        let order = if says_sorted { table.sort_columns() } else { Vec::new() };
        let mut encoder =
            ParquetEncoder::sorted(Arc::clone(&schema), &scratch, &order).expect("an encoder");
        let mut rows = clients(&schema);
        if says_sorted {
            let order = arrow::array::UInt32Array::from(vec![1, 2, 0]);
            rows = arrow::compute::take_record_batch(&rows, &order).expect("sorted");
        }
        encoder.write(rows).expect("rows");
        let FileBody::Memory(bytes) = encoder.finish().expect("a file").body else {
            panic!("a small file on disk");
        };
        let base = scratch.path().join("base.parquet");
        std::fs::write(&base, bytes).expect("the base");
        let ingredients = Ingredients {
            table,
            month: None,
            base: Some(base),
            read: Vec::new(),
            survival: Survival::Whole(DayOwner { base: true, file: None }),
        };
        fold(ingredients, &RowsBudget::new(1 << 20, 2), &scratch).await.expect("a fold")
    }

    #[tokio::test]
    async fn a_file_in_another_order_is_sorted_anew() {
        let Folded::File(encoded, _) = fold_alone(false).await else {
            panic!("the order was believed");
        };
        let FileBody::Memory(bytes) = encoded.body else { panic!("a small file on disk") };
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("a file");
        let table = canonical_table("clients").expect("the table");
        assert!(is_sorted_by(reader.metadata(), &table.sort_columns()));
        let rows = reader.build().expect("rows").next().expect("a batch").expect("a batch");
        let found = rows.column_by_name("client_id").expect("clients").as_string::<i32>();
        assert_eq!(found.iter().flatten().collect::<Vec<_>>(), ["A", "B", "C"]);
    }

    #[tokio::test]
    async fn a_sorted_file_with_nothing_new_stays() {
        assert!(matches!(fold_alone(true).await, Folded::Unchanged));
    }
}
