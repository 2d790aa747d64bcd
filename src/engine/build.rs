//! Which months of which tables are stale, and making them: a month is rebuilt when, and
//! only when, its fingerprint changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use async_trait::async_trait;
use datafusion::prelude::{SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;
use serde::{Deserialize, Serialize};

use super::bind::bind;
use super::execute::{BrokenContract, SliceWriter, run_statement};
use super::history::History;
use super::session::Session;
use crate::config::{Limits, Parameters};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::ingest::{SALES, sales_schema};
use crate::models::{Catalog, Definition, Fingerprint, FingerprintBuilder, Model, Read};
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, Slot, Warehouse};

/// Version of the way models are run: raised when the same SQL would give other bytes.
const ENGINE_VERSION: u32 = 1;

/// Why a month is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildReason {
    /// The table has never had this month.
    New,
    /// Its SQL, contract or parameters differ, or an input changed.
    Changed,
}

/// How a month of a table stands in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthState {
    /// As committed.
    Kept,
    /// Staged by a run that was interrupted.
    Resumed,
    /// Computed by this run.
    Built(BuildReason),
}

/// What a run did to one table.
#[derive(Debug, Clone)]
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
    pub files: BTreeMap<String, BTreeMap<Slot, (DataFile, bool)>>,
    /// What was done, in the order of the models.
    pub tables: Vec<TableBuild>,
    /// Contracts that were broken; the build stopped there.
    pub broken: Option<(String, Vec<BrokenContract>)>,
}

/// What a run would do to one table.
#[derive(Debug, Clone, Serialize)]
pub struct TablePlan {
    pub table: String,
    /// Months to build (or the whole table), with the reason in words.
    pub months: BTreeMap<String, String>,
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
    let table = TableBuild {
        table: model.name.clone(),
        months: BTreeMap::new(),
        changed: BTreeSet::new(),
        rows_built: 0,
        rows: 0,
        seconds: 0.0,
    };
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
        while month <= last {
            let fingerprint = self.fingerprint(Some(month))?;
            if self.take_existing(Some(month), fingerprint, resumable).await? {
                month = month.plus(1);
                if self.model.reads_itself() {
                    slice = 1;
                }
                continue;
            }
            let longest = slice.min(self.context.limits.slice_months) as i64;
            let mut end = month;
            while end < last
                && end.plus(1).months_since(month) < longest
                && self.is_stale(end.plus(1), resumable)?
            {
                end = end.plus(1);
            }
            let broken = self.run(Some((month, end))).await?;
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
        if matches!(state, MonthState::Built(_)) {
            self.table.rows_built += file.0.rows;
        }
        let files = self.built.files.entry(self.model.name.clone()).or_default();
        files.insert(file.0.slot.clone(), file);
    }

    async fn run(&mut self, range: Option<(Month, Month)>) -> Result<Vec<BrokenContract>> {
        let model = self.model;
        let context = self.context.session.context();
        let tables = Tables { build: self.context, files: &self.built.files };
        tables.register(&context, &model.reads, range).await?;
        let values = statement_parameters(
            &model.parameters,
            model.is_monthly().then_some(range).flatten(),
            self.context,
        )?;
        let frame = bind(&context, &model.file, values).await?;
        run_statement(frame, model, range, self).await
    }

    /// Hash of everything a month of the table depends on.
    fn fingerprint(&self, month: Option<Month>) -> Result<Fingerprint> {
        let BuildContext { history, parameters, .. } = self.context;
        let model = self.model;
        let mut builder = FingerprintBuilder::default();
        builder.part("engine", ENGINE_VERSION);
        model.add_definition(&mut builder, parameters)?;
        if model.uses_parameter("as_of_date") {
            match month {
                Some(month) => match history.as_of.within(month) {
                    Some(date) => builder.part("as of", date),
                    None => builder.part("as of", "month end"),
                },
                None => builder.part("as of", history.as_of.date),
            };
        }
        if model.uses_parameter("history_first_month") {
            builder.part("history starts", history.first);
        }
        let range = month.unwrap_or(history.last);
        for read in &model.reads {
            let (from, to) = read.window.months(range, range, parameters);
            let from = from.unwrap_or(history.first).max(history.first);
            let to = to.unwrap_or(history.last).min(history.last);
            builder.part("input", &read.table);
            for input in from.through(to) {
                match self.content(&read.table, input) {
                    Some(content) => builder.part(&input.to_string(), content),
                    None => builder.part(&input.to_string(), "nothing"),
                };
            }
            if let Some(whole) = self.whole_content(&read.table) {
                builder.part("whole", whole);
            }
        }
        Ok(builder.finish())
    }

