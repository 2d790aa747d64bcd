//! What a delivery changed in months that were known already: which documents, in both
//! versions, and what it did to lines, revenue, profit and clients.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Int64Type, Schema, SchemaRef};
use datafusion::prelude::ident;
use futures::StreamExt;

use super::canonical::{MONEY, QUANTITY, described, sales_schema};
use crate::engine::{Session, bind};
use crate::error::{Error, Result};
use crate::models::SqlFile;
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, ParquetEncoder, Scratch};

const DOCUMENTS: &str = include_str!("restatement/documents.sql");
const SUMMARY: &str = include_str!("restatement/summary.sql");

/// A month of a source in two versions: files below the warehouse.
#[derive(Debug, Clone)]
pub struct TwoVersions {
    pub source: String,
    pub month: Month,
    pub before: (String, DataFile),
    /// None when no line is left.
    pub after: Option<(String, DataFile)>,
    /// Delivered files behind the change.
    pub files: Vec<String>,
}

/// What a change of a known month is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestatementKind {
    /// Only lines of days after the last one known: the month goes on.
    Extended,
    /// Anything else.
    #[default]
    Restated,
}

/// One row of the table of restatements, as a run report shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Restatement {
    pub source: String,
    pub month: Month,
    #[serde(default)]
    pub kind: RestatementKind,
    pub documents_added: i64,
    pub documents_removed: i64,
    pub documents_changed: i64,
    pub lines_added: i64,
    pub lines_removed: i64,
    pub lines_changed: i64,
    /// Decimal numbers.
    pub revenue_before: String,
    pub revenue_after: String,
    pub profit_before: String,
    pub profit_after: String,
    pub clients_touched: i64,
    pub files: Vec<String>,
}

const SUM: DataType = DataType::Decimal128(28, 4);

/// Schema of `restatements`: one row per run, source and month that was known and changed.
pub fn restatements_schema() -> SchemaRef {
    let count = |name, meaning| described(name, DataType::Int64, meaning);
    let sum = |name, meaning| described(name, SUM, meaning);
    let mut fields = place_fields();
    fields.extend([
        described(
            "kind",
            DataType::Utf8,
            "extended: only lines of days after the last one known; restated: anything else",
        ),
        count("documents_added", "Documents that were not there before"),
        count("documents_removed", "Documents that are no longer there"),
        count("documents_changed", "Documents of which a line differs"),
        count("lines_added", "Lines more in the documents that differ"),
        count("lines_removed", "Lines fewer in them"),
        count("lines_changed", "Lines in them that say something else"),
        sum("revenue_before", "Revenue of the source's month before"),
        sum("revenue_after", "Revenue of it after"),
        sum("profit_before", "Revenue less cost of lines with a cost, before"),
        sum("profit_after", "The same after"),
        count("clients_touched", "Clients of the documents that differ"),
        described("files", DataType::Utf8, "Delivered files behind it, set off by commas"),
    ]);
    Arc::new(Schema::new(fields))
}

/// Schema of `restated_documents`: one row per distinct line and version of a document that
/// differs.
pub fn restated_documents_schema() -> SchemaRef {
    let text = |name, meaning| described(name, DataType::Utf8, meaning);
    let mut fields = place_fields();
    fields.extend([
        text("client_id", "Client of the document"),
        text("document_id", "Number of the document; empty: all lines of the client's day"),
        text("change", "added, removed or changed"),
        text("version", "before or after"),
        described("lines", DataType::Int64, "How many equal lines it stands for"),
        described("sale_date", DataType::Date32, "Day of the line"),
        described("line_number", DataType::Int64, "Number of the line in its document"),
        text("client_name", "Name of the client"),
        text("product_id", "Product"),
        text("product_name", "Name of the product"),
        text("category", "Category of the product"),
        text("manager", "Manager"),
        text("department", "Department"),
        text("branch", "Branch"),
        text("region", "Region"),
        text("channel", "Channel"),
        text("kind", "sale or return"),
        described("quantity", QUANTITY, "Units"),
        described("revenue", MONEY, "Amount of the line"),
        described("cost", MONEY, "Cost of it"),
        text("extra", "Undeclared columns as JSON, where they are kept"),
    ]);
    Arc::new(Schema::new(fields))
}

fn place_fields() -> Vec<Field> {
    vec![
        described("run", DataType::Utf8, "Run that restated the month"),
        described("source", DataType::Utf8, "Source of the lines"),
        described("month", DataType::Date32, "The restated month"),
    ]
}

/// Restatements of a run, and the documents behind them.
pub struct Restatements {
    run: String,
    summaries: ParquetEncoder,
    documents: ParquetEncoder,
    /// What was found, in the order of comparing.
    pub found: Vec<Restatement>,
}

