//! Values as people read them.

use super::expression::Value;
use crate::report::thousands;

/// Decimals of money.
pub const MONEY_SCALE: u8 = 4;

/// Digits with the scale of money, when nothing is lost.
pub(super) fn rescaled(digits: i128, scale: u8) -> Option<i128> {
    if scale <= MONEY_SCALE {
        return digits.checked_mul(10_i128.pow(u32::from(MONEY_SCALE - scale)));
    }
    let factor = 10_i128.checked_pow(u32::from(scale - MONEY_SCALE))?;
    (digits % factor == 0).then_some(digits / factor)
}

/// A decimal number as text, without zeros at its end beyond two decimals.
pub(super) fn decimal_text(digits: i128, scale: u8) -> String {
    let factor = 10_u128.pow(u32::from(scale.min(30)));
    let (whole, part) = (digits.unsigned_abs() / factor, digits.unsigned_abs() % factor);
    let sign = if digits < 0 { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{whole}");
    }
    let mut decimals = format!("{part:0width$}", width = usize::from(scale));
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    format!("{sign}{whole}.{decimals}")
}

/// A value of a staged line.
pub(super) fn shown_value(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => cut(text, 40),
        Value::Day(day) => day_text(*day),
        Value::Whole(number) => number.to_string(),
        Value::Decimal(digits, scale) => {
            let text = decimal_text(*digits, *scale);
            // Quantities are shown as short as they are, money with its cents.
            if *scale == 3 {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
    }
}

/// A day since 1970-01-01 as text.
pub(super) fn day_text(day: i32) -> String {
    chrono::NaiveDate::from_epoch_days(day).map_or_else(|| day.to_string(), |date| date.to_string())
}

/// The first letters of a text, on one line.
pub(super) fn cut(text: &str, letters: usize) -> String {
    let plain = text.replace(['\n', '\r', '\t'], " ");
    if plain.chars().count() <= letters {
        return plain;
    }
    format!("{}…", plain.chars().take(letters.saturating_sub(1)).collect::<String>())
}

/// Decimals that money needs, at least two.
pub(super) fn decimals_of(digits: i128) -> usize {
    decimal_text(digits, MONEY_SCALE).split_once('.').map_or(2, |(_, decimals)| decimals.len())
}

/// Money with grouped thousands and this many decimals or more, exactly.
pub(super) fn money(digits: i128, decimals: usize) -> String {
    let text = decimal_text(digits, MONEY_SCALE);
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |text| ("-", text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), thousands);
    format!("{sign}{whole}.{part:0<decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal_text(-154_805_000, 4), "-15480.50");
        assert_eq!(decimal_text(1, 4), "0.0001");
        assert_eq!(decimal_text(7, 0), "7");
        assert_eq!(rescaled(1_234_567, 7), None);
        assert_eq!(rescaled(1_234_000, 7), Some(1_234));
        assert_eq!(cut("a\nbcdef", 4), "a b…");
    }

    #[test]
    fn money_is_grouped_and_exact() {
        assert_eq!(money(-123_456_789_001, 4), "-12,345,678.9001");
        assert_eq!(money(5_000, 3), "0.500");
    }
}