    fn content(&self, table: &str, month: Month) -> Option<Fingerprint> {
        if table == SALES {
            return Some(self.context.history.content(month));
        }
        let (file, _) = self.built.files.get(table)?.get(&Slot::of_result(Some(month)))?;
        Some(file.content)
    }

    fn whole_content(&self, table: &str) -> Option<Fingerprint> {
        let (file, _) = self.built.files.get(table)?.get(&Slot::of_result(None))?;
        Some(file.content)
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
        let reason = match self.context.warehouse.file(name, &slot) {
            Some(_) => BuildReason::Changed,
            None => BuildReason::New,
        };
        let file = self.context.warehouse.stage(name, slot, fingerprint, encoded, None).await?;
        self.put((file, true), MonthState::Built(reason));
        Ok(())
    }
}

/// Tables as a statement sees them: staged before committed, cut to declared windows.
pub struct Tables<'a> {
    pub build: &'a BuildContext<'a>,
    pub files: &'a BTreeMap<String, BTreeMap<Slot, (DataFile, bool)>>,
}

impl Tables<'_> {
    /// Registers the declared inputs for a range of months.
    ///
    /// # Errors
    /// When an input does not exist, which loading has ruled out.
    pub async fn register(
        &self,
        context: &SessionContext,
        reads: &[Read],
        range: Option<(Month, Month)>,
    ) -> Result<()> {
        let BuildContext { history, parameters, .. } = self.build;
        let (first, last) = range.unwrap_or((history.first, history.last));
        for read in reads {
            let (from, to) = read.window.months(first, last, parameters);
            let from = from.unwrap_or(history.first);
            let to = to.unwrap_or(history.last).min(history.last);
            if read.table == SALES {
                self.register_sales(context, from, to).await?;
                continue;
            }
            let model = self
                .build
                .catalog
                .model(&read.table)
                .ok_or_else(|| Error::bug(format!("{} reads an unknown table", read.table)))?;
            let files = self.files.get(&read.table).into_iter().flat_map(BTreeMap::values);
            let visible = files.filter(|(file, _)| {
                file.slot.month.is_none_or(|month| (from..=to).contains(&month))
            });
            let placed = visible.map(|(file, staged)| {
                (self.build.warehouse.relative_path(&read.table, file, *staged), file.clone())
            });
            let table = self.build.session.table(&model.schema(), placed);
            context.register_table(&*read.table, table)?;
        }
        Ok(())
    }

    async fn register_sales(&self, context: &SessionContext, from: Month, to: Month) -> Result<()> {
        let history = self.build.history;
        let placed = history.files(from, to).map(|(file, staged)| {
            (self.build.warehouse.relative_path(SALES, file, *staged), file.clone())
        });
        let table = self.build.session.table(&sales_schema(), placed);
        if history.needs_cut(from, to) {
            let end = ScalarValue::Date32(Some(history.as_of.date.to_epoch_days()));
            let seen =
                context.read_table(table)?.filter(ident("sale_date").lt_eq(lit(end)))?.into_view();
            context.register_table(SALES, seen)?;
        } else {
            context.register_table(SALES, table)?;
        }
        Ok(())
    }
}

/// Values of the parameters that a statement declares, and of its range.
///
/// # Errors
/// When a value is missing, which loading has ruled out.
pub fn statement_parameters(
    declared: &[(String, crate::config::ParameterType)],
    range: Option<(Month, Month)>,
    context: &BuildContext<'_>,
) -> Result<Vec<(String, ScalarValue)>> {
    let date = |month: Month| ScalarValue::Date32(Some(month.epoch_day()));
    let mut values = Vec::new();
    if let Some((first, last)) = range {
        values.push(("first_month".to_owned(), date(first)));
        values.push(("last_month".to_owned(), date(last)));
    }
    for (name, _) in declared {
        let value = match name.as_str() {
            "first_month" | "last_month" => continue,
            "as_of_date" => ScalarValue::Date32(Some(context.history.as_of.date.to_epoch_days())),
            "history_first_month" => date(context.history.first),
            other => context
                .parameters
                .get(other)
                .cloned()
                .ok_or_else(|| Error::bug(format!("parameter `{other}` lost its value")))?,
        };
        values.push((name.clone(), value));
    }
    Ok(values)
}

