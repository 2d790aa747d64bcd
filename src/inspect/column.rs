//! What the values of one column say, counted over the whole file.

use std::collections::BTreeMap;

use super::counts::{DateCounts, Example, LONGEST_EXAMPLE, NumberCounts, example};
use super::date_shape::date_shape;
use super::number_shape::{NumberShape, number_shape};
use super::precision::QUANTITY_DECIMALS;
use super::words::{ends_as_total, is_no_text, is_no_value, is_total};
use crate::reading::{Cell, CellKind};

/// Different values that are kept with their counts; beyond, a column has many.
pub const MOST_VALUES: usize = 40;

/// Notations of dates that are told apart in one column.
const MOST_NOTATIONS: usize = 12;

/// Days that spreadsheets count from 1900, for 1970 to 2064.
const SERIALS: std::ops::RangeInclusive<f64> = 25_569.0..=60_000.0;

/// What the values of one column say.
#[derive(Debug, Clone, Default)]
pub struct ColumnEvidence {
    /// Name in the header.
    pub name: String,
    /// Rows looked at, totals left aside.
    pub rows: u64,
    /// Rows with a value.
    pub filled: u64,
    /// Values with blanks around them.
    pub padded: u64,
    /// Values that are numbers in the file, not text.
    pub native_numbers: u64,
    /// Values that are dates in the file, not text.
    pub native_dates: u64,
    /// Values that are errors or broken.
    pub errors: u64,
    /// Texts that stand for no value, as they are written, with their counts.
    pub no_values: BTreeMap<String, u64>,
    /// Texts that are numbers.
    pub numbers: NumberCounts,
    /// Dates by notation.
    pub dates: Vec<DateCounts>,
    /// Numbers that can be a spreadsheet's days.
    pub serials: u64,
    /// Whole numbers written with `.0`, as some programs export codes.
    pub point_zero: u64,
    /// Texts like «Реализация ТД00-000123 от 31.12.2024 12:00:00».
    pub registrars: u64,
    /// Texts that begin with «возврат».
    pub returns: u64,
    /// Cells that say «Итого» or the like.
    pub totals: u64,
    /// Of them, those that say so at their end.
    pub total_ends: u64,
    /// Different values with their counts; none when there are many.
    pub values: Option<BTreeMap<String, u64>>,
    /// First three different values.
    pub examples: Vec<Example>,
}

impl ColumnEvidence {
    /// Evidence of a column that nothing is known of.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), values: Some(BTreeMap::new()), ..Self::default() }
    }

    /// Takes one cell of a row that is no total.
    pub fn feed(&mut self, cell: Option<Cell<'_>>, row: u64) {
        self.rows += 1;
        let Some(cell) = cell.filter(|cell| !cell.is_blank()) else { return };
        self.filled += 1;
        let Some(text) = cell.text().filter(|_| cell.kind != CellKind::Error) else {
            self.errors += 1;
            return;
        };
        let trimmed = text.trim();
        if trimmed.len() != text.len() {
            self.padded += 1;
        }
        self.keep(trimmed, row);
        if cell.kind == CellKind::Text && is_no_value(trimmed) {
            *self.no_values.entry(trimmed.to_owned()).or_default() += 1;
            return;
        }
        match cell.kind {
            CellKind::Number => self.feed_native_number(trimmed, row),
            CellKind::Date => self.native_dates += 1,
            CellKind::Text => self.feed_text(trimmed, row),
            CellKind::Boolean | CellKind::Error => {}
        }
    }

    /// Takes one cell of a row of totals.
    pub fn feed_total(&mut self, cell: Option<Cell<'_>>) {
        let Some(text) = cell.and_then(|cell| cell.text()) else { return };
        let at_end = !is_total(text) && ends_as_total(text);
        self.totals += u64::from(at_end || is_total(text));
        self.total_ends += u64::from(at_end);
    }

    fn feed_native_number(&mut self, text: &str, row: u64) {
        self.native_numbers += 1;
        if text.parse::<f64>().is_ok_and(|number| SERIALS.contains(&number)) {
            self.serials += 1;
        }
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        self.numbers.most_decimals = self.numbers.most_decimals.max(decimals);
        self.numbers.precision.feed(text.trim_start_matches('-'), text, row);
    }

    fn feed_text(&mut self, text: &str, row: u64) {
        if let Some(number) = number_shape(text) {
            let counts = &mut self.numbers;
            counts.all += 1;
            counts.most_decimals = counts.most_decimals.max(number.decimals);
            if let Some(currency) = number.currency {
                *counts.currencies.entry(currency).or_default() += 1;
            }
            if number.decimals > QUANTITY_DECIMALS
                && let NumberShape::Decimal { separator, .. } = number.shape
            {
                let plain: String = text
                    .chars()
                    .filter(|letter| letter.is_ascii_digit() || *letter == separator)
                    .map(|letter| if letter == separator { '.' } else { letter })
                    .collect();
                counts.precision.feed(&plain, text, row);
            }
            let place = |separator| usize::from(separator == ',');
            let remember = |kept: &mut Option<Example>| {
                kept.get_or_insert_with(|| example(text, row));
            };
            match number.shape {
                NumberShape::Whole => {
                    if text.parse::<f64>().is_ok_and(|number| SERIALS.contains(&number)) {
                        self.serials += 1;
                    }
                }
                NumberShape::Decimal { separator, .. } => {
                    counts.decimal[place(separator)] += 1;
                    remember(&mut counts.decimal_example[place(separator)]);
                    if text.ends_with(".0") {
                        self.point_zero += 1;
                    }
                }
                NumberShape::Groups(separator) => {
                    counts.group[place(separator)] += 1;
                    remember(&mut counts.group_example[place(separator)]);
                }
                NumberShape::Either(separator) => {
                    counts.either[place(separator)] += 1;
                    remember(&mut counts.either_example[place(separator)]);
                }
            }
            if let NumberShape::Decimal { separator, grouped: true } = number.shape {
                let other = 1 - place(separator);
                counts.group[other] += 1;
                remember(&mut counts.group_example[other]);
            }
        }
        if text.get(..14).is_some_and(|begin| begin.to_lowercase() == "возврат") {
            self.returns += 1;
        }
        if let Some(date) = date_shape(text) {
            self.feed_date(date, text, row);
        } else if registrar_day(text).is_some() {
            self.registrars += 1;
        }
    }

    fn feed_date(&mut self, date: super::date_shape::DateText, text: &str, row: u64) {
        let known = self.dates.iter().position(|counts| counts.notation == date.notation);
        let place = match known {
            Some(place) => place,
            None if self.dates.len() < MOST_NOTATIONS => {
                self.dates.push(DateCounts {
                    notation: date.notation,
                    all: 0,
                    first_over_12: 0,
                    second_over_12: 0,
                    proof: [None, None],
                    example: example(text, row),
                });
                self.dates.len() - 1
            }
            None => return,
        };
        let counts = &mut self.dates[place];
        counts.all += 1;
        if date.first > 12 {
            counts.first_over_12 += 1;
            counts.proof[0].get_or_insert_with(|| example(text, row));
        }
        if date.second > 12 {
            counts.second_over_12 += 1;
            counts.proof[1].get_or_insert_with(|| example(text, row));
        }
    }

    fn keep(&mut self, text: &str, row: u64) {
        if self.examples.len() < 3
            && !is_no_value(text)
            && self.examples.iter().all(|kept| kept.text != text)
        {
            self.examples.push(example(text, row));
        }
        let Some(values) = &mut self.values else { return };
        if let Some(count) = values.get_mut(text) {
            *count += 1;
        } else if values.len() < MOST_VALUES && text.len() <= LONGEST_EXAMPLE {
            values.insert(text.to_owned(), 1);
        } else {
            self.values = None;
        }
    }

    /// Values that can be dates.
    pub fn date_like(&self) -> u64 {
        let texts: u64 = self.dates.iter().map(|counts| counts.all).sum();
        texts + self.native_dates
    }

    /// Values that can be numbers.
    pub fn number_like(&self) -> u64 {
        self.numbers.all + self.native_numbers
    }

    /// Share of the rows that have a value.
    pub fn share_of_rows(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.filled as f64 / self.rows as f64 }
    }

    /// Cells with a value: errors and words for no value are none.
    pub fn values(&self) -> u64 {
        self.filled - self.errors - self.no_values.values().sum::<u64>()
    }

    /// Texts that stand for no value in a column of texts.
    pub fn no_texts(&self) -> Vec<String> {
        self.no_values.keys().filter(|text| is_no_text(text)).cloned().collect()
    }

    /// Share of the values that a count makes up.
    pub fn share(&self, count: u64) -> f64 {
        let values = self.values();
        if values == 0 { 0.0 } else { count as f64 / values as f64 }
    }
}

