//! What a person should know about the deliveries of a run.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::SALES;
use super::coverage::Coverage;
use super::fold_files::Delivered;
use super::ledger::Ledger;
use super::plan::SourceFiles;
use crate::month::Month;

/// Files with sales of days that are not over: results speak for the last day of the sales, so
/// one wrong date makes every client look lost.
pub fn days_to_come(delivered: &[Delivered], now: DateTime<Utc>) -> Vec<String> {
    // Somewhere it is tomorrow already.
    let latest = now.date_naive() + Days::new(1);
    let sales = delivered.iter().filter(|file| file.record.table == SALES);
    let sales = sales.filter(|file| file.record.is_accepted());
    let to_come = sales.filter_map(|file| {
        let last = file.parts.months().filter_map(|(_, part)| part.days).map(|days| days.1).max();
        let last = NaiveDate::from_epoch_days(last?)?;
        (last > latest).then(|| {
            format!(
                "{} has sales up to {last}, a day that has not come; results speak for that day \
                 unless --as-of says another",
                file.record.file
            )
        })
    });
    to_come.collect()
}

/// Periods that reach into an earlier file's without being the same: a hint that exports
/// overlap by mistake.
pub fn overlaps(delivered: &[Delivered], ledger: &Ledger) -> Vec<String> {
    let mut notes = Vec::new();
    let counts =
        |file: &&Delivered| file.record.is_accepted() && !file.planned.reason.keeps_place();
    for file in delivered.iter().filter(counts) {
        let record = &file.record;
        let earlier = ledger.accepted(&record.source).filter(|other| other.file != record.file);
        for other in earlier.filter(|other| other.coverage != record.coverage) {
            let Some(days) = record.coverage.common_days(&other.coverage) else { continue };
            let Coverage::Days(ranges) = &record.coverage else { continue };
            // A whole month that a longer file delivered is corrected by a file of its own.
            if ranges.iter().all(|range| other.coverage.contains_all(*range)) {
                continue;
            }
            notes.push(format!(
                "{} overlaps {} in {days}: the rows of {} count there",
                record.file, other.file, record.file
            ));
        }
    }
    notes
}

/// Months between a source's first and last one for which nothing was delivered.
pub fn missing_months(sources: &[SourceFiles<'_>], ledger: &Ledger) -> Vec<String> {
    let mut notes = Vec::new();
    for files in sources.iter().filter(|files| files.source.table.name == SALES) {
        let name = &files.source.name;
        let known: BTreeSet<Month> =
            ledger.accepted(name).flat_map(|record| record.months.iter().copied()).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else { continue };
        let missing = first.through(*last).filter(|month| !known.contains(month));
        let missing = crate::month::describe_ranges(missing);
        if !missing.is_empty() {
            notes.push(format!("source `{name}` delivered nothing for {missing}"));
        }
    }
    notes
}