/// What [`build`] would do, without data: a month is planned when its definition changed,
/// it is missing, or an input month is planned. Contents that turn out unchanged are only
/// found by building, so a run may do less than its plan.
///
/// # Errors
/// When definitions cannot be hashed.
pub fn plan_build(
    context: &BuildContext<'_>,
    touched_sales: &BTreeSet<Month>,
    before: &BTreeMap<String, Definition>,
) -> Result<Vec<TablePlan>> {
    let mut built = Built::default();
    let mut planned: BTreeMap<String, BTreeSet<Option<Month>>> = BTreeMap::new();
    let mut plans = Vec::new();
    let history = context.history;
    for model in &context.catalog.models {
        // Committed files stand for inputs, whose stale months are tracked beside them.
        let committed = context.warehouse.files(&model.name);
        let files = committed.map(|file| (file.slot.clone(), (file.clone(), false))).collect();
        built.files.insert(model.name.clone(), files);
        let is_new = context.warehouse.files(&model.name).next().is_none();
        let definition_change =
            describe_change(before.get(&model.name), &model.definition(context.parameters)?);
        let mut months = BTreeMap::new();
        let mut stale = BTreeSet::new();
        let wanted: Vec<Option<Month>> =
            if model.is_monthly() { history.months().map(Some).collect() } else { vec![None] };
        for month in wanted {
            let input = stale_input(context, model, month, touched_sales, &planned, &stale);
            let slot = Slot::of_result(month);
            let reason = match (context.warehouse.file(&model.name, &slot), input) {
                (None, _) if is_new => Some("first build".to_owned()),
                (None, _) => Some("new month".to_owned()),
                (Some(_), Some(input)) => Some(format!("{input} changes")),
                (Some(file), None) => {
                    let table = TableBuild {
                        table: model.name.clone(),
                        months: BTreeMap::new(),
                        changed: BTreeSet::new(),
                        rows_built: 0,
                        rows: 0,
                        seconds: 0.0,
                    };
                    let work = TableWork { context, model, built: &mut built, table };
                    (work.fingerprint(month)? != file.fingerprint)
                        .then(|| definition_change.clone())
                }
            };
            if let Some(reason) = reason {
                stale.insert(month);
                let shown = month.map_or_else(|| "all".to_owned(), |month| month.to_string());
                months.insert(shown, reason);
            }
        }
        planned.insert(model.name.clone(), stale);
        if !months.is_empty() {
            plans.push(TablePlan { table: model.name.clone(), months });
        }
    }
    Ok(plans)
}

/// What of a table's definition differs from the last run's; if nothing does, only the
/// as-of date or the beginning of the history can be behind a new fingerprint.
fn describe_change(before: Option<&Definition>, now: &Definition) -> String {
    let Some(before) = before else { return "changed model or parameter".to_owned() };
    if before.sql != now.sql {
        return "changed SQL".to_owned();
    }
    let changed = now.parameters.iter().find_map(|(name, value)| {
        let old = before.parameters.get(name)?;
        (old != value).then(|| format!("changed parameter {name}: {old} to {value}"))
    });
    changed.unwrap_or_else(|| "the as-of date or the start of the history moved".to_owned())
}

/// The first input of a month that is itself planned.
fn stale_input(
    context: &BuildContext<'_>,
    model: &Model,
    month: Option<Month>,
    touched_sales: &BTreeSet<Month>,
    planned: &BTreeMap<String, BTreeSet<Option<Month>>>,
    own: &BTreeSet<Option<Month>>,
) -> Option<String> {
    let history = context.history;
    let range = month.unwrap_or(history.last);
    model.reads.iter().find_map(|read| {
        let (from, to) = read.window.months(range, range, context.parameters);
        let from = from.unwrap_or(history.first);
        let to = to.unwrap_or(history.last);
        if read.table == SALES {
            let touched = touched_sales.range(from..=to).next()?;
            return Some(format!("{SALES} of {touched}"));
        }
        let stale = if read.table == model.name { own } else { planned.get(&read.table)? };
        stale.iter().find_map(|stale| match stale {
            None => Some(read.table.clone()),
            Some(month) => {
                (from..=to).contains(month).then(|| format!("{} of {month}", read.table))
            }
        })
    })
}
