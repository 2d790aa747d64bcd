//! Strict reading of numbers: exactly what is written, or a reason why not.

/// Characters that group digits in threes whatever is declared: space, no-break space, narrow
/// no-break space, thin space, apostrophes. None of them can be mistaken for a decimal sign.
const GROUP_SEPARATORS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}'];

/// Currencies that may stand before or behind a number, in lower case; the longer first.
const CURRENCIES: [&str; 10] = ["руб.", "руб", "rub", "usd", "eur", "р.", "₽", "р", "$", "€"];

/// Digits that are read without a look at overflow.
const FAST_DIGITS: usize = 18;

/// How a source writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat {
    /// The decimal sign, `.` or `,`.
    pub decimal: char,
    /// A further sign that groups digits in threes, `.` or `,`.
    pub group: Option<char>,
}

impl NumberFormat {
    /// How cells of [`CellKind::Number`](super::CellKind::Number) are written.
    pub const PLAIN: Self = Self { decimal: '.', group: None };
}

/// Reads a decimal number as an integer count of 10^-scale.
///
/// Digits may be grouped in threes; a currency may stand on either side; negative numbers may
/// be written `-1`, `1-` or `(1)`; an exponent is exact. More decimals than `scale` are refused
/// unless they are zeros; nothing is ever rounded.
///
/// # Errors
/// The reason, as a fragment that follows the value.
pub fn parse_decimal(
    text: &str,
    precision: u8,
    scale: i8,
    format: NumberFormat,
) -> Result<i128, String> {
    let value = match plain(text.as_bytes(), scale, format.decimal) {
        Some(value) => value,
        None => written(text, scale, format)?,
    };
    let bound = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    if value.unsigned_abs() >= bound.unsigned_abs() {
        return Err("is too large".to_owned());
    }
    Ok(value)
}

/// Reads a whole number.
///
/// # Errors
/// The reason, as a fragment that follows the value.
pub fn parse_integer(text: &str, format: NumberFormat) -> Result<i64, String> {
    let value = parse_decimal(text, 38, 0, format)
        .map_err(|reason| reason.replace("has more than 0 decimals", "is not a whole number"))?;
    i64::try_from(value).map_err(|_| "is too large".to_owned())
}

/// Most numbers: a few digits, perhaps a sign, perhaps decimals. None: look closer.
fn plain(text: &[u8], scale: i8, decimal: char) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let scale = usize::try_from(scale).ok()?;
    if digits.is_empty() || digits.len() > FAST_DIGITS || scale > FAST_DIGITS {
        return None;
    }
    let decimal = u8::try_from(decimal).ok()?;
    let mut value: i64 = 0;
    let mut decimals = None;
    for byte in digits {
        if byte.is_ascii_digit() {
            value = value * 10 + i64::from(byte - b'0');
            decimals = decimals.map(|count| count + 1);
        } else if *byte == decimal && decimals.is_none() {
            decimals = Some(0);
        } else {
            return None;
        }
    }
    let decimals = decimals.unwrap_or(0);
    if decimals > scale || digits == [decimal] {
        return None;
    }
    let value = i128::from(value) * 10_i128.pow(u32::try_from(scale - decimals).ok()?);
    Some(if negative { -value } else { value })
}

fn written(text: &str, scale: i8, format: NumberFormat) -> Result<i128, String> {
    let (negative, digits) = unsigned(text)?;
    if digits.ends_with('%') {
        return Err("is a percentage, not a number".to_owned());
    }
    let (digits, exponent) = split_exponent(digits)?;
    let (whole, fraction) = match digits.split_once(format.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if whole.is_empty() && fraction.is_none_or(str::is_empty) {
        return Err(not_a_number());
    }
    let mut exact = Exact::default();
    push_groups(&mut exact, whole, format.group, exponent.is_none())?;
    for letter in fraction.unwrap_or("").chars() {
        if !letter.is_ascii_digit() {
            return Err(not_a_number());
        }
        exact.push(letter, true);
    }
    let value = exact.value(scale, exponent.unwrap_or(0))?;
    Ok(if negative { -value } else { value })
}

/// Takes sign and currency away. Either may stand on either side, once.
fn unsigned(text: &str) -> Result<(bool, &str), String> {
    let mut rest = text.trim();
    let mut negative = None;
    let mut has_currency = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        negative = Some(true);
        rest = inner.trim();
    }
    loop {
        if negative.is_none() {
            if let Some(after) = rest.strip_prefix(['-', '\u{2212}']) {
                (negative, rest) = (Some(true), after);
                continue;
            }
            if let Some(after) = rest.strip_prefix('+') {
                (negative, rest) = (Some(false), after);
                continue;
            }
            if let Some(before) = rest.strip_suffix(['-', '\u{2212}']) {
                (negative, rest) = (Some(true), before.trim_end());
                continue;
            }
        }
        if !has_currency && let Some(without) = strip_currency(rest) {
            (has_currency, rest) = (true, without);
            continue;
        }
        return Ok((negative.unwrap_or(false), rest));
    }
}

