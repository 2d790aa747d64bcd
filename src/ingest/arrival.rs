//! The order of files that arrive together, where it decides what the history holds.

use std::cmp::Ordering;

use chrono::TimeDelta;

use super::plan::{PlannedSnapshot, SourceFiles, WorkReason};
use crate::config::Delivery;
use crate::error::{Error, Result};

/// Files that are written this close to each other say nothing by their times.
const TOGETHER: TimeDelta = TimeDelta::hours(1);

/// Puts files that arrive together in order: by name, numbers in it by their value. Where the
/// order matters, the times of the files must not say otherwise.
///
/// # Errors
/// When names and times of two files contradict each other.
pub fn put_in_order(sources: &[SourceFiles<'_>], planned: &mut [PlannedSnapshot]) -> Result<()> {
    planned.sort_by(|one, other| match (arrives(one), arrives(other)) {
        (false, false) => one.sequence.cmp(&other.sequence),
        (true, true) => {
            one.source.cmp(&other.source).then_with(|| by_numbers(&one.file, &other.file))
        }
        (one, other) => one.cmp(&other),
    });
    for files in sources.iter().filter(|files| order_matters(&files.source.delivery)) {
        let mut latest: Option<&PlannedSnapshot> = None;
        let is_delivered =
            |file: &&PlannedSnapshot| matches!(file.reason, WorkReason::New | WorkReason::Changed);
        let ours = planned.iter().filter(|file| file.source == files.source.name);
        let ours = ours.filter(is_delivered);
        for file in ours {
            let Some(before) = latest.filter(|before| before.found.modified > file.found.modified)
            else {
                latest = Some(file);
                continue;
            };
            if before.found.modified - file.found.modified > TOGETHER {
                return Err(Error::data(format!(
                    "source `{}`: {} comes before {} by its name, but was written after it ({}, {})",
                    files.source.name,
                    before.file,
                    file.file,
                    before.found.modified.format("%Y-%m-%d %H:%M"),
                    file.found.modified.format("%Y-%m-%d %H:%M"),
                ))
                .hint("the later file wins, so the order must be known: give names that sort, such as export_2024-01-31.csv, or deliver the files one run after another"));
            }
        }
    }
    Ok(())
}

fn arrives(file: &PlannedSnapshot) -> bool {
    !file.reason.keeps_place()
}

fn order_matters(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Full) || delivery.replaces_keys()
}

/// `inc_9` before `inc_10`.
fn by_numbers(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while !left.is_empty() && !right.is_empty() {
        let (one_part, one_rest) = part(left);
        let (other_part, other_rest) = part(right);
        let both_numbers = [one_part, other_part]
            .iter()
            .all(|part| part.starts_with(|letter: char| letter.is_ascii_digit()));
        let order = if both_numbers {
            let digits = |text: &str| text.trim_start_matches('0').to_owned();
            let (one_digits, other_digits) = (digits(one_part), digits(other_part));
            one_digits.len().cmp(&other_digits.len()).then(one_digits.cmp(&other_digits))
        } else {
            one_part.cmp(other_part)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (one_rest, other_rest);
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The digits, or the other letters, that a text begins with.
fn part(text: &str) -> (&str, &str) {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let starts_with_digit = text.starts_with(is_digit);
    let end = text.find(|letter| is_digit(letter) != starts_with_digit).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_by_their_value() {
        let mut names =
            ["inc_10.csv", "inc_9.csv", "inc_09a.csv", "inc.csv", "b/1.csv", "Продажи 2.csv"];
        names.sort_by(|one, other| by_numbers(one, other));
        assert_eq!(
            names,
            ["b/1.csv", "inc.csv", "inc_9.csv", "inc_09a.csv", "inc_10.csv", "Продажи 2.csv"]
        );
    }
}
