//! Files that speak again for days which a later file had replaced and no longer delivers.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Coverage, DayRange};
use super::fold_files::Delivered;
use super::ledger::Ledger;
use super::plan::{PlannedSnapshot, SourceFiles, WorkReason};
use super::work::source_of;
use crate::error::Result;

/// Finds the files that have to be read again because a file that is delivered again no longer
/// speaks for days that it took from them. Where such a file is gone, those days are empty: the
/// file delivered again goes on speaking for them, and a note says so.
///
/// # Errors
/// When a file cannot be read.
pub async fn speak_again(
    sources: &[SourceFiles<'_>],
    before: &Ledger,
    delivered: &mut [Delivered],
) -> Result<Vec<PlannedSnapshot>> {
    let mut after = before.clone();
    for file in delivered.iter().filter(|file| file.record.is_accepted()) {
        after.put(file.record.clone());
    }
    let arrived: BTreeSet<(String, String)> = delivered
        .iter()
        .map(|file| (file.record.source.clone(), file.record.file.clone()))
        .collect();
    let mut again: BTreeMap<(String, String), PlannedSnapshot> = BTreeMap::new();
    for file in delivered.iter_mut().filter(|file| file.record.is_accepted()) {
        let source = file.record.source.clone();
        for (name, days) in given_back(before, &after, file) {
            let key = (source.clone(), name);
            if arrived.contains(&key) || again.contains_key(&key) {
                continue;
            }
            let Some(record) = before.accepted(&source).find(|record| record.file == key.1) else {
                continue;
            };
            let found = source_of(sources, &source)?.files.iter().find(|found| found.path == key.1);
            let is_there = match found {
                Some(found) => found.hash().await?.to_hex().as_str() == record.bytes_hash,
                None => false,
            };
            if let (true, Some(found)) = (is_there, found) {
                let planned = PlannedSnapshot {
                    source: source.clone(),
                    file: key.1.clone(),
                    reason: WorkReason::SpeaksAgain,
                    sequence: Some(record.sequence),
                    found: found.clone(),
                };
                again.insert(key, planned);
                continue;
            }
            let shown = Coverage::Days(days.clone()).shown();
            file.notes.push(format!(
                "{} no longer has {shown}, and {}, which had it before, is not there to be read \
                 again: nothing is left of {shown}",
                file.record.file, key.1
            ));
            if let Coverage::Days(ranges) = &mut file.record.coverage {
                ranges.extend(days);
            }
        }
    }
    Ok(again.into_values().collect())
}

/// Days that the former version of a file spoke for and the new one does not, by the earlier
/// file that they fall back to.
fn given_back(before: &Ledger, after: &Ledger, file: &Delivered) -> Vec<(String, Vec<DayRange>)> {
    let source = &file.record.source;
    let former = before.accepted(source).find(|record| record.file == file.record.file);
    let Some(Coverage::Days(ranges)) = former.map(|record| &record.coverage) else {
        return Vec::new();
    };
    let mut fallen: BTreeMap<String, Vec<DayRange>> = BTreeMap::new();
    for day in ranges.iter().flat_map(|range| range.first..=range.last) {
        let now = after.owner(source, Some(day));
        let Some(earlier) = now.filter(|owner| owner.file != file.record.file) else { continue };
        if before.owner(source, Some(day)) != former {
            continue;
        }
        let ranges = fallen.entry(earlier.file.clone()).or_default();
        match ranges.last_mut() {
            Some(last) if last.last + 1 == day => last.last = day,
            _ => ranges.push(DayRange { first: day, last: day }),
        }
    }
    fallen.into_iter().collect()
}
