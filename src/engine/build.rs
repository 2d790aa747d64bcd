//! Which months of which tables are stale, and making them: a month is rebuilt when, and
//! only when, its fingerprint changes. Whatever has all that it reads is made at the same time:
//! slices of one table and of others.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::execute::BrokenContract;
use super::history::History;
use super::lanes::Lanes;
use super::session::Session;
use super::staleness::TableFiles;
use super::table_build::build_table;
use super::workshop::Workshop;
use crate::config::{Limits, Parameters, Pipeline};
use crate::console::Console;
use crate::error::Result;
use crate::models::{Catalog, Model};
use crate::month::Month;
use crate::store::Warehouse;

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
    /// Time spent in this table's statements, which may run beside others.
    pub seconds: f64,
    /// Most bytes that one of these statements held at a time, as far as the engine counts them.
    pub memory_bytes: u64,
    /// Bytes that these statements wrote to disk because memory did not hold them.
    pub spilled_bytes: u64,
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
    pub lanes: Lanes,
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
        let lanes = Lanes::new(limits.threads);
        Self { session, catalog, parameters, history, warehouse, limits, lanes }
    }
}

/// Builds every stale month of every model, as soon as the months that it reads are there. After a
/// failure nothing more is begun, and of several the first in the order of the models is told.
///
/// # Errors
/// Configuration errors of models, store errors.
pub async fn build(context: &BuildContext<'_>, console: &Console) -> Result<Built> {
    let models = &context.catalog.models;
    let workshop = Workshop::new(context).await?;
    let urgency = urgency(context);
    let progress = console.progress("building tables", models.len() as u64);
    let tables = models.iter().map(async |model| {
        let urgency = urgency[model.name.as_str()];
        let result = build_table(&workshop, model, urgency, &progress).await;
        progress.advance(&model.name);
        if !result.as_ref().is_ok_and(|(_, broken)| broken.is_empty()) {
            workshop.stop();
        }
        result
    });
    let results = join_all(tables).await;
    progress.finish();
    let mut built = Built::default();
    for (model, result) in models.iter().zip(results) {
        let (table, broken) = result?;
        // After a failure some are not begun at all.
        if !workshop.is_stopped() || !table.months.is_empty() || !broken.is_empty() {
            built.tables.push(table);
        }
        if !broken.is_empty() {
            built.broken = Some((model.name.clone(), broken));
            break;
        }
    }
    built.files = workshop.into_files();
    Ok(built)
}

/// How many statements at most come one after another from the first months of a model on: one of
/// each table, and all slices of one that reads itself, in which each needs the one before.
fn urgency<'m>(context: &BuildContext<'m>) -> BTreeMap<&'m str, usize> {
    let months = context.history.months().count();
    let slices = months.div_ceil(context.limits.slice_months.max(1));
    // Tables behind each other, at most, and with one among them that reads itself.
    let mut behind: BTreeMap<&str, (usize, Option<usize>)> = BTreeMap::new();
    let mut urgency = BTreeMap::new();
    // Models stand after what they read.
    for model in context.catalog.models.iter().rev() {
        let (any, in_order) = behind.get(model.name.as_str()).copied().unwrap_or_default();
        let any = any + 1;
        let in_order = if model.reads_itself() { Some(any) } else { in_order.map(|it| it + 1) };
        for input in inputs(context.catalog, model) {
            let longest = behind.entry(input).or_default();
            *longest = (longest.0.max(any), longest.1.max(in_order));
        }
        let length = in_order.map_or(0, |tables| tables + slices - 1);
        urgency.insert(model.name.as_str(), length.max(any));
    }
    urgency
}

/// Other models that a model reads.
fn inputs<'m>(catalog: &'m Catalog, model: &'m Model) -> impl Iterator<Item = &'m str> {
    let names = model.reads.iter().map(|read| read.table.as_str());
    names.filter(|name| *name != model.name && catalog.model(name).is_some())
}