/// The day in «… от 31.12.2024 12:00:00», as year, month and day.
pub fn registrar_day(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.rsplit_once(" от ").or_else(|| text.rsplit_once(" from "))?.1;
    let day = rest.get(..10)?;
    let bytes = day.as_bytes();
    let fits = bytes.iter().enumerate().all(|(at, byte)| match at {
        2 | 5 => *byte == b'.',
        _ => byte.is_ascii_digit(),
    });
    let behind = rest.get(10..)?.bytes().next();
    (fits && !behind.is_some_and(|byte| byte.is_ascii_digit()))
        .then(|| (&day[6..10], &day[3..5], &day[..2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> ColumnEvidence {
        let mut evidence = ColumnEvidence::new("x");
        for (row, text) in texts.iter().enumerate() {
            let cell = Cell { bytes: text.as_bytes(), kind: CellKind::Text };
            evidence.feed(Some(cell), row as u64 + 2);
        }
        evidence
    }

    #[test]
    fn values_are_counted() {
        let evidence = column(&["1,234", "12,5", "", "1.234,50", " 7 "]);
        assert_eq!((evidence.rows, evidence.filled, evidence.padded), (5, 4, 1));
        assert_eq!(evidence.numbers.all, 4);
        assert_eq!(evidence.numbers.either, [0, 1]);
        assert_eq!(evidence.numbers.decimal, [0, 2]);
        assert_eq!(evidence.numbers.group, [1, 0]);
        let first = evidence.numbers.decimal_example[1].as_ref().unwrap();
        assert_eq!((first.text.as_str(), first.row), ("12,5", 3));
    }

    #[test]
    fn days_over_twelve_are_found() {
        let evidence = column(&["01.02.2024", "13.02.2024", "05.06.2024"]);
        assert_eq!(evidence.dates.len(), 1);
        assert_eq!((evidence.dates[0].first_over_12, evidence.dates[0].second_over_12), (1, 0));
        assert_eq!(evidence.dates[0].proof[0].as_ref().unwrap().row, 3);
    }

    #[test]
    fn registrars_hold_a_day() {
        let text = "Реализация товаров и услуг ТД00-000123 от 31.12.2024 12:00:00";
        assert_eq!(registrar_day(text), Some(("2024", "12", "31")));
        assert_eq!(registrar_day("Заказ от 3.1.2024"), None);
        assert_eq!(registrar_day("от"), None);
        assert_eq!(column(&[text]).registrars, 1);
    }

    #[test]
    fn many_values_are_not_kept() {
        let texts: Vec<String> = (0..100).map(|number| format!("v{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(column(&texts).values.is_none());
    }
}
