//! A bound statement → one file a month, in the order of the grain, checked while written.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Date32Type, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use async_trait::async_trait;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::ident;
use futures::StreamExt;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::models::{Model, SqlFile};
use crate::month::Month;
use crate::store::{EncodedFile, ParquetEncoder, Scratch};

/// Rows that break the contract of a table: a repeated grain or a forbidden null.
#[derive(Debug, Clone)]
pub struct BrokenContract {
    /// `unique_grain` or `not_null_<column>`.
    pub audit: String,
    /// Month of the rows.
    pub month: Option<Month>,
    /// Offending rows; the first thousand.
    pub rows: RecordBatch,
    /// How many there are.
    pub count: u64,
}

/// What a statement did.
#[derive(Debug, Default)]
pub struct Done {
    /// Contracts that its rows break: nothing was written after the first.
    pub broken: Vec<BrokenContract>,
    /// Bytes that it wrote to disk because memory did not hold them.
    pub spilled_bytes: u64,
}

/// Offending rows that are kept of each broken contract.
const KEPT_ROWS: usize = 1_000;

/// Where finished months go. Months come in ascending order, each exactly once.
#[async_trait]
pub trait SliceWriter: Send {
    /// Takes a month (or the whole table).
    async fn write(&mut self, month: Option<Month>, file: EncodedFile) -> Result<()>;
}

#[async_trait]
impl SliceWriter for mpsc::Sender<(Option<Month>, EncodedFile)> {
    async fn write(&mut self, month: Option<Month>, file: EncodedFile) -> Result<()> {
        let sent = self.send((month, file)).await;
        sent.map_err(|_| Error::bug("nobody takes the finished months"))
    }
}

/// Runs a statement and hands over its months. Stops at the first month that breaks the
/// contract and gives its offending rows back.
///
/// # Errors
/// When the statement fails, or returns a month it was not asked for.
pub async fn run_statement(
    frame: DataFrame,
    model: &Model,
    range: Option<(Month, Month)>,
    scratch: &Scratch,
    writer: &mut dyn SliceWriter,
) -> Result<Done> {
    check_contract(&frame, model)?;
    let order = model.order();
    let columns = model.columns.iter().map(|column| ident(&column.name)).collect::<Vec<_>>();
    let sorted = frame
        .select(columns)?
        .sort(order.iter().map(|name| ident(name).sort(true, true)).collect())?;
    let failed = |error| failed_in(&model.file, error);
    let task = Arc::new(sorted.task_ctx());
    let plan = sorted.create_physical_plan().await.map_err(failed)?;
    let rows = execute_stream(Arc::clone(&plan), task).map_err(failed)?;
    let broken = write_months(rows, model, &order, range, scratch, writer).await?;
    Ok(Done { broken, spilled_bytes: spilled_bytes(plan.as_ref()) })
}

/// Bytes that a plan and its inputs spilled.
fn spilled_bytes(plan: &dyn ExecutionPlan) -> u64 {
    let own = plan.metrics().and_then(|metrics| metrics.spilled_bytes()).unwrap_or(0) as u64;
    own + plan.children().iter().map(|child| spilled_bytes(child.as_ref())).sum::<u64>()
}

/// Sorted rows into one file a month.
async fn write_months(
    mut rows: SendableRecordBatchStream,
    model: &Model,
    order: &[String],
    range: Option<(Month, Month)>,
    scratch: &Scratch,
    writer: &mut dyn SliceWriter,
) -> Result<Vec<BrokenContract>> {
    let schema = model.schema();
    let mut months = range.map(|(first, last)| first.through(last).peekable());
    let mut open = OpenFile::new(model, &schema, order, scratch)?;
    let mut current = months.as_mut().and_then(Iterator::next);
    while let Some(batch) = rows.next().await {
        let batch = conform(&schema, &batch.map_err(|error| failed_in(&model.file, error))?)?;
        for (month, part) in split(model, &batch, range)? {
            while current != month {
                // The open month is over; months in between have no rows.
                let next = months.as_mut().and_then(Iterator::next);
                if let Some(broken) = open.turn(writer, current).await? {
                    return Ok(broken);
                }
                current = next;
            }
            open.push(part)?;
        }
    }
    loop {
        if let Some(broken) = open.turn(writer, current).await? {
            return Ok(broken);
        }
        match months.as_mut().and_then(Iterator::next) {
            Some(next) => current = Some(next),
            None => return Ok(Vec::new()),
        }
    }
}

