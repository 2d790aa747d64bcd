//! The fingerprint of a month of a table: everything that its content depends on.

use std::collections::BTreeMap;

use super::build::BuildContext;
use crate::error::Result;
use crate::ingest::canonical_table;
use crate::models::{Fingerprint, FingerprintBuilder, Model};
use crate::month::Month;
use crate::store::{DataFile, Slot};

/// Version of the way models are run: raised when the same SQL would give other bytes.
const ENGINE_VERSION: u32 = 1;

/// Table → slot → file, and whether it is only staged.
pub type TableFiles = BTreeMap<String, BTreeMap<Slot, (DataFile, bool)>>;

/// Hash of everything a month of the table depends on.
///
/// # Errors
/// When a definition cannot be hashed.
pub fn fingerprint_of(
    context: &BuildContext<'_>,
    files: &TableFiles,
    model: &Model,
    month: Option<Month>,
) -> Result<Fingerprint> {
    let BuildContext { history, parameters, .. } = context;
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
        builder.part("input", &read.table);
        let months = read.window.months(range, range, parameters);
        for input in input_months(context, &read.table, months) {
            match content(context, files, &read.table, input) {
                Some(content) => builder.part(&input.to_string(), content),
                None => builder.part(&input.to_string(), "nothing"),
            };
        }
        if let Some(whole) = whole_content(context, files, &read.table) {
            builder.part("whole", whole);
        }
    }
    Ok(builder.finish())
}

/// Months of an input that a window shows; none of a table without months. What a statement
/// sees and what its fingerprint is made of are both decided here.
pub fn input_months(
    context: &BuildContext<'_>,
    table: &str,
    (from, to): (Option<Month>, Option<Month>),
) -> impl Iterator<Item = Month> + use<> {
    let history = context.history;
    let is_whole = match canonical_table(table) {
        Some(canonical) => canonical.day_column.is_none(),
        None => context.catalog.model(table).is_some_and(|model| !model.is_monthly()),
    };
    // A feed may begin before the first sale: people ask before they buy.
    let first = history.first_month_of(table).unwrap_or(history.first).min(history.first);
    let from = from.unwrap_or(first).max(first);
    let to = to.unwrap_or(history.last).min(history.last);
    (!is_whole).then(|| from.through(to)).into_iter().flatten()
}

fn content(
    context: &BuildContext<'_>,
    files: &TableFiles,
    table: &str,
    month: Month,
) -> Option<Fingerprint> {
    if let Some(canonical) = canonical_table(table) {
        let is_dated = canonical.day_column.is_some();
        return is_dated.then(|| context.history.content(table, month));
    }
    let (file, _) = files.get(table)?.get(&Slot::of_result(Some(month)))?;
    Some(file.content)
}

fn whole_content(
    context: &BuildContext<'_>,
    files: &TableFiles,
    table: &str,
) -> Option<Fingerprint> {
    if canonical_table(table).is_some() {
        return context.history.whole_content(table);
    }
    let (file, _) = files.get(table)?.get(&Slot::of_result(None))?;
    Some(file.content)
}
