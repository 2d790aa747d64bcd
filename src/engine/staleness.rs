//! The fingerprint of a month of a table: everything that its content depends on.

use std::collections::BTreeMap;

use super::build::BuildContext;
use crate::error::Result;
use crate::ingest::SALES;
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
        let (from, to) = read.window.months(range, range, parameters);
        let from = from.unwrap_or(history.first).max(history.first);
        let to = to.unwrap_or(history.last).min(history.last);
        builder.part("input", &read.table);
        for input in from.through(to) {
            match content(context, files, &read.table, input) {
                Some(content) => builder.part(&input.to_string(), content),
                None => builder.part(&input.to_string(), "nothing"),
            };
        }
        if let Some(whole) = whole_content(files, &read.table) {
            builder.part("whole", whole);
        }
    }
    Ok(builder.finish())
}

fn content(
    context: &BuildContext<'_>,
    files: &TableFiles,
    table: &str,
    month: Month,
) -> Option<Fingerprint> {
    if table == SALES {
        return Some(context.history.content(month));
    }
    let (file, _) = files.get(table)?.get(&Slot::of_result(Some(month)))?;
    Some(file.content)
}

fn whole_content(files: &TableFiles, table: &str) -> Option<Fingerprint> {
    let (file, _) = files.get(table)?.get(&Slot::of_result(None))?;
    Some(file.content)
}