/// An engine error with the SQL file it happened in.
pub fn failed_in(file: &SqlFile, error: datafusion::error::DataFusionError) -> Error {
    use datafusion::error::DataFusionError as Engine;
    let of_values = matches!(
        error.find_root(),
        Engine::ArrowError(..) | Engine::Execution(_) | Engine::Plan(_) | Engine::SchemaError(..)
    );
    if of_values && !super::errors::is_failed_store(&error) {
        return Error::configuration(format!("{}: the SQL failed", file.shown)).because(error);
    }
    let general = Error::from(error);
    match general.fault() {
        crate::error::Fault::Store => {
            let cure = general.hint_text().unwrap_or("see to the cause");
            let hint = format!("{cure}, and run again: what is finished is kept");
            Error::store(format!("computing {} failed", file.name)).because(general).hint(hint)
        }
        // Whatever else went wrong, the file in which it did is what a reader needs first.
        _ => Error::bug(format!("{}: the engine failed", file.shown)).because(general),
    }
}

/// Compares the header's columns with what the SQL delivers.
///
/// # Errors
/// A configuration error that names file and column.
pub fn check_contract(frame: &DataFrame, model: &Model) -> Result<()> {
    let planned = frame.schema();
    // The columns of a segment stand in no header.
    let (contract, hint) = match model.segment() {
        Some(_) => (
            "the contract of a segment",
            "a segment selects `month` and `client_id` in this order, and nothing else",
        ),
        None => ("the header", "the `column:` lines of the header and the final select must agree"),
    };
    let wrong = |problem: String| {
        Err(Error::configuration(format!("{}: {problem}", model.file.shown)).hint(hint))
    };
    let fields: Vec<_> = planned.fields().iter().collect();
    for (place, column) in model.columns.iter().enumerate() {
        let Some(field) = fields.get(place) else {
            return wrong(format!("the SQL does not deliver column `{}`", column.name));
        };
        if field.name() != &column.name {
            return wrong(format!(
                "column {} is `{}` in {contract} and `{}` in the SQL",
                place + 1,
                column.name,
                field.name()
            ));
        }
        if !crate::models::same_type(field.data_type(), &column.column_type.data_type) {
            return wrong(format!(
                "column `{}` is {} in {contract} and {} in the SQL",
                column.name,
                column.column_type.text,
                field.data_type()
            ));
        }
    }
    match fields.get(model.columns.len()) {
        Some(extra) => {
            wrong(format!("the SQL delivers `{}`, which is not in {contract}", extra.name()))
        }
        None => Ok(()),
    }
}

