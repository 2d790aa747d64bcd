//! What a build would do and why, from fingerprints alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::build::BuildContext;
use super::staleness::{TableFiles, fingerprint_of};
use crate::error::Result;
use crate::ingest::canonical_table;
use crate::models::{Definition, Model};
use crate::month::Month;
use crate::store::Slot;

/// What a run would do to one table.
#[derive(Debug, Clone, Serialize)]
pub struct TablePlan {
    pub table: String,
    /// Months to build (or the whole table), with the reason in words.
    pub months: BTreeMap<String, String>,
}

/// Table of the history → months (none: the whole table) that new or changed files touch.
pub type Touched = BTreeMap<&'static str, BTreeSet<Option<Month>>>;

/// What [`build`](super::build) would do, without data: a month is planned when its definition changed,
/// it is missing, or an input month is planned. Contents that turn out unchanged are only
/// found by building, so a run may do less than its plan.
///
/// # Errors
/// When definitions cannot be hashed.
pub fn plan_build(
    context: &BuildContext<'_>,
    touched: &Touched,
    before: &BTreeMap<String, Definition>,
) -> Result<Vec<TablePlan>> {
    let mut files = TableFiles::new();
    let mut planned: BTreeMap<String, BTreeSet<Option<Month>>> = BTreeMap::new();
    let mut plans = Vec::new();
    let history = context.history;
    for model in &context.catalog.models {
        // Committed files stand for inputs, whose stale months are tracked beside them.
        let committed = context.warehouse.files(&model.name);
        let slots = committed.map(|file| (file.slot.clone(), (file.clone(), false))).collect();
        files.insert(model.name.clone(), slots);
        let is_new = context.warehouse.files(&model.name).next().is_none();
        let definition_change =
            describe_change(before.get(&model.name), &model.definition(context.parameters)?);
        let mut months = BTreeMap::new();
        let mut stale = BTreeSet::new();
        let wanted: Vec<Option<Month>> =
            if model.is_monthly() { history.months().map(Some).collect() } else { vec![None] };
        for month in wanted {
            let input = stale_input(context, model, month, touched, &planned, &stale);
            let slot = Slot::of_result(month);
            let reason = match (context.warehouse.file(&model.name, &slot), input) {
                (None, _) if is_new => Some("first build".to_owned()),
                (None, _) => Some("new month".to_owned()),
                (Some(_), Some(input)) => Some(input),
                (Some(file), None) => (fingerprint_of(context, &files, model, month)?
                    != file.fingerprint)
                    .then(|| definition_change.clone()),
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
    touched: &Touched,
    planned: &BTreeMap<String, BTreeSet<Option<Month>>>,
    own: &BTreeSet<Option<Month>>,
) -> Option<String> {
    let history = context.history;
    let range = month.unwrap_or(history.last);
    model.reads.iter().find_map(|read| {
        let (from, to) = read.window.months(range, range, context.parameters);
        let from = from.unwrap_or(history.first);
        let to = to.unwrap_or(history.last);
        if let Some(table) = canonical_table(&read.table) {
            let touched = touched.get(table.name)?;
            let is_touched = match table.day_column {
                Some(_) => touched.range(Some(from)..=Some(to)).next().is_some(),
                None => !touched.is_empty(),
            };
            return is_touched.then(|| format!("new or changed {}", table.name));
        }
        let stale = if read.table == model.name { own } else { planned.get(&read.table)? };
        let is_read =
            |stale: &Option<Month>| stale.is_none_or(|month| (from..=to).contains(&month));
        stale.iter().any(is_read).then(|| {
            if read.table == model.name {
                "its earlier months may change".to_owned()
            } else {
                format!("{} may change", read.table)
            }
        })
    })
}
