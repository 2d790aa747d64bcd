//! Any text by any patterns, as a date.
//!
//! Input: patterns separated by `|`, a line feed, then the text; all of it UTF-8.
#![no_main]

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use clientbase_fuzz::config::{Pipeline, Project};
use clientbase_fuzz::reading::{CellKind, DateParser, SALE_YEARS};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Patterns whose own output has one reading, and what their numbers are, in order.
const CLEAR: [(&str, &str); 14] = [
    ("%Y-%m-%d", "Ymd"),
    ("%d.%m.%Y", "dmY"),
    ("%m/%d/%Y", "mdY"),
    ("%d/%m/%Y", "dmY"),
    ("%Y/%m/%d", "Ymd"),
    ("%d.%m.%y", "dmy"),
    ("%Y-%m-%d %H:%M:%S", "YmdHMS"),
    ("%Y-%m-%dT%H:%M:%S", "YmdHMS"),
    ("%d.%m.%Y %H:%M", "dmYHM"),
    ("%d.%m.%Y %H:%M:%S", "dmYHMS"),
    ("%Y%m%d", ""),
    ("%d-%b-%Y", ""),
    ("%m/%d/%Y %I:%M %p", ""),
    ("%Y-%j", ""),
];

static PROJECT: LazyLock<Project> =
    LazyLock::new(|| Project::open(&std::env::temp_dir()).expect("a folder"));

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(data) = std::str::from_utf8(data) else { return Corpus::Reject };
    let Some((patterns, text)) = data.split_once('\n') else { return Corpus::Reject };
    let Some(patterns) = accepted(patterns) else { return Corpus::Reject };
    let mut dates = DateParser::new(&patterns);
    let read = dates.parse(text);
    assert_eq!(dates.parse(text), read, "the second time");
    let other = dates.parse("2024-02-29");
    assert_eq!(dates.parse(text), read, "after another date");
    assert_eq!(DateParser::new(&patterns).parse("2024-02-29"), other);
    assert_eq!(dates.parse_cell(text, CellKind::Text), read);
    // The readers write dates in one form alone.
    let date_cell = dates.parse_cell(text, CellKind::Date);
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        && text == date.to_string()
    {
        let is_sale = SALE_YEARS.contains(&date.year());
        assert_eq!(date_cell.ok(), is_sale.then_some(date.to_epoch_days()));
    }
    let Ok(day) = read else { return Corpus::Keep };
    let date = date_of(day);
    assert!(SALE_YEARS.contains(&date.year()));
    if let Some((pattern, numbers)) = CLEAR.iter().find(|(pattern, _)| *pattern == patterns[0]) {
        let written = date.and_hms_opt(0, 0, 0).expect("midnight").format(pattern).to_string();
        assert_eq!(dates.parse(&written), Ok(day), "{written:?} by {patterns:?}");
        if let [_] = patterns.as_slice() {
            check_numbers(text, numbers, date);
        }
    }
    if let ["excel" | "excel1904"] = patterns.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        check_serial(text, patterns[0] == "excel1904", date);
    }
    Corpus::Keep
});

/// The patterns, if a pipeline file may have them.
fn accepted(patterns: &str) -> Option<Vec<String>> {
    let patterns: Vec<String> = patterns.split('|').map(str::to_owned).collect();
    let list = toml::Value::from(patterns.clone());
    let file = format!(
        "[[source]]\nname = \"a\"\nfiles = \"a/*.csv\"\nstaging = \"a\"\ndate_formats = {list}\n"
    );
    let pipeline = Pipeline::parse(&PROJECT, "fuzz", "fuzz.toml", &file).ok()?;
    assert_eq!(pipeline.sources[0].date_formats, patterns);
    Some(patterns)
}

fn date_of(day: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(day).expect("a day of the calendar")
}

/// The numbers in the text, as they stand, are those of the date.
fn check_numbers(text: &str, order: &str, date: NaiveDate) {
    if order.is_empty() {
        return;
    }
    let numbers: Vec<i64> = text
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .map(|number| number.parse().expect("a number of few digits"))
        .collect();
    assert_eq!(numbers.len(), order.len(), "{text:?}");
    for (meaning, number) in order.chars().zip(numbers) {
        let expected = match meaning {
            'Y' => date.year().into(),
            'y' => i64::from(date.year() % 100),
            'm' => date.month().into(),
            'd' => date.day().into(),
            _ => continue,
        };
        assert_eq!(number, expected, "{text:?} as {date}");
    }
}

/// The whole days of a serial number, unless its fraction is a day but for half a millisecond.
fn check_serial(text: &str, is_1904: bool, date: NaiveDate) {
    let (whole, fraction) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), ""));
    let first = match is_1904 {
        true => NaiveDate::from_ymd_opt(1904, 1, 1),
        false => NaiveDate::from_ymd_opt(1899, 12, 30),
    };
    let days = (date - first.expect("a date")).num_days();
    let whole: i64 = whole.parse().expect("digits");
    let is_next = days == whole + 1 && fraction.starts_with("99999999");
    assert!(days == whole || is_next, "{text:?} as {date}");
}
