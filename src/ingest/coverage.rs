//! Which days a delivered file speaks for, and which file speaks for a day.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::month::Month;

/// Days from a first to a last one, both included; counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayRange {
    pub first: i32,
    pub last: i32,
}

impl DayRange {
    /// All days of a month.
    pub fn of_month(month: Month) -> Self {
        Self { first: month.epoch_day(), last: month.last_day().to_epoch_days() }
    }

    /// Whether it begins and ends with a month.
    pub fn is_whole_months(self) -> bool {
        let month = |day| Month::of_epoch_day(day).map(Self::of_month);
        month(self.first).is_some_and(|month| month.first == self.first)
            && month(self.last).is_some_and(|month| month.last == self.last)
    }

    /// Whether a day lies inside.
    pub fn contains(self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// The days that both have.
    pub fn common(self, other: Self) -> Option<Self> {
        let common = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (common.first <= common.last).then_some(common)
    }

    /// Months that have a day inside.
    pub fn months(self) -> impl Iterator<Item = Month> {
        let month = |day| Month::of_epoch_day(day);
        month(self.first)
            .zip(month(self.last))
            .into_iter()
            .flat_map(|(first, last)| first.through(last))
    }
}

impl fmt::Display for DayRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = |day| NaiveDate::from_epoch_days(day).unwrap_or_default();
        let (first, last) = (date(self.first), date(self.last));
        let month = Month::of(first);
        if *self == Self::of_month(month) {
            write!(formatter, "{month}")
        } else if first == last {
            write!(formatter, "{first}")
        } else {
            write!(formatter, "{first}..{last}")
        }
    }
}

impl FromStr for DayRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(month) = text.parse::<Month>() {
            return Ok(Self::of_month(month));
        }
        let day = |text: &str| {
            let wrong = |_| format!("`{text}` is no day");
            text.parse::<NaiveDate>().map(|date| date.to_epoch_days()).map_err(wrong)
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        Ok(Self { first: day(first)?, last: day(last)? })
    }
}

impl Serialize for DayRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a delivered file replaces of what was delivered before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Nothing: it adds, or replaces rows by their key.
    #[default]
    Nothing,
    /// These days.
    Days(Vec<DayRange>),
    /// Everything.
    Everything,
}

impl Coverage {
    /// Whole months.
    pub fn of_months(months: impl IntoIterator<Item = Month>) -> Self {
        Self::Days(months.into_iter().map(DayRange::of_month).collect())
    }

    /// Whether it speaks for a day; rows without a day are spoken for by everything only.
    pub fn contains(&self, day: Option<i32>) -> bool {
        match (self, day) {
            (Self::Nothing, _) => false,
            (Self::Days(ranges), Some(day)) => ranges.iter().any(|range| range.contains(day)),
            (Self::Days(_), None) => false,
            (Self::Everything, _) => true,
        }
    }

    /// Whether it speaks for every day of a range.
    pub fn contains_all(&self, days: DayRange) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Days(_) => (days.first..=days.last).all(|day| self.contains(Some(day))),
        }
    }

    /// Days that both speak for.
    pub fn common_days(&self, other: &Self) -> Option<DayRange> {
        let (Self::Days(ours), Self::Days(theirs)) = (self, other) else { return None };
        let pairs = ours.iter().flat_map(|one| theirs.iter().map(move |two| (*one, *two)));
        pairs.filter_map(|(one, two)| one.common(two)).min()
    }

    /// Whether nothing is left of what an earlier file said within some days.
    pub fn replaces(&self, earlier: &Self, within: DayRange) -> bool {
        match (self, earlier) {
            (Self::Nothing, _) => false,
            (Self::Everything, _) => true,
            (Self::Days(_), Self::Days(ranges)) => {
                let mut said = ranges.iter().filter_map(|range| range.common(within));
                said.all(|days| self.contains_all(days))
            }
            (Self::Days(_), Self::Nothing | Self::Everything) => self.contains_all(within),
        }
    }

    /// The last day it speaks for, where it speaks for certain days.
    pub fn last_day(&self) -> Option<i32> {
        match self {
            Self::Nothing | Self::Everything => None,
            Self::Days(ranges) => ranges.iter().map(|range| range.last).max(),
        }
    }

    /// For people.
    pub fn shown(&self) -> String {
        match self {
            Self::Nothing => "additions".to_owned(),
            Self::Everything => "the whole history".to_owned(),
            Self::Days(ranges) => {
                let are_months = ranges.iter().all(|range| {
                    Month::of_epoch_day(range.first)
                        .is_some_and(|month| *range == DayRange::of_month(month))
                });
                if are_months {
                    crate::month::describe_ranges(
                        ranges.iter().filter_map(|range| Month::of_epoch_day(range.first)),
                    )
                } else {
                    ranges.iter().map(DayRange::to_string).collect::<Vec<_>>().join(", ")
                }
            }
        }
    }
}

/// The days that a file's name says: a month, a day or a range of days.
///
/// # Errors
/// When there is none, or more than one, or it is no possible date.
pub fn days_in_name(path: &str, pattern: Option<&regex::Regex>) -> Result<DayRange> {
    match pattern {
        None => month_in_name(path).map(DayRange::of_month),
        Some(pattern) => days_by_pattern(path, pattern),
    }
}

