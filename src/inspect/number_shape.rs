//! What the text of a number proves about decimal and group separators.

/// What one text says about its separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberShape {
    /// No point and no comma: proves nothing.
    Whole,
    /// The separator can only stand before decimals: `12,5`, `1 234,56`, `1.234,56`, `0.250`.
    Decimal {
        /// The decimal separator.
        separator: char,
        /// Whether the other of point and comma groups the digits.
        grouped: bool,
    },
    /// The separator can only group thousands: `1,234,567`.
    Groups(char),
    /// Decimals or a group: `1,234`.
    Either(char),
}

/// A text that is a number in some notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberText {
    /// What it says about separators.
    pub shape: NumberShape,
    /// Digits behind the last separator, trailing zeros not counted.
    pub decimals: usize,
    /// The currency beside the digits.
    pub currency: Option<&'static str>,
}

/// Signs of currencies and the currency they stand for.
const CURRENCIES: [(&str, &str); 14] = [
    ("₽", "RUB"),
    ("руб.", "RUB"),
    ("руб", "RUB"),
    ("р.", "RUB"),
    ("rub", "RUB"),
    ("usd", "USD"),
    ("eur", "EUR"),
    ("gbp", "GBP"),
    ("$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("kzt", "KZT"),
    ("₸", "KZT"),
    ("тг.", "KZT"),
];

/// Reads a text as a number of any notation; none when it is no number in any.
pub fn number_shape(text: &str) -> Option<NumberText> {
    let (body, currency) = strip_sign_and_currency(text)?;
    let (body, has_exponent) = strip_exponent(body);
    let mut runs: Vec<&str> = Vec::new();
    let mut separators: Vec<char> = Vec::new();
    let mut start = 0;
    for (at, letter) in body.char_indices() {
        if letter.is_ascii_digit() {
            continue;
        }
        if !is_group_blank(letter) && letter != '.' && letter != ',' {
            return None;
        }
        if separators.len() > 12 {
            return None;
        }
        runs.push(&body[start..at]);
        separators.push(letter);
        start = at + letter.len_utf8();
    }
    runs.push(&body[start..]);
    if runs.iter().all(|run| run.is_empty()) {
        return None;
    }
    let shape = shape_of(&runs, &separators, has_exponent)?;
    let decimals = match shape {
        NumberShape::Decimal { .. } | NumberShape::Either(_) => {
            runs.last().map_or(0, |run| run.trim_end_matches('0').len())
        }
        NumberShape::Whole | NumberShape::Groups(_) => 0,
    };
    Some(NumberText { shape, decimals, currency })
}

fn shape_of(runs: &[&str], separators: &[char], has_exponent: bool) -> Option<NumberShape> {
    let Some((&last, before)) = separators.split_last() else {
        return Some(NumberShape::Whole);
    };
    let (tail, head) = runs.split_last()?;
    let is_grouped = |runs: &[&str]| {
        runs.first().is_some_and(|first| (1..=3).contains(&first.len()))
            && runs[1..].iter().all(|run| run.len() == 3)
    };
    if is_group_blank(last) {
        // Blanks group everything, or the text is no number.
        let blank = separators.iter().all(|letter| is_group_blank(*letter));
        return (blank && is_grouped(runs)).then_some(NumberShape::Whole);
    }
    let same = separators.iter().all(|letter| *letter == last);
    if same && separators.len() > 1 {
        return is_grouped(runs).then_some(NumberShape::Groups(last));
    }
    if !before.is_empty() {
        // `1 234,56` or `1.234,56`; a mixture of groupings is refused.
        let uniform = before.windows(2).all(|pair| pair[0] == pair[1]);
        let first = before[0];
        if !uniform || first == last || !is_grouped(head) {
            return None;
        }
        return Some(NumberShape::Decimal { separator: last, grouped: !is_group_blank(first) });
    }
    let whole = head.first()?;
    let can_group = tail.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    if can_group && !has_exponent {
        return Some(NumberShape::Either(last));
    }
    Some(NumberShape::Decimal { separator: last, grouped: false })
}

fn strip_sign_and_currency(text: &str) -> Option<(&str, Option<&'static str>)> {
    let mut body = text.trim();
    if body.len() > 100 {
        return None;
    }
    if let Some(inner) = body.strip_prefix('(') {
        body = inner.strip_suffix(')')?.trim();
    }
    let (outer, before) = strip_currency(body);
    body = outer;
    let signs = ['-', '+', '\u{2212}'];
    body = match body.strip_prefix(signs) {
        Some(rest) => rest,
        None => body.strip_suffix(['-', '\u{2212}']).unwrap_or(body),
    };
    let (body, behind) = strip_currency(body.trim());
    (!body.is_empty()).then_some((body, before.or(behind)))
}

fn strip_currency(body: &str) -> (&str, Option<&'static str>) {
    if body.bytes().next_back().is_some_and(|last| last.is_ascii_digit())
        && body.bytes().next().is_some_and(|first| first.is_ascii_digit())
    {
        return (body, None);
    }
    for (sign, currency) in CURRENCIES {
        let at_end = body.len().checked_sub(sign.len()).filter(|at| body.is_char_boundary(*at));
        if let Some(at) = at_end
            && body[at..].to_lowercase() == sign
        {
            return (body[..at].trim_end(), Some(currency));
        }
        if body.is_char_boundary(sign.len().min(body.len()))
            && body.len() >= sign.len()
            && body[..sign.len()].to_lowercase() == sign
        {
            return (body[sign.len()..].trim_start(), Some(currency));
        }
    }
    (body, None)
}

fn strip_exponent(body: &str) -> (&str, bool) {
    let Some(at) = body.find(['e', 'E']) else { return (body, false) };
    let exponent = body[at + 1..].trim_start_matches(['+', '-']);
    let is_exponent = !exponent.is_empty() && exponent.bytes().all(|digit| digit.is_ascii_digit());
    if is_exponent { (&body[..at], true) } else { (body, false) }
}

fn is_group_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<NumberShape> {
        number_shape(text).map(|number| number.shape)
    }

    #[test]
    fn separators_are_proven_or_left_open() {
        let decimal = |separator, grouped| Some(NumberShape::Decimal { separator, grouped });
        assert_eq!(shape("12,5"), decimal(',', false));
        assert_eq!(shape("1 234,56"), decimal(',', false));
        assert_eq!(shape("1\u{a0}234,567"), decimal(',', false));
        assert_eq!(shape("1.234,56"), decimal(',', true));
        assert_eq!(shape("-1,234.5"), decimal('.', true));
        assert_eq!(shape("0,250"), decimal(',', false));
        assert_eq!(shape("1234,567"), decimal(',', false));
        assert_eq!(shape("1,5E-3"), decimal(',', false));
        assert_eq!(shape("1,234"), Some(NumberShape::Either(',')));
        assert_eq!(shape("12.000"), Some(NumberShape::Either('.')));
        assert_eq!(shape("1,234,567"), Some(NumberShape::Groups(',')));
        assert_eq!(shape("1 234"), Some(NumberShape::Whole));
        assert_eq!(shape("(100)"), Some(NumberShape::Whole));
        assert_eq!(shape("15 480,00 ₽"), decimal(',', false));
        assert_eq!(shape("$12.50"), decimal('.', false));
        assert_eq!(shape("100.5-"), decimal('.', false));
        for none in ["", "-", ",", "abc", "12 34", "1,23,456", "10 %", "31.12.2024", "1.2.3", "e5"]
        {
            assert_eq!(shape(none), None, "{none:?}");
        }
    }

    #[test]
    fn decimals_are_counted_without_zeros() {
        let decimals = |text| number_shape(text).map(|number| number.decimals);
        assert_eq!(decimals("12,5000"), Some(1));
        assert_eq!(decimals("0.12345"), Some(5));
        assert_eq!(decimals("12"), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "\\PC*") {
            let _ = number_shape(&text);
        }

        #[test]
        fn numbers_of_any_size_are_numbers(whole in 0_u64..u64::MAX, cents in 0_u8..100) {
            let text = format!("{whole},{cents:02}");
            let separator = ',';
            let expected = NumberShape::Decimal { separator, grouped: false };
            proptest::prop_assert_eq!(shape(&text), Some(expected));
        }
    }
}
