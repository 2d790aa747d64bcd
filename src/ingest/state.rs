//! The history as it is, or will be after the commit.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use tempfile::TempPath;

use super::canonical::{CANONICAL_TABLES, history_schema};
use super::ledger::Ledger;
use super::plan::WorkReason;
use super::record::SnapshotRecord;
use super::rejects::rejects_schema;
use super::restatement::{Restatement, restated_documents_schema, restatements_schema};
use super::{REJECTS, RESTATED_DOCUMENTS, RESTATEMENTS, SALES};
use crate::error::{Error, Result};
use crate::store::{DataFile, Slot, Warehouse};

/// Files of a table by slot, and whether each is only staged.
pub type TableSlots = BTreeMap<Slot, (DataFile, bool)>;

/// A table that ingest fills.
#[derive(Debug, Clone)]
pub struct HistoryTable {
    pub name: &'static str,
    pub description: &'static str,
    /// Columns that identify a row.
    pub grain: &'static [&'static str],
    pub schema: SchemaRef,
}

/// All tables that ingest fills, in the order of their commits; the ledger comes after them.
pub fn history_tables() -> Vec<HistoryTable> {
    let canonical = CANONICAL_TABLES.iter().map(|table| HistoryTable {
        name: table.name,
        description: table.description,
        grain: &["source", "source_file", "source_row"],
        schema: history_schema(table),
    });
    let others = [
        (
            REJECTS,
            "Lines that could not be accepted, one row per line",
            &["source", "file", "row_number"] as &[&str],
            rejects_schema(),
        ),
        (
            RESTATEMENTS,
            "Months that were known and changed, one row per run, source and month",
            &["run", "source", "month"],
            restatements_schema(),
        ),
        (
            RESTATED_DOCUMENTS,
            "Documents that differ after a restatement, line by line in both versions",
            &["run", "source", "month", "client_id", "document_id", "version"],
            restated_documents_schema(),
        ),
    ];
    let others = others.map(|(name, description, grain, schema)| HistoryTable {
        name,
        description,
        grain,
        schema,
    });
    canonical.chain(others).collect()
}

/// What ingest gave: the state of all history tables as it will be after the commit.
#[derive(Debug)]
pub struct Ingested {
    /// What a person should know about the delivered files.
    pub notes: Vec<String>,
    /// Files that were looked at, in order, with the reason.
    pub snapshots: Vec<(SnapshotRecord, WorkReason)>,
    /// Months that were known and changed.
    pub restatements: Vec<Restatement>,
    /// Table → its files.
    pub history: BTreeMap<&'static str, TableSlots>,
    /// Files that were set aside, to be kept with the commit.
    pub refused: Vec<(SnapshotRecord, TempPath)>,
    /// The ledger after this run.
    pub ledger: Ledger,
    /// The staged ledger file, when it changed.
    pub ledger_file: Option<DataFile>,
}

impl Ingested {
    /// The state without any reading. A run that was killed after it had committed some
    /// tables, but not yet the ledger, is undone: the history is what the ledger holds, with
    /// the files that `before` had where they were replaced.
    ///
    /// # Errors
    /// When a file that the ledger holds is in neither.
    pub fn unchanged(warehouse: &Warehouse, before: &Warehouse, ledger: Ledger) -> Result<Self> {
        let mut history = BTreeMap::new();
        for table in history_tables() {
            let files = before.files(table.name).chain(warehouse.files(table.name));
            let held = files.filter(|file| ledger.holds(table.name, file));
            let slots: TableSlots =
                held.map(|file| (file.slot.clone(), (file.clone(), false))).collect();
            let (found, wanted) = (slots.len(), ledger.held_files(table.name));
            if found != wanted {
                return Err(Error::store(format!(
                    "the warehouse table `{}` has {found} of the {wanted} files of the last ingest",
                    table.name
                ))
                .hint("restore the warehouse folder from a backup; or remove it and run again to rebuild it from the delivered files"));
            }
            history.insert(table.name, slots);
        }
        Ok(Self {
            notes: Vec::new(),
            snapshots: Vec::new(),
            restatements: Vec::new(),
            refused: Vec::new(),
            history,
            ledger,
            ledger_file: None,
        })
    }

    /// Whether the committed tables are as the ledger knows them.
    pub fn is_whole(warehouse: &Warehouse, ledger: &Ledger) -> bool {
        history_tables().iter().all(|table| {
            let mut files = warehouse.files(table.name).peekable();
            let count = warehouse.files(table.name).count();
            count == ledger.held_files(table.name)
                && (files.peek().is_none() || files.all(|file| ledger.holds(table.name, file)))
        })
    }

    /// Which of the files read now have the first and the last month, for messages about
    /// months that cannot be meant.
    pub fn farthest(&self) -> Option<String> {
        let months = self.snapshots.iter().flat_map(|(record, _)| {
            let is_sales = record.is_accepted() && record.table == SALES;
            let months = record.accepted_by_month.keys().filter(move |_| is_sales);
            months.map(|month| (*month, record.file.as_str()))
        });
        let (first, first_file) = months.clone().min()?;
        let (last, last_file) = months.max()?;
        Some(format!(
            "of the files read now, {first_file} begins in {first} and {last_file} ends in {last}"
        ))
    }

    /// Files of a table.
    pub fn slots(&self, table: &str) -> impl Iterator<Item = (&Slot, &(DataFile, bool))> {
        self.history.get(table).into_iter().flatten()
    }
}
