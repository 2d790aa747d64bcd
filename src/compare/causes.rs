//! Why a month of a table differs: its definition, the as-of date, or inputs, followed down to
//! what was delivered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Comparison, Side};
use crate::engine::AsOf;
use crate::ingest::canonical_table;
use crate::models::{Model, Window};
use crate::month::Month;

/// Something that makes two runs differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Delivered data of a month, or of the whole table, are others.
    Input { table: String, month: Option<Month> },
    /// The first run does not have the month.
    NewMonth(Month),
    /// The second run does not have the month.
    GoneMonth(Month),
    /// The first run does not have the table.
    NewTable(String),
    /// The second run does not have the table.
    GoneTable(String),
    /// A table is computed by other SQL.
    Sql(String),
    /// A parameter has another value.
    Parameter { name: String, before: String, after: String },
    /// Results speak for another date.
    AsOfDate { before: String, after: String },
    /// The history begins in another month.
    HistoryStart { before: Month, after: Month },
    /// Another version of the program computed it.
    Program { before: String, after: String },
    /// The reports do not tell.
    Unknown,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input { table, month: Some(month) } => write!(out, "{table} of {month} differ"),
            Self::Input { table, month: None } => write!(out, "{table} differ"),
            Self::NewMonth(month) => write!(out, "new month {month}"),
            Self::GoneMonth(month) => write!(out, "month {month} is gone"),
            Self::NewTable(table) => write!(out, "new table {table}"),
            Self::GoneTable(table) => write!(out, "table {table} is gone"),
            Self::Sql(table) => write!(out, "changed SQL of {table}"),
            Self::Parameter { name, before, after } => {
                write!(out, "changed parameter {name}: {before} to {after}")
            }
            Self::AsOfDate { before, after } => {
                write!(out, "the as-of date moved from {before} to {after}")
            }
            Self::HistoryStart { before, after } => {
                write!(out, "the history starts in {after} instead of {before}")
            }
            Self::Program { before, after } => {
                write!(out, "computed by clientbase {after} instead of {before}")
            }
            Self::Unknown => out.write_str("the reports of the runs do not tell"),
        }
    }
}

type Content = BTreeMap<(String, Option<Month>), BTreeSet<Cause>>;

/// Causes of all differing months; each is worked out once.
pub struct Causes<'a> {
    comparison: Comparison<'a>,
    /// Table → months with other content.
    differing: BTreeMap<String, BTreeSet<Option<Month>>>,
    known: Content,
}

impl<'a> Causes<'a> {
    /// Prepares the search.
    pub fn new(comparison: Comparison<'a>) -> Self {
        let tables = comparison.tables();
        let differing = tables
            .into_iter()
            .map(|table| {
                let slots = comparison.differing(&table, None);
                let months = slots.into_iter().map(|differing| differing.slot.month).collect();
                (table, months)
            })
            .collect();
        Self { comparison, differing, known: Content::new() }
    }

    /// Why a month (or the whole) of a table differs.
    pub fn of(&mut self, table: &str, month: Option<Month>) -> BTreeSet<Cause> {
        let mut causes = self.find(table, month);
        if causes.is_empty() {
            let (before, after) = (self.comparison.before.report, self.comparison.after.report);
            causes.insert(if before.version == after.version {
                Cause::Unknown
            } else {
                Cause::Program { before: before.version.clone(), after: after.version.clone() }
            });
        }
        causes
    }

    fn find(&mut self, table: &str, month: Option<Month>) -> BTreeSet<Cause> {
        let key = (table.to_owned(), month);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        // A table that reads itself looks at earlier months only, so this ends.
        self.known.insert(key.clone(), BTreeSet::new());
        let causes = self.search(table, month);
        self.known.insert(key, causes.clone());
        causes
    }

    fn search(&mut self, table: &str, month: Option<Month>) -> BTreeSet<Cause> {
        let Comparison { before, after, catalog, .. } = self.comparison;
        if let Some(cause) = appeared(before, after, table, month) {
            return BTreeSet::from([cause]);
        }
        let Some(model) = catalog.model(table) else {
            return match before.report.definitions.contains_key(table) {
                true => self.definition(table),
                false => BTreeSet::from([Cause::Input { table: table.to_owned(), month }]),
            };
        };
        let mut causes = self.definition(table);
        causes.extend(self.dates(model, month));
        for (input, months) in self.inputs(model, month) {
            for month in months {
                causes.extend(self.find(&input, month));
            }
        }
        causes
    }

