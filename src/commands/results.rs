//! The results of a finished run, ready for queries.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

use super::as_known::AsKnown;
use crate::config::Pipeline;
use crate::engine::{AbsentTable, Session, read_only_query};
use crate::error::{Error, Result};
use crate::models::Catalog;
use crate::report::RunReference;

/// Tables of a run, registered under their names.
pub(super) struct Results {
    pub known: AsKnown,
    pub context: SessionContext,
    /// Temporary files live as long as it.
    _session: Session,
}

impl Results {
    /// Opens what a run left. Tables that it did not have answer with an error when they are
    /// read.
    ///
    /// # Errors
    /// When there is no such run, or its versions are gone.
    pub async fn open(
        pipeline: &Pipeline,
        catalog: &Catalog,
        wanted: &RunReference,
    ) -> Result<Self> {
        let known = AsKnown::open(pipeline, catalog, wanted).await?;
        let (run, warehouse) = (&known.report.run, &known.warehouse);
        let session = Session::for_reading(warehouse.location(), pipeline.limits)?;
        let context = session.context();
        for name in &known.tables {
            let table = match (known.schema(name)?, catalog.model(name)) {
                (Some(schema), _) => {
                    let files = warehouse
                        .files(name)
                        .map(|file| (warehouse.relative_path(name, file, false), file.clone()));
                    session.table(&schema, files)
                }
                (None, Some(model)) => AbsentTable::provider(
                    model.schema(),
                    format!("run {run} has no table `{name}`"),
                ),
                (None, None) => continue,
            };
            context.register_table(&**name, table)?;
        }
        Ok(Self { known, context, _session: session })
    }

    /// Rows of one result table, cells as text, nothing where they are null.
    ///
    /// # Errors
    /// When the run has no such table, or it cannot be read.
    pub async fn cells(&self, table: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.cells_with(&[table], sql, Vec::new()).await
    }

    /// Rows of several tables, with values for the parameters of the query.
    ///
    /// # Errors
    /// When the run lacks one of the tables, or it cannot be read.
    pub async fn cells_with(
        &self,
        tables: &[&str],
        sql: &str,
        values: Vec<(String, ScalarValue)>,
    ) -> Result<Vec<Vec<Option<String>>>> {
        let is_there = |table: &&&str| self.known.report.versions.contains_key(**table);
        if let Some(table) = tables.iter().find(|table| !is_there(table)) {
            return Err(Error::configuration(format!(
                "run {} has no table `{table}`",
                self.known.report.run
            ))
            .hint("let the pipeline compute it (`tables` in the pipeline file), and run it"));
        }
        let mut frame = read_only_query(&self.context, sql).await?;
        if !values.is_empty() {
            frame = frame.with_param_values(values)?;
        }
        let mut rows = Vec::new();
        for batch in frame.collect().await? {
            rows.extend(cells_of(&batch)?);
        }
        Ok(rows)
    }
}

fn cells_of(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
    let options = FormatOptions::default();
    let columns = batch
        .columns()
        .iter()
        .map(|column| Ok((column, ArrayFormatter::try_new(column, &options)?)))
        .collect::<Result<Vec<_>>>()?;
    let cell = |row: usize| {
        move |(column, shown): &(&arrow::array::ArrayRef, ArrayFormatter<'_>)| {
            column.is_valid(row).then(|| shown.value(row).to_string())
        }
    };
    Ok((0..batch.num_rows()).map(|row| columns.iter().map(cell(row)).collect()).collect())
}
