//! What is unlike the files that a source delivered before: columns, their contents, and
//! months with far fewer lines or far less revenue than usual.

use std::collections::BTreeMap;

use super::SALES;
use super::ledger::Ledger;
use super::observed::ColumnContent;
use super::record::SnapshotRecord;
use crate::config::{Delivery, Reaction, Source};
use crate::error::{Error, Result};
use crate::models::Staging;
use crate::month::Month;

/// Names that are suggested for one that is missing.
const NEAREST: usize = 3;
/// How alike a suggested name must be, from 0 to 1.
const LIKE: f64 = 0.6;
/// Months a source must have delivered before its usual is known.
const FEWEST_MONTHS: usize = 3;

/// Compares a file with what its source delivered before. What is only warned of comes back
/// as notes.
///
/// # Errors
/// A data error that names everything the contract makes an error.
pub fn check_contract(
    source: &Source,
    staging: &Staging,
    record: &SnapshotRecord,
    before: &Ledger,
    last_full_month: Option<Month>,
) -> Result<Vec<String>> {
    let mut found: Vec<(Reaction, String)> = Vec::new();
    // The file before this one; the file itself, when it is delivered again.
    if let Some(last) = before.accepted(&source.name).next_back() {
        compare_columns(source, staging, record, last, &mut found);
        if matches!(source.delivery, Delivery::Full) {
            compare_whole(source, record, last, &mut found);
        }
    }
    compare_months(source, record, before, last_full_month, &mut found);
    let with = |wanted: Reaction| {
        let kept = found.iter().filter(move |(reaction, _)| *reaction == wanted);
        kept.map(|(_, text)| format!("{}: {text}", record.file)).collect::<Vec<_>>()
    };
    let errors = with(Reaction::Error);
    if errors.is_empty() {
        return Ok(with(Reaction::Warn));
    }
    Err(Error::data(format!("the contract of source `{}` is broken:\n  {}", source.name, errors.join("\n  ")))
        .hint("correct the export; if the change is right, set the key of [source.contract] to \"warn\" for this run; nothing was committed"))
}

fn compare_columns(
    source: &Source,
    staging: &Staging,
    record: &SnapshotRecord,
    last: &SnapshotRecord,
    found: &mut Vec<(Reaction, String)>,
) {
    let contract = &source.contract;
    // A record of an earlier version knows no columns.
    if last.columns.is_empty() || record.columns.is_empty() {
        return;
    }
    let of = |record: &SnapshotRecord| -> BTreeMap<String, ColumnContent> {
        record.columns.iter().map(|column| (column.name.clone(), column.content)).collect()
    };
    let (old, new) = (of(last), of(record));
    let since = format!("since {}", last.file);
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let used = staging.raw.iter().any(|raw| raw.name == *name);
        let role = if used { "the optional column" } else { "the column" };
        let candidates = new.keys().filter(|other| !old.contains_key(*other));
        let like = nearest(name, candidates.map(String::as_str));
        let text = format!("{role} `{name}` is missing {since}{like}");
        found.push((contract.missing_columns, text));
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        found.push((contract.new_columns, format!("the column `{name}` is new {since}")));
    }
    for (name, content) in &new {
        let Some(was) = old.get(name) else { continue };
        let is_known = *was != ColumnContent::Empty && *content != ColumnContent::Empty;
        if is_known && was != content && *was != ColumnContent::Text {
            let text = format!(
                "the column `{name}` held {} in {}, and holds {} now",
                was.shown(),
                last.file,
                content.shown()
            );
            found.push((contract.changed_types, text));
        }
    }
}

/// A whole history that shrank was probably cut off: everything it lacks would be gone.
fn compare_whole(
    source: &Source,
    record: &SnapshotRecord,
    last: &SnapshotRecord,
    found: &mut Vec<(Reaction, String)>,
) {
    let contract = &source.contract;
    if contract.unusual_months == Reaction::Ignore || last.accepted == 0 {
        return;
    }
    if record.accepted == 0 {
        let text = format!("it has no rows, and {} had {}", last.file, last.accepted);
        found.push((Reaction::Error, text));
        return;
    }
    if (record.accepted as f64) < contract.min_lines_share * last.accepted as f64 {
        let text = format!(
            "it has {} rows, and {} had {} (min_lines_share = {})",
            record.accepted, last.file, last.accepted, contract.min_lines_share
        );
        found.push((contract.unusual_months, text));
    }
    let gone = last.accepted_by_month.keys();
    let gone: Vec<Month> =
        gone.filter(|month| !record.accepted_by_month.contains_key(month)).copied().collect();
    if !gone.is_empty() {
        let text = format!(
            "{} had rows of {}, and it has none",
            last.file,
            crate::month::describe_ranges(gone)
        );
        found.push((contract.unusual_months, text));
    }
}

fn compare_months(
    source: &Source,
    record: &SnapshotRecord,
    before: &Ledger,
    last_full_month: Option<Month>,
    found: &mut Vec<(Reaction, String)>,
) {
    let contract = &source.contract;
    if source.table.name != SALES || contract.unusual_months == Reaction::Ignore {
        return;
    }
    let known = before.delivered_months(&source.name);
    for month in &record.months {
        // The month that is still running has fewer lines than usual, of course.
        if last_full_month.is_none_or(|last| *month > last) {
            continue;
        }
        let earlier: Vec<(u64, i128)> =
            known.range(..*month).rev().take(contract.usual_months).map(|(_, had)| *had).collect();
        if earlier.len() < FEWEST_MONTHS {
            continue;
        }
        let lines = record.accepted_by_month.get(month).copied().unwrap_or(0);
        let revenue = record.revenue_by_month.get(month);
        let revenue = revenue.map_or(0, |text| super::record::ten_thousandths(text)) as f64;
        let usual_lines = median(earlier.iter().map(|(lines, _)| *lines as f64));
        let usual_revenue = median(earlier.iter().map(|(_, revenue)| *revenue as f64));
        let span = format!("the median of the {} months before", earlier.len());
        if (lines as f64) < contract.min_lines_share * usual_lines {
            let text = format!(
                "{month} has {lines} lines; {span} is {usual_lines:.0} (min_lines_share = {})",
                contract.min_lines_share
            );
            found.push((contract.unusual_months, text));
        }
        if usual_revenue > 0.0 && revenue < contract.min_revenue_share * usual_revenue {
            let text = format!(
                "{month} has a revenue of {:.2}; {span} is {:.2} (min_revenue_share = {})",
                revenue / 10_000.0,
                usual_revenue / 10_000.0,
                contract.min_revenue_share
            );
            found.push((contract.unusual_months, text));
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Names most like one that is missing, as the end of a sentence.
fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> String {
    let likeness = |other: &str| {
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase())
    };
    let mut like: Vec<(f64, &str)> = candidates
        .map(|other| (likeness(other), other))
        .filter(|(like, _)| *like >= LIKE)
        .collect();
    like.sort_by(|one, other| other.0.total_cmp(&one.0));
    let names: Vec<String> =
        like.iter().take(NEAREST).map(|(_, name)| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!("; perhaps it is {} now", names.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_names() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(nearest("Сумма", ["Сума", "Дата"].into_iter()), "; perhaps it is `Сума` now");
        assert_eq!(nearest("Сумма", ["Дата"].into_iter()), "");
    }
}
