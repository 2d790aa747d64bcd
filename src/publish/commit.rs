//! Staged → audited → committed.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

use crate::audits::{AuditFailure, AuditOutcome, audit_history, audit_lines, audit_tables};
use crate::console::Console;
use crate::engine::{BuildContext, Built};
use crate::error::Result;
use crate::ingest::{
    Ingested, RESTATED_DOCUMENTS, RESTATEMENTS, SNAPSHOTS, TableSlots, history_tables,
    keep_refused, ledger_schema, remove_settled,
};
use crate::models::Catalog;
use crate::store::{DataFile, RunStamp, Slot, TableVersion, Warehouse};

/// A run's whole result, written but not looked at.
#[derive(Debug)]
pub struct Staged {
    ingested: Ingested,
    built: Built,
}

/// A result that passed every audit. Only [`Staged::audit`] makes one.
#[derive(Debug)]
pub struct Audited {
    ingested: Ingested,
    built: Built,
    passed: usize,
}

/// A result that is in the warehouse. Only [`Audited::commit`] makes one.
#[derive(Debug)]
pub struct Committed {
    pub(super) built: Built,
    /// Files of the history that are published beside the results, by table.
    pub(super) history: BTreeMap<&'static str, TableSlots>,
    pub(super) versions: BTreeMap<String, TableVersion>,
}

impl Staged {
    /// Takes what ingest and build have staged.
    pub fn new(ingested: Ingested, built: Built) -> Self {
        Self { ingested, built }
    }

    /// Runs every audit that concerns what changed.
    ///
    /// # Errors
    /// When an audit cannot be run. Audits that find rows are not errors here: they come
    /// back as failures, and the staged state is gone.
    pub async fn audit(
        self,
        context: &BuildContext<'_>,
        console: &Console,
    ) -> Result<std::result::Result<Audited, Vec<AuditFailure>>> {
        let Self { ingested, mut built } = self;
        if let Some((table, broken)) = built.broken.take() {
            let model = context.catalog.model(&table);
            let failed =
                broken.into_iter().map(|broken| AuditFailure::of_contract(&table, model, broken));
            return Ok(Err(failed.collect()));
        }
        let lines = audit_lines(&ingested)?;
        let rows = audit_history(context, &ingested).await?;
        let AuditOutcome { passed, failed } = audit_tables(context, &built, console).await?;
        let failed: Vec<AuditFailure> =
            lines.failed.into_iter().chain(rows.failed).chain(failed).collect();
        if failed.is_empty() {
            Ok(Ok(Audited { ingested, built, passed: passed + lines.passed + rows.passed }))
        } else {
            Ok(Err(failed))
        }
    }
}

impl Audited {
    /// What was built, for reports.
    pub fn built(&self) -> &Built {
        &self.built
    }

    /// How many audits passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Commits every table that changed, history first. Each table changes in one step; a
    /// run that is killed between two tables is completed by the next.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn commit(
        self,
        catalog: &Catalog,
        warehouse: &mut Warehouse,
        run: &RunStamp,
    ) -> Result<Committed> {
        let Self { mut ingested, built, .. } = self;
        let mut commit = Commit { warehouse, run };
        let nothing = TableSlots::new();
        for table in history_tables() {
            let files = ingested.history.get(table.name).unwrap_or(&nothing);
            commit.table(table.name, &table.schema, table.description, files).await?;
        }
        keep_refused(commit.warehouse.location(), &mut ingested).await?;
        if let Some(file) = ingested.ledger_file.take() {
            let files = BTreeMap::from([(file.slot.clone(), (file, true))]);
            let snapshots = "Delivered files, one row per file";
            commit.table(SNAPSHOTS, &ledger_schema(), snapshots, &files).await?;
            remove_settled(commit.warehouse.location(), &ingested.ledger).await?;
        }
        for model in &catalog.models {
            if let Some(files) = built.files.get(&model.name) {
                commit.table(&model.name, &model.schema(), &model.description, files).await?;
            }
        }
        warehouse.clear_staging().await?;
        ingested.history.retain(|table, _| [RESTATEMENTS, RESTATED_DOCUMENTS].contains(table));
        Ok(Committed { versions: warehouse.versions(), built, history: ingested.history })
    }
}

struct Commit<'a> {
    warehouse: &'a mut Warehouse,
    run: &'a RunStamp,
}

impl Commit<'_> {
    /// Makes a table's files the given ones.
    async fn table(
        &mut self,
        name: &str,
        schema: &SchemaRef,
        description: &str,
        files: &BTreeMap<Slot, (DataFile, bool)>,
    ) -> Result<()> {
        // Not new are files that a run killed between two tables has committed already; not
        // staged but new are those of an earlier version that come back.
        let is_new = |file: &DataFile| {
            self.warehouse.file(name, &file.slot).is_none_or(|old| old.name() != file.name())
        };
        let added: Vec<(DataFile, bool)> =
            files.values().filter(|(file, _)| is_new(file)).cloned().collect();
        let removed: Vec<DataFile> = self
            .warehouse
            .files(name)
            .filter(|old| files.get(&old.slot).is_none_or(|(new, _)| new.name() != old.name()))
            .cloned()
            .collect();
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        self.warehouse.commit(name, schema, description, &added, &removed, self.run).await?;
        Ok(())
    }
}