/// A batch with exactly the contract's types (text in one layout).
fn conform(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let arrays = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| {
            if array.data_type() == field.data_type() {
                Ok(Arc::clone(array))
            } else {
                cast(array, field.data_type())
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

/// Runs of equal months in a sorted batch.
fn split(
    model: &Model,
    batch: &RecordBatch,
    range: Option<(Month, Month)>,
) -> Result<Vec<(Option<Month>, RecordBatch)>> {
    let Some((first, last)) = range else { return Ok(vec![(None, batch.clone())]) };
    let months = batch
        .column_by_name("month")
        .ok_or_else(|| Error::bug(format!("{} lost its month", model.name)))?
        .as_primitive::<Date32Type>();
    let mut parts = Vec::new();
    let mut start = 0;
    while start < batch.num_rows() {
        let day = months.value(start);
        let length = months.values()[start..].iter().take_while(|other| **other == day).count();
        let month = if months.is_null(start) { None } else { Month::of_epoch_day(day) };
        let month = month
            .filter(|month| month.epoch_day() == day && (first..=last).contains(month))
            .ok_or_else(|| {
                let shown = Date32Type::to_naive_date_opt(day)
                    .map_or_else(|| day.to_string(), |date| date.to_string());
                Error::configuration(format!(
                    "{}: asked for {first} to {last}, the SQL returned month {shown}",
                    model.file.shown
                ))
                .hint("restrict the result to months between $first_month and $last_month")
            })?;
        parts.push((Some(month), batch.slice(start, length)));
        start += length;
    }
    Ok(parts)
}

/// The month that is being written, with what its contract forbids.
struct OpenFile<'a> {
    model: &'a Model,
    schema: SchemaRef,
    encoder: ParquetEncoder,
    scratch: Scratch,
    grain_places: Vec<usize>,
    grain_rows: RowConverter,
    last_grain: Option<OwnedRow>,
    repeated: Offenders,
    nulls: Vec<(usize, Offenders)>,
}

#[derive(Default)]
struct Offenders {
    rows: Vec<RecordBatch>,
    count: u64,
}

impl Offenders {
    fn keep(&mut self, batch: &RecordBatch, row: usize) {
        self.count += 1;
        if self.rows.len() < KEPT_ROWS {
            self.rows.push(batch.slice(row, 1));
        }
    }
}

impl<'a> OpenFile<'a> {
    fn new(
        model: &'a Model,
        schema: &SchemaRef,
        order: &[String],
        scratch: &Scratch,
    ) -> Result<Self> {
        let grain_places: Vec<usize> = order
            .iter()
            .filter(|name| model.grain.contains(name))
            .map(|name| schema.index_of(name))
            .collect::<Result<_, _>>()?;
        let fields = grain_places
            .iter()
            .map(|place| SortField::new(schema.field(*place).data_type().clone()));
        let nulls = model
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !column.nullable)
            .map(|(place, _)| (place, Offenders::default()))
            .collect();
        Ok(Self {
            model,
            schema: Arc::clone(schema),
            encoder: ParquetEncoder::new(Arc::clone(schema), scratch)?,
            scratch: scratch.clone(),
            grain_rows: RowConverter::new(fields.collect())?,
            grain_places,
            last_grain: None,
            repeated: Offenders::default(),
            nulls,
        })
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let grain: Vec<_> =
            self.grain_places.iter().map(|place| Arc::clone(batch.column(*place))).collect();
        let rows = self.grain_rows.convert_columns(&grain)?;
        for row in 0..batch.num_rows() {
            // Rows are sorted by the grain, so a repeated one stands beside its twin.
            let repeats = match row.checked_sub(1) {
                Some(before) => rows.row(before) == rows.row(row),
                None => self.last_grain.as_ref().is_some_and(|last| last.row() == rows.row(row)),
            };
            if repeats {
                self.repeated.keep(&batch, row);
            }
        }
        if let Some(last) = batch.num_rows().checked_sub(1) {
            self.last_grain = Some(rows.row(last).owned());
        }
        for (place, offenders) in &mut self.nulls {
            let column = batch.column(*place);
            if column.null_count() > 0 {
                for row in (0..column.len()).filter(|row| column.is_null(*row)) {
                    offenders.keep(&batch, row);
                }
            }
        }
        self.encoder.write(batch)
    }

    /// Ends the open file and starts the next, unless the contract is broken.
    async fn turn(
        &mut self,
        writer: &mut dyn SliceWriter,
        month: Option<Month>,
    ) -> Result<Option<Vec<BrokenContract>>> {
        let mut broken = Vec::new();
        let repeated = std::mem::take(&mut self.repeated);
        let of_grain = ("unique_grain".to_owned(), repeated);
        let of_nulls = self.nulls.iter_mut().map(|(place, offenders)| {
            let audit = format!("not_null_{}", self.model.columns[*place].name);
            (audit, std::mem::take(offenders))
        });
        for (audit, offenders) in std::iter::once(of_grain).chain(of_nulls) {
            if offenders.count > 0 {
                let rows = concat_batches(&self.schema, &offenders.rows)?;
                broken.push(BrokenContract { audit, month, rows, count: offenders.count });
            }
        }
        if !broken.is_empty() {
            return Ok(Some(broken));
        }
        self.last_grain = None;
        let next = ParquetEncoder::new(Arc::clone(&self.schema), &self.scratch)?;
        let finished = std::mem::replace(&mut self.encoder, next).finish()?;
        writer.write(month, finished).await?;
        Ok(None)
    }
}