fn days_by_pattern(path: &str, pattern: &regex::Regex) -> Result<DayRange> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let wrong = |problem: &str| {
        Error::data(format!("{path}: the file's name {problem}"))
            .hint(format!("rename the file, or correct file_name_pattern = {:?}", pattern.as_str()))
    };
    let found = pattern.captures(name).ok_or_else(|| wrong("does not fit file_name_pattern"))?;
    let number = |group: &str| found.name(group).and_then(|text| text.as_str().parse::<i32>().ok());
    let (Some(year), Some(month)) = (number("year"), number("month")) else {
        return Err(wrong("has no year and month where file_name_pattern looks for them"));
    };
    let date = |year: i32, month: i32, day: i32| {
        let year = if year < 100 { year + 2000 } else { year };
        NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    };
    let first = date(year, month, number("day").unwrap_or(1));
    let has_end = ["to_year", "to_month", "to_day"].iter().any(|group| number(group).is_some());
    let last = if has_end || number("day").is_some() {
        let (year, month) =
            (number("to_year").unwrap_or(year), number("to_month").unwrap_or(month));
        match number("to_day").or(number("day").filter(|_| !has_end)) {
            Some(day) => date(year, month, day),
            None => date(year, month, 1).map(|date| Month::of(date).last_day()),
        }
    } else {
        first.map(|date| Month::of(date).last_day())
    };
    match (first, last) {
        (Some(first), Some(last)) if first <= last => {
            Ok(DayRange { first: first.to_epoch_days(), last: last.to_epoch_days() })
        }
        _ => Err(wrong("says days that cannot be")),
    }
}

/// The month that a file's name says, written `2024-03`, `2024_03`, `2024.03` or `202403`.
///
/// # Errors
/// When there is none, or more than one.
pub fn month_in_name(path: &str) -> Result<Month> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let bytes = name.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found: Vec<Month> = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let run = (start..bytes.len()).take_while(|at| is_digit(*at)).count();
        if run == 0 {
            // Bytes of a letter, which may be several.
            start += 1;
            continue;
        }
        let digits = &name[start..start + run];
        let separated = run == 4
            && matches!(bytes.get(start + 4), Some(b'-' | b'_' | b'.'))
            && is_digit(start + 5)
            && is_digit(start + 6)
            && !is_digit(start + 7);
        let text = if separated {
            Some(format!("{digits}-{}", &name[start + 5..start + 7]))
        } else if run == 6 {
            Some(format!("{}-{}", &digits[..4], &digits[4..]))
        } else {
            None
        };
        if let Some(month) = text.and_then(|text| text.parse::<Month>().ok()) {
            found.push(month);
            start += if separated { 7 } else { run };
        } else {
            start += run;
        }
    }
    match found.as_slice() {
        [month] => Ok(*month),
        [] => Err(Error::data(format!("{path}: the file's name holds no month like 2024-03"))
            .hint(
                "rename the file, set `file_name_pattern`, or set period = \"data\" for the source",
            )),
        several => {
            let months: Vec<String> = several.iter().map(Month::to_string).collect();
            Err(Error::data(format!("{path}: the file's name holds more than one month")).hint(
                format!(
                    "found {}; rename the file, or set `file_name_pattern`",
                    months.join(" and ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_month() {
        let month = |name: &str| month_in_name(name).map(|month| month.to_string()).ok();
        assert_eq!(month("a/sales_2024-03.csv.gz").as_deref(), Some("2024-03"));
        assert_eq!(month("продажи_202403.csv").as_deref(), Some("2024-03"));
        assert_eq!(month("2023/export 2024_12.csv").as_deref(), Some("2024-12"));
        assert_eq!(month("sales.csv"), None);
        assert_eq!(month("sales_2024-13.csv"), None);
        assert_eq!(month("2024-01_2024-02.csv"), None);
        assert_eq!(month("doc 12345678.csv"), None);
    }

    #[test]
    fn patterns_find_days_and_ranges() {
        let days = |name: &str, pattern: &str| {
            let pattern = regex::Regex::new(pattern).expect("a pattern");
            days_in_name(name, Some(&pattern)).map(|days| days.to_string()).ok()
        };
        let day = r"(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)";
        assert_eq!(days("a/sales_20240305.csv", day).as_deref(), Some("2024-03-05"));
        assert_eq!(days("sales_20240231.csv", day), None);
        let month = r"(?<month>\d\d)\.(?<year>\d\d)";
        assert_eq!(days("Продажи 03.24.xlsx", month).as_deref(), Some("2024-03"));
        let range = r"(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)-(?<to_year>\d{4})(?<to_month>\d\d)(?<to_day>\d\d)";
        assert_eq!(
            days("w_20240226-20240303.csv", range).as_deref(),
            Some("2024-02-26..2024-03-03")
        );
        assert_eq!(days("w_20240226-20240203.csv", range), None);
        let months = r"(?<year>\d{4})-(?<month>\d\d)_(?<to_month>\d\d)";
        assert_eq!(days("q_2024-01_03.csv", months).as_deref(), Some("2024-01-01..2024-03-31"));
        assert_eq!(days("sales.csv", months), None);
    }

    #[test]
    fn ranges_are_written_and_read() {
        for text in ["2024-02", "2024-02-29", "2024-02-26..2024-03-03"] {
            let range: DayRange = text.parse().expect("a range");
            assert_eq!(range.to_string(), text);
        }
    }

    #[test]
    fn common_days_are_found() {
        let days = |texts: &[&str]| {
            Coverage::Days(texts.iter().map(|text| text.parse().expect("days")).collect())
        };
        let common =
            |one: &Coverage, two: &Coverage| one.common_days(two).map(|days| days.to_string());
        let march = days(&["2024-03"]);
        assert_eq!(
            common(&march, &days(&["2024-03-31..2024-04-06"])).as_deref(),
            Some("2024-03-31")
        );
        assert_eq!(common(&march, &days(&["2024-02", "2024-04"])), None);
        assert_eq!(common(&march, &Coverage::Everything), None);
    }
}
