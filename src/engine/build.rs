//! Which months of which tables are stale, and making them: a month is rebuilt when, and
//! only when, its fingerprint changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use async_trait::async_trait;

use super::bind::bind;
use super::errors::is_out_of_memory;
use super::execute::{BrokenContract, SliceWriter, run_statement};
use super::history::History;
use super::session::Session;
use super::staleness::{TableFiles, fingerprint_of};
use super::tables::{Tables, statement_parameters};
use crate::config::{Limits, Parameters, Pipeline};
use crate::console::Console;
use crate::error::Result;
use crate::models::{Catalog, Fingerprint, Model};
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, Slot, Warehouse};

/// How a month of a table stands in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthState {
    /// As committed.
    Kept,
    /// Staged by a run that was interrupted.
    Resumed,
    /// Computed by this run.
    Built,
}

/// What a run did to one table.
#[derive(Debug, Clone, Default)]
pub struct TableBuild {
    /// Name of the table.
    pub table: String,
    /// Months (none: the whole table) and how each stands.
    pub months: BTreeMap<Option<Month>, MonthState>,
    /// Months whose content differs from what is committed.
    pub changed: BTreeSet<Option<Month>>,
    /// Rows in the built months.
    pub rows_built: u64,
    /// Rows in the table.
    pub rows: u64,
    /// Time spent in this table's statements.
    pub seconds: f64,
}

/// The state of all result tables as it will be after the commit.
#[derive(Debug, Default)]
pub struct Built {
    /// Table → slot → file, and whether it is only staged.
    pub files: TableFiles,
    /// What was done, in the order of the models.
    pub tables: Vec<TableBuild>,
    /// Contracts that were broken; the build stopped there.
    pub broken: Option<(String, Vec<BrokenContract>)>,
}

/// Everything that builds need and that stays the same during a run.
pub struct BuildContext<'a> {
    pub session: &'a Session,
    pub catalog: &'a Catalog,
    pub parameters: &'a Parameters,
    pub history: &'a History,
    pub warehouse: &'a Warehouse,
    pub limits: Limits,
}

impl<'a> BuildContext<'a> {
    /// What a pipeline says, with the data and the session to work on.
    pub fn new(
        pipeline: &'a Pipeline,
        catalog: &'a Catalog,
        session: &'a Session,
        history: &'a History,
        warehouse: &'a Warehouse,
    ) -> Self {
        let (parameters, limits) = (&pipeline.parameters, pipeline.limits);
        Self { session, catalog, parameters, history, warehouse, limits }
    }
}

/// Builds every stale month of every model, in order.
///
/// # Errors
/// Configuration errors of models, store errors.
pub async fn build(context: &BuildContext<'_>, console: &Console) -> Result<Built> {
    let mut built = Built::default();
    let resumable = resumable(context.warehouse).await?;
    let progress = console.progress("building tables", context.catalog.models.len() as u64);
    for model in &context.catalog.models {
        progress.begin(&model.name);
        let broken = build_table(context, model, &resumable, &mut built).await?;
        progress.advance(&model.name);
        if !broken.is_empty() {
            built.broken = Some((model.name.clone(), broken));
            break;
        }
    }
    progress.finish();
    Ok(built)
}

/// Staged files of an interrupted run by table, slot and fingerprint.
type Resumable = BTreeMap<(String, Slot, Fingerprint), DataFile>;

async fn resumable(warehouse: &Warehouse) -> Result<Resumable> {
    let mut found = Resumable::new();
    for (table, files) in warehouse.staged().await? {
        for file in files {
            found.insert((table.clone(), file.slot.clone(), file.fingerprint), file);
        }
    }
    Ok(found)
}

async fn build_table(
    context: &BuildContext<'_>,
    model: &Model,
    resumable: &Resumable,
    built: &mut Built,
) -> Result<Vec<BrokenContract>> {
    let started = Instant::now();
    let table = TableBuild { table: model.name.clone(), ..TableBuild::default() };
    let mut work = TableWork { context, model, built, table };
    work.built.files.insert(model.name.clone(), BTreeMap::new());
    let broken = if model.is_monthly() {
        work.build_months(resumable).await?
    } else {
        work.build_whole(resumable).await?
    };
    let TableWork { mut table, .. } = work;
    let files = &built.files[&model.name];
    table.rows = files.values().map(|(file, _)| file.rows).sum();
    let is_built =
        |file: &DataFile| matches!(table.months.get(&file.slot.month), Some(MonthState::Built));
    table.rows_built =
        files.values().filter(|(file, _)| is_built(file)).map(|(file, _)| file.rows).sum();
    table.changed = files
        .values()
        .filter(|(file, _)| {
            let committed = context.warehouse.file(&model.name, &file.slot);
            committed.is_none_or(|committed| committed.content != file.content)
        })
        .map(|(file, _)| file.slot.month)
        .collect();
    table.seconds = started.elapsed().as_secs_f64();
    built.tables.push(table);
    Ok(broken)
}

struct TableWork<'a> {
    context: &'a BuildContext<'a>,
    model: &'a Model,
    built: &'a mut Built,
    table: TableBuild,
}

