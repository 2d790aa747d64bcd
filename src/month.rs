//! Calendar months, the unit of all work.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A calendar month, counted from year 0; written `2024-03`, stored as its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month that contains `date`.
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year() * 12 + date.month0() as i32)
    }

    /// The month of a day counted from 1970-01-01, as Arrow stores dates.
    pub fn of_epoch_day(day: i32) -> Option<Self> {
        NaiveDate::from_epoch_days(day).map(Self::of)
    }

    /// The month `count` months later; earlier when negative.
    pub fn plus(self, count: i64) -> Self {
        let moved = i64::from(self.0).saturating_add(count);
        Self(moved.clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32)
    }

    /// How many months `self` lies after `other`.
    pub fn months_since(self, other: Self) -> i64 {
        i64::from(self.0) - i64::from(other.0)
    }

    /// First day of the month. Months beyond the calendar's range give its border.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0.div_euclid(12), self.0.rem_euclid(12) as u32 + 1, 1)
            .unwrap_or(if self.0 < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
    }

    /// Last day of the month.
    pub fn last_day(self) -> NaiveDate {
        self.plus(1).first_day().pred_opt().unwrap_or(NaiveDate::MAX)
    }

    /// First day, counted from 1970-01-01, as Arrow stores dates.
    pub fn epoch_day(self) -> i32 {
        self.first_day().to_epoch_days()
    }

    /// All months from `self` to `last`, both included.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a month; write it like 2024-03");
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(wrong());
        }
        let year = year.parse::<i32>().map_err(|_| wrong())?;
        let month = month.parse::<u32>().map_err(|_| wrong())?;
        NaiveDate::from_ymd_opt(year, month, 1).map(Self::of).ok_or_else(wrong)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `2024-01..2024-06, 2024-09`: contiguous months written as ranges, for people.
pub fn describe_ranges(months: impl IntoIterator<Item = Month>) -> String {
    ranges(months)
        .into_iter()
        .map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}..{last}") }
            },
        )
        .collect::<Vec<_>>()
        .join(", ")
}

/// Contiguous ranges of ascending months, both ends included.
pub fn ranges(months: impl IntoIterator<Item = Month>) -> Vec<(Month, Month)> {
    let mut found: Vec<(Month, Month)> = Vec::new();
    for month in months {
        match found.last_mut() {
            Some((_, last)) if last.plus(1) == month => *last = month,
            _ => found.push((month, month)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_know_their_days_and_neighbours() {
        let february: Month = "2024-02".parse().expect("a month");
        assert_eq!(february.last_day().to_string(), "2024-02-29");
        assert_eq!(february.plus(-2).to_string(), "2023-12");
        assert_eq!(february.plus(11).to_string(), "2025-01");
        assert_eq!(Month::of_epoch_day(february.epoch_day()), Some(february));
        assert!("2024-13".parse::<Month>().is_err());
        assert!("2024-3".parse::<Month>().is_err());
    }

    #[test]
    fn ranges_are_written_short() {
        let months = ["2023-12", "2024-01", "2024-03"].map(|text| text.parse().expect("month"));
        assert_eq!(describe_ranges(months), "2023-12..2024-01, 2024-03");
    }
}