    /// What of a table's definition differs.
    fn definition(&self, table: &str) -> BTreeSet<Cause> {
        let Comparison { before, after, .. } = self.comparison;
        let mut causes = BTreeSet::new();
        let definitions =
            (before.report.definitions.get(table), after.report.definitions.get(table));
        // Reports of old versions do not say.
        let (Some(old), Some(new)) = definitions else { return causes };
        if old.sql != new.sql {
            causes.insert(Cause::Sql(table.to_owned()));
        }
        for (name, value) in &new.parameters {
            if let Some(old) = old.parameters.get(name).filter(|old| *old != value) {
                causes.insert(Cause::Parameter {
                    name: name.clone(),
                    before: old.clone(),
                    after: value.clone(),
                });
            }
        }
        causes
    }

    /// As-of date and start of the history, where the month can see them.
    fn dates(&self, model: &Model, month: Option<Month>) -> BTreeSet<Cause> {
        let Comparison { before, after, .. } = self.comparison;
        let mut causes = BTreeSet::new();
        if let (Some((old, _)), Some((new, _))) = (before.report.months, after.report.months)
            && old != new
            && model.uses_parameter("history_first_month")
        {
            causes.insert(Cause::HistoryStart { before: old, after: new });
        }
        let date = |side: Side<'_>| side.report.as_of.as_deref()?.parse::<NaiveDate>().ok();
        if let (Some(old), Some(new)) = (date(before), date(after))
            && old != new
        {
            let sees_date = model.uses_parameter("as_of_date")
                && month.is_none_or(|month| {
                    [old, new].iter().any(|date| AsOf { date: *date }.within(month).is_some())
                });
            let mut reads_history =
                model.reads.iter().filter(|read| canonical_table(&read.table).is_some());
            // Rows after the date are not seen.
            let sees_cut = reads_history.any(|read| {
                let (from, to) = self.window(&read.window, month);
                [(before, old), (after, new)].iter().any(|(side, date)| {
                    side.warehouse.files(&read.table).any(|file| {
                        file.slot.month.is_some_and(|month| from <= month && month <= to)
                            && file.last_day.is_some_and(|day| day > date.to_epoch_days())
                    })
                })
            });
            if sees_date || sees_cut {
                causes.insert(Cause::AsOfDate { before: old.to_string(), after: new.to_string() });
            }
        }
        causes
    }

    /// Months of inputs that a month reads and that differ.
    fn inputs(&self, model: &Model, month: Option<Month>) -> Vec<(String, Vec<Option<Month>>)> {
        let mut found = Vec::new();
        for read in &model.reads {
            let Some(differing) = self.differing.get(&read.table) else { continue };
            let (from, to) = self.window(&read.window, month);
            let is_read = |input: &&Option<Month>| {
                input.is_none_or(|input| from <= input && input <= to)
                    && (read.table != model.name || **input != month)
            };
            found.push((read.table.clone(), differing.iter().filter(is_read).copied().collect()));
        }
        found
    }

    /// Months that a window holds for a month, within what either run has.
    fn window(&self, window: &Window, month: Option<Month>) -> (Month, Month) {
        let reports = [self.comparison.before.report, self.comparison.after.report];
        let spans = reports.iter().filter_map(|report| report.months);
        let (first, last) = spans
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
            .unwrap_or_else(|| (Month::of(NaiveDate::MIN), Month::of(NaiveDate::MAX)));
        let range = month.unwrap_or(last);
        let (from, to) = window.months(range, range, self.comparison.parameters);
        (from.unwrap_or(first), to.unwrap_or(last))
    }
}

/// Whether only one of the runs has the month.
fn appeared(before: Side<'_>, after: Side<'_>, table: &str, month: Option<Month>) -> Option<Cause> {
    let has = |side: Side<'_>, month: Option<Month>| {
        side.warehouse.files(table).any(|file| file.slot.month == month)
    };
    let has_table = |side: Side<'_>| side.warehouse.files(table).next().is_some();
    match (has(before, month), has(after, month)) {
        (false, true) if !has_table(before) => Some(Cause::NewTable(table.to_owned())),
        (false, true) => {
            Some(month.map_or_else(|| Cause::NewTable(table.to_owned()), Cause::NewMonth))
        }
        (true, false) if !has_table(after) => Some(Cause::GoneTable(table.to_owned())),
        (true, false) => {
            Some(month.map_or_else(|| Cause::GoneTable(table.to_owned()), Cause::GoneMonth))
        }
        _ => None,
    }
}