fn strip_currency(text: &str) -> Option<&str> {
    // Digits on both sides are by far the most frequent, and no currency begins with one.
    let first = text.chars().next()?;
    let last = text.chars().next_back()?;
    if first.is_ascii_digit() && last.is_ascii_digit() {
        return None;
    }
    for currency in CURRENCIES {
        let letters = currency.chars().count();
        if let Some((cut, _)) = text.char_indices().nth_back(letters - 1)
            && text[cut..].to_lowercase() == currency
        {
            return Some(text[..cut].trim_end());
        }
        let cut = text.char_indices().nth(letters).map_or(text.len(), |(at, _)| at);
        if text[..cut].to_lowercase() == currency {
            return Some(text[cut..].trim_start());
        }
    }
    None
}

fn split_exponent(text: &str) -> Result<(&str, Option<i32>), String> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return Ok((text, None)) };
    let bare = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_number());
    }
    // Beyond any number that fits, in either direction.
    let value: i32 = exponent.parse().unwrap_or(if exponent.starts_with('-') {
        -1_000_000_000
    } else {
        1_000_000_000
    });
    Ok((digits, Some(value.clamp(-1_000_000_000, 1_000_000_000))))
}

/// Digits in front of the decimal sign: all of one group, or groups of three set off by one and
/// the same separator.
fn push_groups(
    exact: &mut Exact,
    whole: &str,
    declared: Option<char>,
    may_group: bool,
) -> Result<(), String> {
    let mut separator = None;
    let mut count = 0;
    for letter in whole.chars() {
        if letter.is_ascii_digit() {
            exact.push(letter, false);
            count += 1;
            continue;
        }
        let is_separator = Some(letter) == declared || GROUP_SEPARATORS.contains(&letter);
        let fits = match separator {
            None => (1..=3).contains(&count),
            Some(first) => first == letter && count == 3,
        };
        if !is_separator || !fits || !may_group {
            return Err(not_a_number());
        }
        separator = Some(letter);
        count = 0;
    }
    if separator.is_some() && count != 3 {
        return Err(not_a_number());
    }
    Ok(())
}

fn not_a_number() -> String {
    "is not a number".to_owned()
}

/// A number without rounding: `digits` × 10^(zeros - decimals).
#[derive(Default)]
struct Exact {
    /// None: more digits than fit.
    digits: Digits,
    /// Zeros behind the digits that are not counted in them yet.
    zeros: i64,
    decimals: i64,
}

struct Digits(Option<i128>);

impl Default for Digits {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Exact {
    fn push(&mut self, digit: char, is_decimal: bool) {
        self.decimals += i64::from(is_decimal);
        if digit == '0' {
            self.zeros += 1;
            return;
        }
        let digit = i128::from(digit as u32 - '0' as u32);
        self.digits.0 = self.digits.0.and_then(|digits| {
            let shifted = if digits == 0 { 0 } else { shift(digits, self.zeros + 1)? };
            shifted.checked_add(digit)
        });
        self.zeros = 0;
    }

    fn value(&self, scale: i8, exponent: i32) -> Result<i128, String> {
        if self.digits.0 == Some(0) {
            return Ok(0);
        }
        let shifted = self.zeros - self.decimals + i64::from(exponent) + i64::from(scale);
        if shifted < 0 {
            return Err(format!("has more than {scale} decimals"));
        }
        self.digits
            .0
            .and_then(|digits| shift(digits, shifted))
            .ok_or_else(|| "is too large".to_owned())
    }
}

fn shift(digits: i128, places: i64) -> Option<i128> {
    digits.checked_mul(10_i128.checked_pow(u32::try_from(places).ok()?)?)
}

#[cfg(test)]
mod tests;
