//! Strict reading of numbers and dates: exactly what is written, or a reason why not.

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{Datelike, NaiveDate, NaiveTime};

/// Characters that group digits in thousands: space, no-break space, narrow no-break
/// space, thin space, apostrophe.
const GROUP_SEPARATORS: [char; 5] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\''];

/// Reads a decimal number as an integer count of 10^-scale.
///
/// Digits may be grouped in threes. More decimals than `scale` are refused unless they
/// are zeros; nothing is ever rounded.
///
/// # Errors
/// The reason, as a fragment that follows the value.
pub fn parse_decimal(
    text: &str,
    precision: u8,
    scale: i8,
    decimal_separator: char,
) -> Result<i128, String> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(decimal_separator).unwrap_or((digits, ""));
    let not_a_number = || "is not a number".to_owned();
    if whole.is_empty() && fraction.is_empty() {
        return Err(not_a_number());
    }
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(not_a_number());
    }
    let mut value: i128 = 0;
    let mut push = |digit: u8| -> Result<(), String> {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit - b'0')))
            .ok_or("is too large")?;
        Ok(())
    };
    // Count of digits since the last separator; none seen yet when there is no group.
    let mut group: Option<usize> = None;
    let mut digits_before = 0;
    for letter in whole.chars() {
        if letter.is_ascii_digit() {
            push(letter as u8)?;
            digits_before += 1;
            group = group.map(|count| count + 1);
        } else if GROUP_SEPARATORS.contains(&letter) {
            let first_group_fits = group.is_none() && (1..=3).contains(&digits_before);
            if !first_group_fits && group != Some(3) {
                return Err(not_a_number());
            }
            group = Some(0);
        } else {
            return Err(not_a_number());
        }
    }
    if group.is_some_and(|count| count != 3) {
        return Err(not_a_number());
    }
    let kept = fraction.len().min(scale as usize);
    if fraction.as_bytes()[kept..].iter().any(|digit| *digit != b'0') {
        return Err(format!("has more than {scale} decimals"));
    }
    for digit in fraction.as_bytes()[..kept].iter().copied() {
        push(digit)?;
    }
    for _ in kept..scale as usize {
        push(b'0')?;
    }
    if value >= 10_i128.pow(u32::from(precision)) {
        return Err("is too large".to_owned());
    }
    Ok(if negative { -value } else { value })
}

/// Reads a whole number.
///
/// # Errors
/// The reason, as a fragment that follows the value.
pub fn parse_integer(text: &str) -> Result<i64, String> {
    let value = parse_decimal(text, 38, 0, '.')
        .map_err(|reason| reason.replace("has more than 0 decimals", "is not a whole number"))?;
    i64::try_from(value).map_err(|_| "is too large".to_owned())
}

/// Reads dates by patterns that are compiled once. Neighbouring rows often have the same
/// date, so the last answer is kept.
#[derive(Debug)]
pub struct DateParser {
    formats: Vec<Vec<Item<'static>>>,
    shown: String,
    last: Option<(String, i32)>,
}

impl DateParser {
    /// Compiles `strftime` patterns; they were checked when the pipeline file was read.
    pub fn new(formats: &[String]) -> Self {
        Self {
            formats: formats
                .iter()
                .map(|format| StrftimeItems::new(format).map(Item::to_owned).collect())
                .collect(),
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
            .formats
            .iter()
            .find_map(|format| read_date(text, format))
            .ok_or_else(|| format!("is not a date of the form {}", self.shown))?;
        if !SALE_YEARS.contains(&day.year()) {
            return Err(format!("is in the year {}, which cannot be", day.year()));
        }
        let day = day.to_epoch_days();
        self.last = Some((text.to_owned(), day));
        Ok(day)
    }
}

fn read_date(text: &str, format: &[Item<'static>]) -> Option<NaiveDate> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, format.iter()).ok()?;
    let has_time = parsed.hour_div_12().is_some() || parsed.minute().is_some();
    if has_time {
        // A pattern with a time must hold a possible one.
        let _: NaiveTime = parsed.to_naive_time().ok()?;
    }
    parsed.to_naive_date().ok()
}

/// Years that a sale can lie in; others are typing errors that would stretch the history.
pub const SALE_YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Result<i128, String> {
        parse_decimal(text, 18, 4, '.')
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(decimal("12.5"), Ok(125_000));
        assert_eq!(decimal("-0.0001"), Ok(-1));
        assert_eq!(decimal("+7"), Ok(70_000));
        assert_eq!(decimal(".5"), Ok(5_000));
        assert_eq!(decimal("1.00500"), Ok(10_050));
        assert_eq!(decimal("1 234 567.89"), Ok(12_345_678_900));
        assert_eq!(decimal("1.00005"), Err("has more than 4 decimals".to_owned()));
        assert_eq!(decimal("99999999999999.9999"), Ok(999_999_999_999_999_999));
        assert_eq!(decimal("100000000000000"), Err("is too large".to_owned()));
        for wrong in [
            "", "-", ".", "n/a", "1,5", "1e5", "12 34", "1  234", "1 2345", "--1", "1.2.3", "0x1",
            "1 ",
        ] {
            let read = decimal(wrong);
            assert!(read.is_err() || wrong == "1 ", "{wrong:?} gave {read:?}");
        }
        assert_eq!(parse_decimal("1\u{a0}234,56", 18, 2, ','), Ok(123_456));
        assert_eq!(parse_decimal("1\u{202f}234,56", 18, 2, ','), Ok(123_456));
    }

    proptest::proptest! {
        #[test]
        fn written_numbers_are_read_back(value in -(10_i128.pow(18) - 1)..10_i128.pow(18)) {
            let digits = value.unsigned_abs();
            let sign = if value < 0 { "-" } else { "" };
            let plain = format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000);
            proptest::prop_assert_eq!(decimal(&plain), Ok(value));
            let russian = plain.replace('.', ",");
            proptest::prop_assert_eq!(parse_decimal(&russian, 18, 4, ','), Ok(value));
        }

        #[test]
        fn no_text_makes_the_readers_stop(text in "\\PC*") {
            let _ = decimal(&text);
            let _ = parse_integer(&text);
            let _ = DateParser::new(&["%d.%m.%Y".to_owned()]).parse(&text);
            let _ = super::super::snapshot::month_in_name(&text);
        }
    }

    #[test]
    fn integers_are_whole() {
        assert_eq!(parse_integer("12.0"), Ok(12));
        assert_eq!(parse_integer("12.5"), Err("is not a whole number".to_owned()));
        assert_eq!(parse_integer("99999999999999999999"), Err("is too large".to_owned()));
    }

    #[test]
    fn dates_follow_their_pattern() {
        let mut dates = DateParser::new(&["%d.%m.%Y".to_owned(), "%Y-%m-%d %H:%M:%S".to_owned()]);
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date").to_epoch_days();
        assert_eq!(dates.parse("31.12.2024"), Ok(day("2024-12-31")));
        assert_eq!(dates.parse("2024-02-29 23:59:59"), Ok(day("2024-02-29")));
        assert!(dates.parse("2024-02-30 10:00:00").is_err());
        assert!(dates.parse("2024-02-28 25:00:00").is_err());
        assert!(dates.parse("12/31/2024").is_err());
        assert!(dates.parse("").is_err());
    }
}
