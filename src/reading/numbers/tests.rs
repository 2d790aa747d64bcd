use super::*;

const POINT: NumberFormat = NumberFormat::PLAIN;
const COMMA: NumberFormat = NumberFormat { decimal: ',', group: None };

fn decimal(text: &str) -> Result<i128, String> {
    parse_decimal(text, 18, 4, POINT)
}

#[test]
fn numbers_are_exact() {
    for (text, expected) in [
        ("12.5", 125_000),
        ("-0.0001", -1),
        ("+7", 70_000),
        (".5", 5_000),
        ("5.", 50_000),
        ("-0", 0),
        ("-0.0", 0),
        ("00012", 120_000),
        ("1.00500", 10_050),
        ("1.00000000000000000000000000000000000000000000", 10_000),
        ("1 234 567.89", 12_345_678_900),
        ("1'234'567.89", 12_345_678_900),
        ("\u{2212}7", -70_000),
        (" 7 ", 70_000),
        ("100-", -1_000_000),
        ("100.00\u{2212}", -1_000_000),
        ("(100.00)", -1_000_000),
        ("(1 234.50)", -12_345_000),
        ("1e5", 1_000_000_000),
        ("1E+5", 1_000_000_000),
        ("1.5E-3", 15),
        ("12345e-4", 12_345),
        ("-1.5e2", -1_500_000),
        ("0e999999999999", 0),
        ("0e-999999999999", 0),
        ("$5", 50_000),
        ("-$5.25", -52_500),
        ("$-5.25", -52_500),
        ("5.25 €", 52_500),
        ("($5)", -50_000),
        ("12 345 ₽", 123_450_000),
        ("12 345\u{a0}руб.", 123_450_000),
        ("12 345 Руб", 123_450_000),
        ("12345р.", 123_450_000),
        ("USD 12", 120_000),
        ("12 rub", 120_000),
        ("99999999999999.9999", 999_999_999_999_999_999),
    ] {
        assert_eq!(decimal(text), Ok(expected), "{text:?}");
    }
    for (text, expected) in [
        ("1 234,56", 123_456),
        ("1\u{a0}234,56", 123_456),
        ("1\u{202f}234,56", 123_456),
        ("1\u{2009}234,56", 123_456),
        ("(100,00)", -10_000),
        ("1,5E-1", 15),
        ("1,23", 123),
    ] {
        assert_eq!(parse_decimal(text, 18, 2, COMMA), Ok(expected), "{text:?}");
    }
    let dot_groups = NumberFormat { decimal: ',', group: Some('.') };
    assert_eq!(parse_decimal("1.234.567,89", 18, 2, dot_groups), Ok(123_456_789));
    assert_eq!(parse_decimal("1.234", 18, 2, dot_groups), Ok(123_400));
    let comma_groups = NumberFormat { decimal: '.', group: Some(',') };
    assert_eq!(parse_decimal("1,234,567.89", 18, 2, comma_groups), Ok(123_456_789));
    assert_eq!(parse_decimal("7", 38, 37, POINT), Ok(7 * 10_i128.pow(37)));
    assert_eq!(parse_decimal("-99999999999999999999999999999999999999", 38, 0, POINT), {
        Ok(-(10_i128.pow(38) - 1))
    });
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "",
        " ",
        "-",
        "+",
        ".",
        "-.",
        "()",
        "(",
        ")",
        "n/a",
        "1,5",
        "12 34",
        "1  234",
        "1 2345",
        "1234 567",
        " 1 23",
        "--1",
        "-1-",
        "-(1)",
        "(-1)",
        "1.2.3",
        "0x1",
        "1e",
        "e5",
        "1e1.5",
        "1e5e5",
        "1 234e2",
        "1e 5",
        "₽",
        "$",
        "$5$",
        "5 ₽ ₽",
        "5 apples",
        "1 234'567",
        "'123",
        "1.5 5",
        "inf",
        "NaN",
        "٣",
        "1\u{0}",
        "12:30",
        "1/2",
        "руб. руб.",
    ] {
        assert_eq!(decimal(text), Err("is not a number".to_owned()), "{text:?}");
    }
    assert_eq!(decimal("5%"), Err("is a percentage, not a number".to_owned()));
    assert_eq!(decimal("5 %"), Err("is a percentage, not a number".to_owned()));
    // A point that could be a group or a decimal sign is neither unless it is declared.
    assert_eq!(parse_decimal("1.234", 18, 4, COMMA), Err("is not a number".to_owned()));
    let dot_groups = NumberFormat { decimal: ',', group: Some('.') };
    for text in ["1.23", "1.2345", "12.34,5", "1.234.56", ".123", "1,234,567"] {
        assert!(parse_decimal(text, 18, 2, dot_groups).is_err(), "{text:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(decimal("1.00005"), Err("has more than 4 decimals".to_owned()));
    assert_eq!(decimal("1e-5"), Err("has more than 4 decimals".to_owned()));
    assert_eq!(decimal("1e-999999999999"), Err("has more than 4 decimals".to_owned()));
    assert_eq!(decimal("100000000000000"), Err("is too large".to_owned()));
    assert_eq!(decimal("1e999999999999"), Err("is too large".to_owned()));
    assert_eq!(decimal("9".repeat(60).as_str()), Err("is too large".to_owned()));
    let long = format!("0.{}", "3".repeat(60));
    assert_eq!(decimal(&long), Err("has more than 4 decimals".to_owned()));
}

#[test]
fn integers_are_whole() {
    assert_eq!(parse_integer("12.0", POINT), Ok(12));
    assert_eq!(parse_integer("1 234,00", COMMA), Ok(1234));
    assert_eq!(parse_integer("12.5", POINT), Err("is not a whole number".to_owned()));
    assert_eq!(parse_integer("99999999999999999999", POINT), Err("is too large".to_owned()));
    assert_eq!(parse_integer("-9223372036854775808", POINT), Ok(i64::MIN));
}

proptest::proptest! {
    #[test]
    fn written_numbers_are_read_back(value in -(10_i128.pow(18) - 1)..10_i128.pow(18)) {
        let digits = value.unsigned_abs();
        let sign = if value < 0 { "-" } else { "" };
        let plain = format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000);
        proptest::prop_assert_eq!(decimal(&plain), Ok(value));
        let russian = plain.replace('.', ",");
        proptest::prop_assert_eq!(parse_decimal(&russian, 18, 4, COMMA), Ok(value));
        let exponent = format!("{sign}{digits}E-4");
        proptest::prop_assert_eq!(decimal(&exponent), Ok(value));
        let mut grouped = String::new();
        let whole = (digits / 10_000).to_string();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push('\u{a0}');
            }
            grouped.push(digit);
        }
        let grouped = format!("{sign}{grouped},{:04} ₽", digits % 10_000);
        proptest::prop_assert_eq!(parse_decimal(&grouped, 18, 4, COMMA), Ok(value));
    }

    #[test]
    fn the_short_way_and_the_long_way_agree(text in "-?[0-9]{0,20}[.,]?[0-9]{0,8}") {
        for format in [POINT, COMMA] {
            if let Some(value) = plain(text.as_bytes(), 4, format.decimal) {
                proptest::prop_assert_eq!(Ok(value), written(&text, 4, format));
            }
        }
    }

    #[test]
    fn no_text_makes_the_readers_stop(text in "[-+()0-9eE., \u{a0}'₽$руб%]{0,24}|\\PC*") {
        for precision in [0, 18, 38, 76, 255] {
            for scale in [-128, -3, 0, 4, 38, 127] {
                let _ = parse_decimal(&text, precision, scale, COMMA);
            }
        }
        let _ = parse_integer(&text, POINT);
    }
}
