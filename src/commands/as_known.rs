//! The warehouse as one finished run left it.

use std::collections::BTreeSet;

use arrow::datatypes::SchemaRef;

use super::table_names;
use crate::config::Pipeline;
use crate::error::{Error, Result};
use crate::ingest::{SNAPSHOTS, history_tables, ledger_schema};
use crate::models::Catalog;
use crate::report::{RunReference, RunReport, RunsFolder};
use crate::store::{Location, Warehouse};

/// A finished run with the table versions that it left.
#[derive(Debug)]
pub(super) struct AsKnown {
    pub report: RunReport,
    pub warehouse: Warehouse,
    /// Tables that existed then, and those of today.
    pub tables: BTreeSet<String>,
}

impl AsKnown {
    /// Opens what a run left.
    ///
    /// # Errors
    /// When there is no such run, it did not finish, or its versions are gone.
    pub async fn open(
        pipeline: &Pipeline,
        catalog: &Catalog,
        wanted: &RunReference,
    ) -> Result<Self> {
        let location = Location::open(&pipeline.warehouse)?;
        let runs = RunsFolder::new(&location);
        if runs.names().await?.is_empty() {
            return Err(no_results(&pipeline.name));
        }
        let report = match wanted {
            RunReference::Last(0) => {
                runs.newest_finished().await?.ok_or_else(|| no_results(&pipeline.name))?
            }
            wanted => runs.find(wanted).await?,
        };
        let tables: BTreeSet<String> =
            table_names(catalog).chain(report.versions.keys().cloned()).collect();
        let opened =
            Warehouse::open(&pipeline.warehouse, tables.iter().cloned(), Some(&report.versions));
        let warehouse = opened.await?;
        for table in report.versions.keys() {
            let by = warehouse.committed_by(table).await?;
            // A removed and rebuilt table counts its versions anew: the number means others.
            if by.is_some_and(|run| run > report.run) {
                return Err(Error::store(format!(
                    "table `{table}` was made anew after run {}: what it held then is gone",
                    report.run
                ))
                .hint(format!("choose a run after the folder {table} was removed")));
            }
        }
        Ok(Self { report, warehouse, tables })
    }

    /// Columns of a table as they were then. A table that was never committed, such as rejects
    /// without a reject, has those of today; none is a result that did not exist then.
    pub fn schema(&self, table: &str) -> Result<Option<SchemaRef>> {
        if let Some(schema) = self.warehouse.schema(table)? {
            return Ok(Some(schema));
        }
        if table == SNAPSHOTS {
            return Ok(Some(ledger_schema()));
        }
        let history = history_tables().into_iter().find(|history| history.name == table);
        Ok(history.map(|history| history.schema))
    }
}

fn no_results(pipeline: &str) -> Error {
    Error::configuration(format!("pipeline {pipeline} has no results yet"))
        .hint(format!("run it first: clientbase run {pipeline}"))
}
