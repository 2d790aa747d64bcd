//! Any text, as a number: compared with a slow evaluation that knows no fast path, and printed
//! and read again.
//!
//! Input: format, precision and scale, a byte each; then the text.
#![no_main]

use std::sync::LazyLock;

use clientbase_fuzz::reading::{NumberFormat, parse_decimal, parse_integer};
use libfuzzer_sys::{Corpus, fuzz_target};
use num_bigint::BigInt;
use regex::Regex;

const FORMATS: [NumberFormat; 4] = [
    NumberFormat::PLAIN,
    NumberFormat { decimal: '.', group: Some(',') },
    NumberFormat { decimal: ',', group: None },
    NumberFormat { decimal: ',', group: Some('.') },
];

/// As docs/pipeline-file.md lists them.
const CURRENCIES: [&str; 10] = ["руб.", "руб", "rub", "usd", "eur", "р.", "р", "₽", "$", "€"];

/// For each format: digits, perhaps grouped by one of its separators, decimals, an exponent.
static CORES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    FORMATS.map(|format| {
        let signs = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}'];
        let grouped = signs
            .into_iter()
            .chain(format.group)
            .map(|sign| format!("[0-9]{{1,3}}(?:[{sign}][0-9]{{3}})+"))
            .collect::<Vec<_>>()
            .join("|");
        let pattern = format!(
            "^(?:(?<whole>[0-9]*)|(?<grouped>{grouped}))(?:[{}](?<decimals>[0-9]*))?\
             (?:[eE](?<exponent>[+-]?[0-9]+))?$",
            format.decimal
        );
        Regex::new(&pattern).expect("a pattern")
    })
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let [format, precision, scale, text @ ..] = data else { return Corpus::Reject };
    let Ok(text) = std::str::from_utf8(text) else { return Corpus::Reject };
    let place = usize::from(*format % 4);
    let precision = 1 + precision % 38;
    let scale = (scale % (precision + 1)) as i8;
    let format = FORMATS[place];

    let expected = evaluate(text, scale, place).filter(|value| fits(value, precision));
    let read = parse_decimal(text, precision, scale, format);
    assert_eq!(read.clone().ok().map(BigInt::from), expected, "{text:?} {format:?}: {read:?}");
    let whole = evaluate(text, 0, place).and_then(|value| i64::try_from(value).ok());
    assert_eq!(parse_integer(text, format).ok(), whole, "{text:?}");

    if let Ok(value) = read {
        for grouped in [None, format.group, Some(' ')] {
            let written = written(value, scale as usize, format.decimal, grouped);
            let again = parse_decimal(&written, precision, scale, format);
            assert_eq!(again, Ok(value), "{written:?} {format:?}");
        }
    }
    Corpus::Keep
});

fn fits(value: &BigInt, precision: u8) -> bool {
    value.magnitude() < BigInt::from(10).pow(u32::from(precision)).magnitude()
}

/// The number as a count of 10^-scale, if it is one and exact.
fn evaluate(text: &str, scale: i8, format: usize) -> Option<BigInt> {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let mut found = Vec::new();
    match inner {
        Some(inner) => strip(inner.trim(), Some(true), false, &mut found),
        None => strip(text, None, false, &mut found),
    }
    let mut values = found.into_iter().filter_map(|(is_negative, core)| {
        let value = exact(core, i64::from(scale), format)?;
        Some(if is_negative { -value } else { value })
    });
    let value = values.next()?;
    assert!(values.all(|other| other == value), "{text:?} can be read in two ways");
    Some(value)
}

/// Takes at most one sign and one currency away, in every order.
fn strip<'a>(
    text: &'a str,
    sign: Option<bool>,
    has_currency: bool,
    found: &mut Vec<(bool, &'a str)>,
) {
    found.push((sign.unwrap_or(false), text));
    if sign.is_none() {
        for (letter, is_negative) in [('-', true), ('\u{2212}', true), ('+', false)] {
            if let Some(rest) = text.strip_prefix(letter) {
                strip(rest, Some(is_negative), has_currency, found);
            }
            if is_negative && let Some(rest) = text.strip_suffix(letter) {
                strip(rest.trim_end(), Some(true), has_currency, found);
            }
        }
    }
    if has_currency {
        return;
    }
    let is_currency = |part: &str| CURRENCIES.contains(&part.to_lowercase().as_str());
    // The longest one: the point in `р.5` belongs to the currency.
    let prefix = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
    if let Some(end) = prefix.filter(|end| is_currency(&text[..*end])).max() {
        strip(text[end..].trim_start(), sign, true, found);
    }
    let suffix = text.char_indices().map(|(at, _)| at);
    if let Some(start) = suffix.filter(|start| is_currency(&text[*start..])).min() {
        strip(text[..start].trim_end(), sign, true, found);
    }
}

fn exact(core: &str, scale: i64, format: usize) -> Option<BigInt> {
    let parts = CORES[format].captures(core)?;
    let part = |name| parts.name(name).map(|found| found.as_str());
    let decimals = part("decimals").unwrap_or("");
    if part("whole") == Some("") && decimals.is_empty() {
        return None;
    }
    if part("grouped").is_some() && part("exponent").is_some() {
        return None;
    }
    let mut digits: String = part("grouped").or(part("whole")).unwrap_or("").to_owned();
    digits.retain(|letter| letter.is_ascii_digit());
    digits.push_str(decimals);
    let digits: BigInt = digits.parse().ok()?;
    if digits == BigInt::ZERO {
        return Some(digits);
    }
    let exponent: BigInt = part("exponent").unwrap_or("0").parse().ok()?;
    // Beyond a thousand places no text of these lengths becomes a number that fits.
    let exponent = i64::try_from(exponent).ok().filter(|exponent| exponent.abs() < 1000)?;
    let places = scale - decimals.len() as i64 + exponent;
    let power = BigInt::from(10).pow(u32::try_from(places.abs()).ok()?);
    if places >= 0 {
        return Some(digits * power);
    }
    (&digits % &power == BigInt::ZERO).then(|| digits / power)
}

fn written(value: i128, scale: usize, decimal: char, group: Option<char>) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale);
    let mut text = if value < 0 { "-".to_owned() } else { String::new() };
    for (place, digit) in whole.chars().enumerate() {
        if let Some(group) = group
            && place > 0
            && (whole.len() - place).is_multiple_of(3)
        {
            text.push(group);
        }
        text.push(digit);
    }
    if scale > 0 {
        text.push(decimal);
        text.push_str(decimals);
    }
    text
}
