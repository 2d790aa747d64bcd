//! Strict reading of dates by declared patterns.

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{Datelike, Days, NaiveDate, NaiveTime};

use super::block::CellKind;
use super::month_names::{RUSSIAN, with_english_month};

/// Years that a sale can lie in; others are typing errors that would stretch the history.
pub const SALE_YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// Milliseconds of a day.
const DAY_MILLISECONDS: f64 = 86_400_000.0;

/// How one text can be a date.
#[derive(Debug)]
enum Pattern {
    Strftime(Vec<Item<'static>>),
    /// The same, for texts whose month has a Russian name.
    Russian {
        items: Vec<Item<'static>>,
        is_short: bool,
    },
    Serial {
        is_1904: bool,
    },
}

/// Reads dates by patterns that are compiled once. Neighbouring rows often have the same
/// date, so the last answer is kept.
#[derive(Debug)]
pub struct DateParser {
    patterns: Vec<Pattern>,
    shown: String,
    last: Option<(String, i32)>,
}

impl DateParser {
    /// Compiles patterns: those of `strftime`, and `excel` and `excel1904` for the days that
    /// spreadsheets count from 1900 or 1904. Behind `ru:`, `%B` is a Russian name of a month
    /// (`декабря`, `декабрь`, or short) and `%b` a short one (`дек`, `дек.`). Others were refused
    /// with the pipeline file.
    pub fn new(formats: &[String]) -> Self {
        let items = |format: &str| StrftimeItems::new(format).map(Item::to_owned).collect();
        let pattern = |format: &String| match (format.as_str(), format.strip_prefix(RUSSIAN)) {
            ("excel", _) => Pattern::Serial { is_1904: false },
            ("excel1904", _) => Pattern::Serial { is_1904: true },
            (_, Some(format)) => {
                Pattern::Russian { items: items(format), is_short: !format.contains("%B") }
            }
            (format, None) => Pattern::Strftime(items(format)),
        };
        Self {
            patterns: formats.iter().map(pattern).collect(),
            shown: formats.join(", "),
            last: None,
        }
    }

    /// Reads a date as days since 1970-01-01. A time of day is checked and dropped.
    ///
    /// # Errors
    /// The reason, as a fragment that follows the value.
    pub fn parse(&mut self, text: &str) -> Result<i32, String> {
        let text = text.trim();
        if let Some((last, day)) = &self.last
            && last == text
        {
            return Ok(*day);
        }
        let day = self
            .patterns
            .iter()
            .find_map(|pattern| match pattern {
                Pattern::Strftime(items) => read_date(text, items),
                Pattern::Russian { items, is_short } => {
                    with_english_month(text, *is_short).and_then(|text| read_date(&text, items))
                }
                Pattern::Serial { is_1904 } => serial_of(text)
                    .and_then(|serial| date_of_serial(serial, *is_1904))
                    .map(|(date, _)| date),
            })
            .ok_or_else(|| format!("is not a date of the form {}", self.shown))?;
        let day = sale_day(day)?;
        match &mut self.last {
            Some((last, last_day)) => {
                text.clone_into(last);
                *last_day = day;
            }
            last => *last = Some((text.to_owned(), day)),
        }
        Ok(day)
    }

