//! What was delivered between two runs, month by month: restatements of months that were known,
//! otherwise the files that the runs read.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::array_value_to_string;

use super::Comparison;
use crate::engine::Session;
use crate::error::Result;
use crate::ingest::{Ledger, RESTATEMENTS, SALES};
use crate::month::Month;
use crate::report::RunsFolder;

/// What is known of each month of sales that changed.
#[derive(Debug, Default)]
pub struct Deliveries {
    by_month: BTreeMap<Month, Vec<String>>,
}

impl Deliveries {
    /// Collects what was delivered after the older run, up to the newer one.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn between(comparison: &Comparison<'_>, session: &Session) -> Result<Self> {
        let mut found = Self::default();
        found.add_restatements(comparison, session).await?;
        // Months that were not known before have no restatement: their files tell.
        let mut files = Self::default();
        files.add_files(comparison).await?;
        for (month, told) in files.by_month {
            found.by_month.entry(month).or_insert(told);
        }
        Ok(found)
    }

    /// What was delivered for a month of sales.
    pub fn of(&self, table: &str, month: Option<Month>) -> &[String] {
        let month = month.filter(|_| table == SALES);
        month.and_then(|month| self.by_month.get(&month)).map_or(&[], Vec::as_slice)
    }

    async fn add_restatements(
        &mut self,
        comparison: &Comparison<'_>,
        session: &Session,
    ) -> Result<()> {
        let (older, newer) = comparison.between();
        let warehouse = comparison.newer().warehouse;
        let Some(schema) = warehouse.schema(RESTATEMENTS)? else { return Ok(()) };
        // One file a run, named by it: no other is opened.
        let is_between = |run: &str| older < run && run <= newer;
        let files = warehouse
            .files(RESTATEMENTS)
            .filter(|file| file.slot.source.as_deref().is_some_and(is_between))
            .map(|file| (warehouse.relative_path(RESTATEMENTS, file, false), file.clone()));
        let table = session.table(&schema, files);
        for batch in session.context().read_table(table)?.collect().await? {
            for row in 0..batch.num_rows() {
                let text = |column: &str| cell(&batch, column, row);
                let Some(month) = text("month").get(..7).and_then(|month| month.parse().ok())
                else {
                    continue;
                };
                let told = format!(
                    "{}: {} documents added, {} removed, {} changed, revenue {} to {} ({}; run {})",
                    text("source"),
                    text("documents_added"),
                    text("documents_removed"),
                    text("documents_changed"),
                    text("revenue_before"),
                    text("revenue_after"),
                    text("files"),
                    text("run"),
                );
                self.by_month.entry(month).or_default().push(told);
            }
        }
        Ok(())
    }

    async fn add_files(&mut self, comparison: &Comparison<'_>) -> Result<()> {
        let (older, newer) = comparison.between();
        let side = comparison.newer();
        let runs = RunsFolder::new(side.warehouse.location());
        let mut told: BTreeMap<(String, String, String), ()> = BTreeMap::new();
        for run in runs.names().await? {
            if run.as_str() <= older || run.as_str() > newer {
                continue;
            }
            let report = runs.read(&run).await?;
            for read in report.snapshots.iter().filter(|_| report.is_finished()) {
                if !read.state.is_in_history() {
                    continue;
                }
                told.insert((run.clone(), read.source.clone(), read.file.clone()), ());
                for month in &read.months {
                    let text = format!(
                        "{}: {} ({}; run {run})",
                        read.source,
                        read.file,
                        read.reason.shown()
                    );
                    self.by_month.entry(*month).or_default().push(text);
                }
            }
        }
        // A run that was killed behind its commit left no report; the ledger knows its files.
        for record in Ledger::load(side.warehouse).await?.records() {
            let key = (record.run.clone(), record.source.clone(), record.file.clone());
            let is_between = record.run.as_str() > older && record.run.as_str() <= newer;
            if is_between && record.is_accepted() && !told.contains_key(&key) {
                for month in &record.months {
                    let text = format!("{}: {} (run {})", record.source, record.file, record.run);
                    self.by_month.entry(*month).or_default().push(text);
                }
            }
        }
        Ok(())
    }
}

fn cell(batch: &RecordBatch, column: &str, row: usize) -> String {
    let text = |array: &ArrayRef| match array.is_null(row) {
        true => String::new(),
        false => array_value_to_string(array, row).unwrap_or_default(),
    };
    batch.column_by_name(column).map(text).unwrap_or_default()
}