impl TableWork<'_> {
    async fn build_months(&mut self, resumable: &Resumable) -> Result<Vec<BrokenContract>> {
        let (mut month, last) = (self.context.history.first, self.context.history.last);
        // A table that reads itself may settle again after a correction, so its slices
        // start small: one month, two, four …
        let mut slice =
            if self.model.reads_itself() && self.has_committed(month) { 1 } else { usize::MAX };
        let mut most = self.context.limits.slice_months;
        while month <= last {
            let fingerprint = self.fingerprint(Some(month))?;
            if self.take_existing(Some(month), fingerprint, resumable).await? {
                month = month.plus(1);
                if self.model.reads_itself() {
                    slice = 1;
                }
                continue;
            }
            let longest = slice.min(most) as i64;
            let mut end = month;
            while end < last
                && end.plus(1).months_since(month) < longest
                && self.is_stale(end.plus(1), resumable)?
            {
                end = end.plus(1);
            }
            let broken = match self.run(Some((month, end))).await {
                // Fewer months need less memory; results are the same in any slices.
                Err(error) if is_out_of_memory(&error) && end > month => {
                    most = (end.months_since(month) as usize).div_ceil(2);
                    tracing::info!(table = self.model.name, months = most, "smaller slices");
                    continue;
                }
                done => done?,
            };
            if !broken.is_empty() {
                return Ok(broken);
            }
            slice = slice.saturating_mul(2);
            month = end.plus(1);
        }
        Ok(Vec::new())
    }

    async fn build_whole(&mut self, resumable: &Resumable) -> Result<Vec<BrokenContract>> {
        let fingerprint = self.fingerprint(None)?;
        if self.take_existing(None, fingerprint, resumable).await? {
            return Ok(Vec::new());
        }
        self.run(None).await
    }

    fn has_committed(&self, month: Month) -> bool {
        self.context.warehouse.file(&self.model.name, &Slot::of_result(Some(month))).is_some()
    }

    /// Whether a later month of a slice needs building too. A table that reads itself is
    /// assumed to: what its earlier month will be is not known yet.
    fn is_stale(&self, month: Month, resumable: &Resumable) -> Result<bool> {
        if self.model.reads_itself() {
            return Ok(true);
        }
        let fingerprint = self.fingerprint(Some(month))?;
        let slot = Slot::of_result(Some(month));
        let committed = self.context.warehouse.file(&self.model.name, &slot);
        Ok(committed.is_none_or(|file| file.fingerprint != fingerprint)
            && !resumable.contains_key(&(self.model.name.clone(), slot, fingerprint)))
    }

    /// Keeps a committed month, or takes over a staged one, when its fingerprint is right.
    async fn take_existing(
        &mut self,
        month: Option<Month>,
        fingerprint: Fingerprint,
        resumable: &Resumable,
    ) -> Result<bool> {
        let slot = Slot::of_result(month);
        let name = &self.model.name;
        let committed = self.context.warehouse.file(name, &slot);
        if let Some(file) = committed.filter(|file| file.fingerprint == fingerprint) {
            let file = file.clone();
            self.put((file, false), MonthState::Kept);
            return Ok(true);
        }
        let staged = resumable.get(&(name.clone(), slot, fingerprint));
        if let Some(file) = staged
            && let Some(file) = self.context.warehouse.verify_staged(name, file).await?
        {
            self.put((file, true), MonthState::Resumed);
            return Ok(true);
        }
        Ok(false)
    }

    fn put(&mut self, file: (DataFile, bool), state: MonthState) {
        self.table.months.insert(file.0.slot.month, state);
        let files = self.built.files.entry(self.model.name.clone()).or_default();
        files.insert(file.0.slot.clone(), file);
    }

    async fn run(&mut self, range: Option<(Month, Month)>) -> Result<Vec<BrokenContract>> {
        let model = self.model;
        tracing::info!(table = model.name, ?range, "computing");
        let context = self.context.session.context();
        let tables = Tables { build: self.context, files: &self.built.files };
        tables.register(&context, &model.reads, range).await?;
        let values = statement_parameters(
            &model.parameters,
            model.is_monthly().then_some(range).flatten(),
            self.context,
        )?;
        let frame = bind(&context, &model.file, values).await?;
        let scratch = self.context.session.scratch();
        run_statement(frame, model, range, scratch, self).await
    }

    fn fingerprint(&self, month: Option<Month>) -> Result<Fingerprint> {
        fingerprint_of(self.context, &self.built.files, self.model, month)
    }
}

#[async_trait]
impl SliceWriter for TableWork<'_> {
    async fn write(&mut self, month: Option<Month>, encoded: EncodedFile) -> Result<()> {
        // Earlier months of the slice are in place by now, so a table that reads itself
        // has everything its fingerprint needs.
        let fingerprint = self.fingerprint(month)?;
        let name = &self.model.name;
        let slot = Slot::of_result(month);
        let file = self.context.warehouse.stage(name, slot, fingerprint, encoded, None).await?;
        self.put((file, true), MonthState::Built);
        Ok(())
    }
}