    /// Like `parse`, except that a cell which is a date in its file needs no pattern.
    ///
    /// # Errors
    /// The reason, as a fragment that follows the value.
    pub fn parse_cell(&mut self, text: &str, kind: CellKind) -> Result<i32, String> {
        if kind != CellKind::Date {
            return self.parse(text);
        }
        let date = text.get(..10).unwrap_or(text);
        let day = date.parse::<NaiveDate>().map_err(|_| "is not a date".to_owned())?;
        sale_day(day)
    }
}

fn sale_day(day: NaiveDate) -> Result<i32, String> {
    if !SALE_YEARS.contains(&day.year()) {
        return Err(format!("is in the year {}, which cannot be", day.year()));
    }
    Ok(day.to_epoch_days())
}

fn read_date(text: &str, items: &[Item<'static>]) -> Option<NaiveDate> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    let has_time = parsed.hour_div_12().is_some() || parsed.minute().is_some();
    if has_time {
        // A pattern with a time must hold a possible one.
        let _: NaiveTime = parsed.to_naive_time().ok()?;
    }
    parsed.to_naive_date().ok()
}

/// A serial number as text: digits, perhaps with decimals after a point or comma.
fn serial_of(text: &str) -> Option<f64> {
    let is_serial = text.len() <= 24
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    if is_serial { text.replace(',', ".").parse().ok() } else { None }
}

/// The date and time of a spreadsheet's serial number. None where it has none: before the
/// first day, beyond the year 9999, or on 1900-02-29, which spreadsheets count but never was.
pub(super) fn date_of_serial(serial: f64, is_1904: bool) -> Option<(NaiveDate, NaiveTime)> {
    // Beyond, the number has fewer bits for the time than a millisecond needs.
    if !(0.0..3_000_000.0).contains(&serial) {
        return None;
    }
    // Serial numbers are sums of fractions: a whole second is off by less than a millisecond.
    let milliseconds = (serial * DAY_MILLISECONDS).round();
    let days = (milliseconds / DAY_MILLISECONDS).floor();
    let second = ((milliseconds - days * DAY_MILLISECONDS) / 1000.0).floor();
    let (year, days_back) = if is_1904 {
        (1904, 0.0)
    } else if days >= 61.0 {
        (1900, 2.0)
    } else if (1.0..60.0).contains(&days) {
        (1900, 1.0)
    } else {
        return None;
    };
    let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
    let date = first.checked_add_days(Days::new((days - days_back) as u64))?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second as u32, 0)?;
    (date.year() <= 9999).then_some((date, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i32 {
        text.parse::<NaiveDate>().expect("a date").to_epoch_days()
    }

    fn parser(formats: &[&str]) -> DateParser {
        DateParser::new(&formats.iter().map(|&format| format.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn dates_follow_their_pattern() {
        let mut dates = parser(&["%d.%m.%Y", "%Y-%m-%d %H:%M:%S"]);
        assert_eq!(dates.parse("31.12.2024"), Ok(day("2024-12-31")));
        assert_eq!(dates.parse("31.12.2024"), Ok(day("2024-12-31")));
        assert_eq!(dates.parse("2024-02-29 23:59:59"), Ok(day("2024-02-29")));
        for wrong in ["2024-02-30 10:00:00", "2024-02-28 25:00:00", "12/31/2024", "", "45657"] {
            assert_eq!(
                dates.parse(wrong),
                Err("is not a date of the form %d.%m.%Y, %Y-%m-%d %H:%M:%S".to_owned())
            );
        }
        assert_eq!(dates.parse("31.12.0024"), Err("is in the year 24, which cannot be".to_owned()));
    }

    #[test]
    fn serial_numbers_count_from_the_declared_year() {
        let mut dates = parser(&["excel"]);
        // What Excel shows for these numbers.
        assert_eq!(dates.parse("45657"), Ok(day("2024-12-31")));
        assert_eq!(dates.parse("45657.99999"), Ok(day("2024-12-31")));
        assert_eq!(dates.parse("45657,5"), Ok(day("2024-12-31")));
        assert_eq!(parser(&["excel1904"]).parse("44195"), Ok(day("2024-12-31")));
        for wrong in ["60", "0", "-1", "1e4", "45657.5.5", "4.5e4", "inf", "99999999", "5 000"] {
            assert!(dates.parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_day_that_never_was_has_no_date() {
        let date = |serial, is_1904| {
            date_of_serial(serial, is_1904).map(|(date, time)| format!("{date} {time}"))
        };
        assert_eq!(date(59.0, false).as_deref(), Some("1900-02-28 00:00:00"));
        assert_eq!(date(60.0, false), None);
        assert_eq!(date(60.5, false), None);
        assert_eq!(date(61.0, false).as_deref(), Some("1900-03-01 00:00:00"));
        assert_eq!(date(1.0, false).as_deref(), Some("1900-01-01 00:00:00"));
        assert_eq!(date(0.5, false), None);
        assert_eq!(date(0.0, true).as_deref(), Some("1904-01-01 00:00:00"));
        assert_eq!(date(2_958_465.0, false).as_deref(), Some("9999-12-31 00:00:00"));
        assert_eq!(date(2_958_466.0, false), None);
        assert_eq!(date(f64::NAN, false), None);
        // 23:59:59 as a sum of fractions, and a moment that must not become the next month.
        assert_eq!(date(45_657.999_988_425_9, false).as_deref(), Some("2024-12-31 23:59:59"));
        assert_eq!(date(45_657.999_999, false).as_deref(), Some("2024-12-31 23:59:59"));
    }

    #[test]
    fn a_cell_that_is_a_date_needs_no_pattern() {
        let mut dates = parser(&["%d.%m.%Y"]);
        let read = dates.parse_cell("2024-12-31 10:00:00", CellKind::Date);
        assert_eq!(read, Ok(day("2024-12-31")));
        assert!(dates.parse_cell("2024-12-31", CellKind::Text).is_err());
        assert!(dates.parse_cell("45657", CellKind::Number).is_err());
        assert!(dates.parse_cell("1904-01-01", CellKind::Date).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_stop(text in "[0-9.,]{0,30}|\\PC*", serial in proptest::num::f64::ANY) {
            let mut dates = parser(&["%d.%m.%Y", "%d.%m.%y %H:%M", "excel", "excel1904"]);
            for kind in [CellKind::Text, CellKind::Date] {
                let _ = dates.parse_cell(&text, kind);
            }
            let _ = date_of_serial(serial, false);
            let _ = date_of_serial(serial, true);
        }
    }
}
