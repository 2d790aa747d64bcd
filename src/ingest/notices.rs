//! What a person should know about the deliveries of a run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::SALES;
use super::coverage::{Coverage, DayRange};
use super::fold_files::Delivered;
use super::ledger::Ledger;
use super::plan::SourceFiles;
use super::record::{DeliveryState, SnapshotRecord};
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

/// Share of the weeks in which a weekday must be delivered before one without is missed.
const USUAL_SHARE: f64 = 0.75;
/// Gaps that are named; more are counted.
const GAPS_SHOWN: usize = 5;

/// Days that no file speaks for, between files that speak for days or weeks. Weekdays that a
/// source hardly ever delivers are not missed, and a gap is told once: by the run that brings a
/// later day. `known` has the last day of each source before this run.
pub fn missing_days(
    sources: &[SourceFiles<'_>],
    known: &BTreeMap<String, i32>,
    ledger: &Ledger,
) -> Vec<String> {
    let mut notes = Vec::new();
    for files in sources.iter().filter(|files| files.source.table.name == SALES) {
        let name = &files.source.name;
        let gaps = gaps(&covered_days(ledger, name), known.get(name).copied());
        if gaps.is_empty() {
            continue;
        }
        let shown: Vec<String> = gaps.iter().take(GAPS_SHOWN).map(DayRange::to_string).collect();
        let more = match gaps.len().saturating_sub(GAPS_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more gaps"),
        };
        notes.push(format!("source `{name}` delivered nothing for {}{more}", shown.join(", ")));
    }
    notes
}

/// The last day that each source speaks for.
pub fn last_days(sources: &[SourceFiles<'_>], ledger: &Ledger) -> BTreeMap<String, i32> {
    let last = |name: &str| ledger.accepted(name).filter_map(|file| file.coverage.last_day()).max();
    let names = sources.iter().map(|files| files.source.name.clone());
    names.filter_map(|name| last(&name).map(|day| (name, day))).collect()
}

/// Days a source speaks for since its files speak for less than whole months.
fn covered_days(ledger: &Ledger, source: &str) -> BTreeSet<i32> {
    let ranges: Vec<DayRange> = ledger
        .accepted(source)
        .flat_map(|record| match &record.coverage {
            Coverage::Days(ranges) => ranges.as_slice(),
            Coverage::Nothing | Coverage::Everything => &[],
        })
        .copied()
        .collect();
    let partial = ranges.iter().filter(|range| !range.is_whole_months());
    let Some(since) = partial.map(|range| range.first).min() else { return BTreeSet::new() };
    let days = ranges.into_iter().flat_map(|range| range.first..=range.last);
    days.filter(|day| *day >= since).collect()
}

/// Runs of missed days after `since`, but for months without any day, which are told as such.
fn gaps(covered: &BTreeSet<i32>, since: Option<i32>) -> Vec<DayRange> {
    let (Some(&first), Some(&last)) = (covered.first(), covered.last()) else { return Vec::new() };
    let weekday = |day: i32| day.rem_euclid(7) as usize;
    let (mut days, mut delivered) = ([0_u32; 7], [0_u32; 7]);
    for day in first..=last {
        days[weekday(day)] += 1;
        delivered[weekday(day)] += u32::from(covered.contains(&day));
    }
    let is_usual = |day: i32| {
        let place = weekday(day);
        f64::from(delivered[place]) >= USUAL_SHARE * f64::from(days[place])
    };
    let has_month = |day: i32| {
        let month = Month::of_epoch_day(day).map(DayRange::of_month);
        month.is_some_and(|month| covered.range(month.first..=month.last).next().is_some())
    };
    let begin = since.map_or(first, |since| since.max(first));
    let mut gaps: Vec<DayRange> = Vec::new();
    for day in (begin..=last).filter(|day| !covered.contains(day) && is_usual(*day)) {
        if !has_month(day) {
            continue;
        }
        match gaps.last_mut() {
            Some(gap) if gap.last + 1 == day => gap.last = day,
            _ => gaps.push(DayRange { first: day, last: day }),
        }
    }
    gaps
}

/// Sources whose folder has no file any more: what they delivered stays, but an export that
/// stopped looks just so.
pub fn empty_sources(sources: &[SourceFiles<'_>]) -> Vec<String> {
    let empty = sources.iter().filter(|files| files.files.is_empty());
    let told = empty.map(|files| {
        format!(
            "source `{}`: no file matches its `files` any more; what it delivered before stays",
            files.source.name
        )
    });
    told.collect()
}

/// Copies that are not there any more, of which the file that stood for them has other bytes
/// now: their rows went with it.
pub fn lost_twins(
    sources: &[SourceFiles<'_>],
    delivered: &[Delivered],
    before: &Ledger,
) -> Vec<String> {
    let mut notes = Vec::new();
    let changed = delivered.iter().filter(|file| file.planned.reason.brings_other_bytes());
    for file in changed.filter(|file| file.record.is_accepted()) {
        let source = &file.record.source;
        let former = before.accepted(source).find(|former| former.file == file.record.file);
        let Some(former) = former else { continue };
        let has_them = |record: &SnapshotRecord| record.bytes_hash == former.bytes_hash;
        if delivered.iter().any(|other| other.record.source == *source && has_them(&other.record)) {
            continue;
        }
        let is_there = |name: &str| {
            let of_source = sources.iter().filter(|files| files.source.name == *source);
            of_source.flat_map(|files| &files.files).any(|found| found.path == name)
        };
        let copies = before.records().iter().filter(|record| {
            record.source == *source
                && record.state == DeliveryState::Duplicate
                && has_them(record)
                && !is_there(&record.file)
        });
        let copies: Vec<&str> = copies.map(|record| record.file.as_str()).collect();
        if !copies.is_empty() {
            notes.push(format!(
                "{} has other bytes now, and {}, which had its former ones, is gone: those rows \
                 went; deliver the copy again if they are to stay",
                file.record.file,
                copies.join(", ")
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_days_that_are_usual() {
        // Mondays to Fridays of eight weeks from Monday 2024-01-01 (day 19723), without the
        // Wednesday of the second week and the Thursday and Friday of the third.
        let missing = [19_723 + 9, 19_723 + 17, 19_723 + 18];
        let days = (0..8).flat_map(|week| (0..5).map(move |day| 19_723 + week * 7 + day));
        let covered: BTreeSet<i32> = days.filter(|day| !missing.contains(day)).collect();
        let shown =
            |since| gaps(&covered, since).iter().map(DayRange::to_string).collect::<Vec<_>>();
        assert_eq!(shown(None), ["2024-01-10", "2024-01-18..2024-01-19"]);
        assert_eq!(shown(Some(19_723 + 14)), ["2024-01-18..2024-01-19"]);
        assert!(gaps(&BTreeSet::new(), None).is_empty());
    }
}
