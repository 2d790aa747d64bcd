//! Which days a file speaks for, and whether files speak for the same.

use super::notes::{Note, NoteId};
use super::preview::{FileTotals, Preview};
use super::shown::day_text;
use super::tables::DeliveredFile;
use crate::month::{Month, describe_ranges};
use serde::Serialize;

/// How the days that a file speaks for are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The months of its lines.
    Data,
    /// The days from its first to its last line.
    Days,
    /// The month in its name.
    FileName,
}

impl Period {
    /// As in the pipeline file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Days => "days",
            Self::FileName => "file_name",
        }
    }
}

/// Decides the period of files, and finds overlaps and gaps.
pub fn decide_period(files: &[DeliveredFile], preview: &Preview) -> (Period, Vec<Note>) {
    let mut notes = Vec::new();
    let gaps: Vec<Month> = match (preview.months.keys().next(), preview.months.keys().next_back()) {
        (Some(first), Some(last)) => {
            first.through(*last).filter(|month| !preview.months.contains_key(month)).collect()
        }
        _ => Vec::new(),
    };
    if !gaps.is_empty() {
        notes.push(Note::new(NoteId::MonthGap, [("months", &describe_ranges(gaps))]));
    }
    let totals: Vec<(&DeliveredFile, &FileTotals)> = files.iter().zip(&preview.files).collect();
    if let Some(note) = common_days(&totals) {
        notes.push(note);
        return (Period::Data, notes);
    }
    let by_name = files.len() > 1
        && totals.iter().all(|(file, totals)| {
            let month = month_in_name(&file.shown);
            month.is_some_and(|month| totals.months.keys().eq(std::iter::once(&month)))
        });
    let mut seen: Vec<Month> = totals.iter().flat_map(|(_, t)| t.months.keys().copied()).collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    let (period, id) = if by_name {
        (Period::FileName, NoteId::PeriodFileName)
    } else if seen.len() < all {
        (Period::Days, NoteId::FilesOverlapMonths)
    } else {
        (Period::Data, NoteId::PeriodData)
    };
    notes.push(Note::new(id, []));
    (period, notes)
}

/// First and last day of a file.
fn range(totals: &FileTotals) -> Option<(i32, i32)> {
    let (first_month, first_days) = totals.days.iter().next()?;
    let (last_month, last_days) = totals.days.iter().next_back()?;
    let first = first_month.epoch_day() + first_days.trailing_zeros() as i32;
    let last = last_month.epoch_day() + 31 - last_days.leading_zeros() as i32;
    Some((first, last))
}

fn common_days(totals: &[(&DeliveredFile, &FileTotals)]) -> Option<Note> {
    let mut ranges: Vec<((i32, i32), &str)> = totals
        .iter()
        .filter_map(|(file, totals)| Some((range(totals)?, file.shown.as_str())))
        .collect();
    ranges.sort_unstable();
    ranges.windows(2).find_map(|pair| {
        let (((_, last), one), ((first, end), other)) = (pair[0], pair[1]);
        (first <= last).then(|| {
            let days = format!("{}..{}", day_text(first), day_text(last.min(end)));
            Note::new(NoteId::FilesOverlap, [("one", &one), ("other", &other), ("days", &days)])
        })
    })
}

/// The one month that a file's name says, as `2024-03`, `2024_03`, `2024.03` or `202403`.
fn month_in_name(shown: &str) -> Option<Month> {
    let name = shown.rsplit(['/', '\\']).next()?;
    let digits_of = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut found: Option<Month> = None;
    let mut rest = name;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        rest = &rest[start..];
        let run = digits_of(rest);
        let behind = &rest[run..];
        let separated = run == 4
            && behind.starts_with(['-', '_', '.'])
            && digits_of(&behind[1..]) == 2
            // A day behind the month makes it a day.
            && !(behind[3..].starts_with(['-', '_']) && digits_of(&behind[4..]) == 2);
        let month = if separated {
            format!("{}-{}", &rest[..4], &behind[1..3]).parse().ok()
        } else if run == 6 {
            format!("{}-{}", &rest[..4], &rest[4..6]).parse().ok()
        } else {
            None
        };
        if month.is_some() && found.is_some() {
            return None;
        }
        found = found.or(month);
        rest = if separated { &behind[3..] } else { behind };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_month() {
        let month = |name| month_in_name(name).map(|month| month.to_string());
        assert_eq!(month("a/sales_2024-03.csv.gz").as_deref(), Some("2024-03"));
        assert_eq!(month("продажи_202403.csv").as_deref(), Some("2024-03"));
        for none in [
            "sales.csv",
            "sales_2024-13.csv",
            "2024-01_2024-02.csv",
            "a_2024-01-05.csv",
            "12345678.csv",
        ] {
            assert_eq!(month(none), None, "{none}");
        }
    }

    #[test]
    fn ranges_are_days() {
        let mut totals = FileTotals::default();
        let month: Month = "2024-02".parse().unwrap();
        totals.days.insert(month, 1 << 4 | 1 << 28);
        let (first, last) = range(&totals).unwrap();
        assert_eq!(
            (day_text(first).as_str(), day_text(last).as_str()),
            ("2024-02-05", "2024-02-29")
        );
    }
}