impl Restatements {
    /// None yet.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn new(run: &str, scratch: &Scratch) -> Result<Self> {
        Ok(Self {
            run: run.to_owned(),
            summaries: ParquetEncoder::new(restatements_schema(), scratch)?,
            documents: ParquetEncoder::new(restated_documents_schema(), scratch)?,
            found: Vec::new(),
        })
    }

    /// Compares two versions of a month and notes what differs.
    ///
    /// # Errors
    /// When the files cannot be read, or memory and disk run out.
    pub async fn compare(&mut self, versions: &TwoVersions, session: &Session) -> Result<()> {
        let context = session.context();
        let schema = sales_schema();
        let before = session.table(&schema, [versions.before.clone()]);
        context.register_table("lines_before", before)?;
        context.register_table("lines_after", session.table(&schema, versions.after.clone()))?;
        let summary = bind(&context, &sql("restatements", SUMMARY), Vec::new()).await?;
        for batch in summary.collect().await?.iter().filter(|batch| batch.num_rows() > 0) {
            let files = StringArray::from(vec![versions.files.join(", "); batch.num_rows()]);
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(files));
            let row = self.placed(versions, &restatements_schema(), &columns)?;
            let restatement = report_of(versions, &row)?;
            if restatement.documents() == 0 {
                return Ok(());
            }
            self.found.push(restatement);
            self.summaries.write(row)?;
        }
        let documents = bind(&context, &sql("restated_documents", DOCUMENTS), Vec::new()).await?;
        // The same rows in the same order: equal ones are counted in one row.
        let order =
            documents.schema().fields().iter().map(|field| ident(field.name()).sort(true, true));
        let order = order.collect();
        let mut rows = documents.sort(order)?.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let rows = self.placed(versions, &restated_documents_schema(), batch.columns())?;
            self.documents.write(rows)?;
        }
        Ok(())
    }

    /// The two tables as files, when anything was restated.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn finish(self) -> Result<Option<(EncodedFile, EncodedFile)>> {
        if self.found.is_empty() {
            return Ok(None);
        }
        Ok(Some((self.summaries.finish()?, self.documents.finish()?)))
    }

    /// Columns of a result in the types of the table, behind run, source and month.
    fn placed(
        &self,
        versions: &TwoVersions,
        schema: &SchemaRef,
        found: &[ArrayRef],
    ) -> Result<RecordBatch> {
        let rows = found.first().map_or(0, |column| column.len());
        let text = |text: &str| Arc::new(StringArray::from(vec![text; rows])) as ArrayRef;
        let month = Date32Array::from(vec![versions.month.epoch_day(); rows]);
        let mut columns = vec![text(&self.run), text(&versions.source), Arc::new(month)];
        for (field, column) in schema.fields().iter().skip(columns.len()).zip(found) {
            columns.push(cast(column, field.data_type())?);
        }
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    }
}

impl Restatement {
    /// Documents that differ.
    pub fn documents(&self) -> i64 {
        self.documents_added + self.documents_removed + self.documents_changed
    }
}

/// A row of the table as a value.
fn report_of(versions: &TwoVersions, row: &RecordBatch) -> Result<Restatement> {
    let column = |name: &str| {
        row.column_by_name(name).ok_or_else(|| Error::bug(format!("restatements lack `{name}`")))
    };
    let count = |name: &str| Ok::<_, Error>(column(name)?.as_primitive::<Int64Type>().value(0));
    let sum = |name: &str| {
        Ok::<_, Error>(column(name)?.as_primitive::<Decimal128Type>().value_as_string(0))
    };
    let kind = match column("kind")?.as_string::<i32>().value(0) {
        "extended" => RestatementKind::Extended,
        _ => RestatementKind::Restated,
    };
    Ok(Restatement {
        kind,
        source: versions.source.clone(),
        month: versions.month,
        documents_added: count("documents_added")?,
        documents_removed: count("documents_removed")?,
        documents_changed: count("documents_changed")?,
        lines_added: count("lines_added")?,
        lines_removed: count("lines_removed")?,
        lines_changed: count("lines_changed")?,
        revenue_before: sum("revenue_before")?,
        revenue_after: sum("revenue_after")?,
        profit_before: sum("profit_before")?,
        profit_after: sum("profit_after")?,
        clients_touched: count("clients_touched")?,
        files: versions.files.clone(),
    })
}

fn sql(name: &str, text: &str) -> SqlFile {
    SqlFile {
        name: name.to_owned(),
        shown: format!("{name} (built in)"),
        text: text.to_owned(),
        is_shipped: true,
    }
}
