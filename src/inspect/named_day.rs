//! Days whose month is a name, English or Russian.

use super::date_shape::DateOrder;
use crate::reading::{MonthName, RUSSIAN, russian_month};

/// The notation of a day whose month is a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedDay {
    /// What stands between the parts.
    separator: char,
    /// `Dec 31, 2024` instead of `31 Dec 2024`.
    month_first: bool,
    is_russian: bool,
    /// `Dec`, not `December`. Names that are both, as `May`, count as short.
    is_short: bool,
    has_short_year: bool,
    /// What stands behind the year.
    suffix: &'static str,
}

/// What Russian texts have behind the year; the longer first.
const SUFFIXES: [&str; 6] = [" года", " г.", " г", "г.", "г", ""];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl NamedDay {
    /// Whether the year has two digits, so that it could be the day.
    pub fn has_short_year(self) -> bool {
        self.has_short_year
    }

    /// The pattern of dates in this notation.
    pub fn pattern(self, order: DateOrder) -> String {
        let by = self.separator;
        let month = if self.is_short { "%b" } else { "%B" };
        let year = if self.has_short_year { "%y" } else { "%Y" };
        let language = if self.is_russian { RUSSIAN } else { "" };
        let day = match (self.month_first, self.has_short_year, order) {
            (true, ..) => format!("{month}{by}%d, {year}"),
            (false, true, DateOrder::Ymd) => format!("{year}{by}{month}{by}%d"),
            (false, ..) => format!("%d{by}{month}{by}{year}"),
        };
        format!("{language}{day}{}", self.suffix)
    }
}

/// Reads a day whose month is a name: its notation, and day, month and year.
pub fn named_day(text: &str) -> Option<(NamedDay, [u16; 3])> {
    let (text, name) = match russian_month(text) {
        Some(name) => (text, name),
        None => (text, english_month(text)?),
    };
    let is_russian = !text[name.start..name.end].is_ascii();
    let (before, behind) = (&text[..name.start], &text[name.end..]);
    let suffix = SUFFIXES.iter().find(|suffix| behind.ends_with(**suffix)).copied()?;
    let suffix = if is_russian { suffix } else { "" };
    let behind = behind.strip_suffix(suffix)?;
    let separator = behind.chars().next()?;
    if !matches!(separator, ' ' | '-' | '.' | '/') {
        return None;
    }
    let behind = &behind[1..];
    let month_first = before.is_empty();
    let (day, year) = if month_first {
        behind.split_once(", ").filter(|_| separator == ' ')?
    } else {
        (before.strip_suffix(separator)?, behind)
    };
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let has_short_year = year.len() == 2;
    if day.len() > 2 || !(has_short_year || year.len() == 4) || (month_first && has_short_year) {
        return None;
    }
    let numbers = [number(day)?, u16::from(name.month), number(year)?];
    let is_short = name.is_short;
    let named = NamedDay { separator, month_first, is_russian, is_short, has_short_year, suffix };
    Some((named, numbers))
}

fn english_month(text: &str) -> Option<MonthName> {
    let start = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let word = text[start..].split(|letter: char| !letter.is_ascii_alphabetic()).next()?;
    let lower = if word.len() <= 9 { word.to_ascii_lowercase() } else { return None };
    let month = MONTHS.iter().position(|name| *name == lower || name[..3] == lower)?;
    let end = start + word.len();
    let (month, is_short) = (month as u8 + 1, word.len() == 3);
    Some(MonthName { start, end, month, is_short })
}
