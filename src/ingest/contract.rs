//! What is unlike the files that a source delivered before: columns, their contents, and
//! months with far fewer lines or far less revenue than usual.

use std::collections::{BTreeMap, BTreeSet};

use super::SALES;
use super::fold_files::Delivered;
use super::ledger::{Ledger, delivered_months};
use super::observed::ColumnContent;
use super::plan::{SourceFiles, WorkReason};
use super::record::SnapshotRecord;
use super::state::Ingested;
use super::work::last_full_month;
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

/// Compares what a run read with what its sources delivered before. What is only warned of
/// comes back as notes.
///
/// # Errors
/// A data error that names everything the contract of a source makes an error.
pub fn check_contracts(
    sources: &[SourceFiles<'_>],
    delivered: &[Delivered],
    state: &Ingested,
) -> Result<Vec<String>> {
    let full_before = last_full_month(state, &[]);
    let full_now = last_full_month(state, delivered);
    let mut notes = Vec::new();
    for SourceFiles { source, staging, .. } in sources {
        let files: Vec<&SnapshotRecord> = delivered
            .iter()
            .filter(|file| file.planned.reason != WorkReason::SpeaksAgain)
            .map(|file| &file.record)
            .filter(|record| record.source == source.name && record.is_accepted())
            .collect();
        if files.is_empty() {
            continue;
        }
        let (files, before) = (files.as_slice(), &state.ledger);
        let brought = Brought { source, staging, files, before, full_before, full_now };
        notes.extend(check_contract(&brought)?);
    }
    Ok(notes)
}

/// What a run brought of one source, and what was known before.
#[derive(Clone, Copy)]
struct Brought<'a> {
    source: &'a Source,
    staging: &'a Staging,
    /// The files, in the order of reading.
    files: &'a [&'a SnapshotRecord],
    before: &'a Ledger,
    /// The last month that was over, as all sales told before this run.
    full_before: Option<Month>,
    /// The last month that is over, as all sales tell now.
    full_now: Option<Month>,
}

fn check_contract(brought: &Brought<'_>) -> Result<Vec<String>> {
    let Brought { source, staging, before, .. } = *brought;
    let mut found: Vec<(Reaction, String)> = Vec::new();
    // The file before the first of this run; a file itself, when it is delivered again.
    let mut last = before.accepted(&source.name).next_back();
    let is_first_load = last.is_none();
    for record in brought.files {
        let mut of_file: Vec<(Reaction, String)> = Vec::new();
        if let Some(last) = last {
            compare_columns(source, staging, record, last, &mut of_file);
            if matches!(source.delivery, Delivery::Full) {
                compare_whole(source, record, last, &mut of_file);
            }
        }
        let named = |(reaction, text)| (reaction, format!("{}: {text}", record.file));
        found.extend(of_file.into_iter().map(named));
        // Columns come and go in ten years: only what changes from now on is news.
        if !is_first_load {
            last = Some(record);
        }
    }
    compare_months(brought, &mut found);
    let with = |wanted: Reaction| {
        let kept = found.iter().filter(move |(reaction, _)| *reaction == wanted);
        kept.map(|(_, text)| text.clone()).collect::<Vec<_>>()
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

/// Judges months by all that is delivered for them, so that a month of weekly files is not
/// taken for a small one: those this run changes, and those that are over since.
fn compare_months(brought: &Brought<'_>, found: &mut Vec<(Reaction, String)>) {
    let Brought { source, files, before, .. } = *brought;
    let contract = &source.contract;
    if source.table.name != SALES || contract.unusual_months == Reaction::Ignore {
        return;
    }
    let known = before.delivered_months(&source.name);
    let now = delivered_months(before.accepted(&source.name).chain(files.iter().copied()));
    // The month that is still running has fewer lines than usual, of course; so has one for
    // which this source has not sent everything yet.
    let sent_before = before.accepted(&source.name).filter_map(SnapshotRecord::last_whole_month);
    let sent_before = sent_before.max();
    let sent = files.iter().filter_map(|record| record.last_whole_month()).max().max(sent_before);
    let Some(last) = brought.full_now.min(sent) else { return };
    let last_before = brought.full_before.min(sent_before);
    let is_over_since = |month: Month| last_before.is_none_or(|before| month > before);
    // A file may also come again without months that it had.
    let gone = known.iter().filter(|(_, had)| had.0 > 0).map(|(month, _)| *month);
    let gone = gone.filter(|month| now.get(month).is_none_or(|has| has.0 == 0));
    let touched = files.iter().flat_map(|record| &record.months).copied().chain(gone);
    let over_since = now.keys().copied().filter(|month| is_over_since(*month));
    let judged: BTreeSet<Month> =
        touched.chain(over_since).filter(|month| *month <= last).collect();
    for month in judged {
        let had = now.get(&month).copied().unwrap_or_default();
        let is_news = known.get(&month).copied().unwrap_or_default() != had || is_over_since(month);
        let earlier: Vec<(u64, i128)> =
            now.range(..month).rev().take(contract.usual_months).map(|(_, had)| *had).collect();
        if !is_news || earlier.len() < FEWEST_MONTHS {
            continue;
        }
        let named = by_whom(source, files, month);
        let (lines, revenue) = (had.0, had.1 as f64);
        let usual_lines = median(earlier.iter().map(|(lines, _)| *lines as f64));
        let usual_revenue = median(earlier.iter().map(|(_, revenue)| *revenue as f64));
        let span = format!("the median of the {} months before", earlier.len());
        if (lines as f64) < contract.min_lines_share * usual_lines {
            let text = format!(
                "{named}: {month} has {lines} lines; {span} is {usual_lines:.0} \
                 (min_lines_share = {})",
                contract.min_lines_share
            );
            found.push((contract.unusual_months, text));
        }
        if usual_revenue > 0.0 && revenue < contract.min_revenue_share * usual_revenue {
            let text = format!(
                "{named}: {month} has a revenue of {:.2}; {span} is {:.2} (min_revenue_share = {})",
                revenue / 10_000.0,
                usual_revenue / 10_000.0,
                contract.min_revenue_share
            );
            found.push((contract.unusual_months, text));
        }
    }
}

/// The files of this run that speak for a month, or the source.
fn by_whom(source: &Source, files: &[&SnapshotRecord], month: Month) -> String {
    let files: Vec<&str> = files
        .iter()
        .filter(|record| record.months.contains(&month))
        .map(|record| record.file.as_str())
        .collect();
    match files.as_slice() {
        [] => format!("source `{}`", source.name),
        [one] => (*one).to_owned(),
        [.., last] => format!("{last} and {} before it", files.len() - 1),
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
