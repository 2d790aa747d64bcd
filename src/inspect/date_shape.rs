//! Which notation the text of a date has, and what it proves about the order of day and month.

use serde::Serialize;

use super::named_day::{NamedDay, named_day};

/// Order of day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 31.12.2024
    Dmy,
    /// 12/31/2024
    Mdy,
    /// 2024-12-31
    Ymd,
}

/// The day part of a date's notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayPart {
    /// `2024-12-31`, by its separator.
    YearFirst(char),
    /// `31.12.2024` or `12/31/2024`, by its separator.
    YearLast(char),
    /// `31.12.24`: which number is the year cannot be seen.
    ShortYear(char),
    /// `20241231`
    Compact,
    /// `31-Dec-2024`, `Dec 31, 2024`, `31 декабря 2024 г.`
    NamedMonth(NamedDay),
}

/// The time part of a date's notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TimePart {
    /// What stands before the time; none when there is no time.
    pub separator: Option<char>,
    /// Whether seconds are written.
    pub seconds: bool,
    /// Whether parts of a second are written.
    pub fraction: bool,
    /// Whether AM or PM is written.
    pub meridiem: bool,
    /// Whether an offset or `Z` is written.
    pub zone: bool,
}

/// The notation of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateNotation {
    /// The day.
    pub day: DayPart,
    /// The time of day.
    pub time: TimePart,
}

/// A text that is a date in some notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateText {
    /// Its notation.
    pub notation: DateNotation,
    /// First number, where the order is open.
    pub first: u16,
    /// Second number: in `YearFirst`, the one behind the year.
    pub second: u16,
}

impl DateNotation {
    /// The pattern; none for what the date reader cannot express (a zone).
    pub fn pattern(&self, order: DateOrder) -> Option<String> {
        if self.time.zone {
            return None;
        }
        let day = match (self.day, order) {
            (DayPart::YearFirst(by), _) => format!("%Y{by}%m{by}%d"),
            (DayPart::YearLast(by), DateOrder::Mdy) => format!("%m{by}%d{by}%Y"),
            (DayPart::YearLast(by), _) => format!("%d{by}%m{by}%Y"),
            (DayPart::ShortYear(by), DateOrder::Dmy) => format!("%d{by}%m{by}%y"),
            (DayPart::ShortYear(by), DateOrder::Mdy) => format!("%m{by}%d{by}%y"),
            (DayPart::ShortYear(by), DateOrder::Ymd) => format!("%y{by}%m{by}%d"),
            (DayPart::Compact, _) => "%Y%m%d".to_owned(),
            (DayPart::NamedMonth(named), order) => named.pattern(order),
        };
        let Some(separator) = self.time.separator else { return Some(day) };
        let hour = if self.time.meridiem { "%I:%M" } else { "%H:%M" };
        let seconds = if self.time.seconds { ":%S" } else { "" };
        let fraction = if self.time.fraction { "%.f" } else { "" };
        let meridiem = if self.time.meridiem { " %p" } else { "" };
        let between = if separator == ',' { ", ".to_owned() } else { separator.to_string() };
        Some(format!("{day}{between}{hour}{seconds}{fraction}{meridiem}"))
    }
}

/// Reads a text as a date of any notation; none when it cannot be one.
pub fn date_shape(text: &str) -> Option<DateText> {
    let text = text.trim();
    let first = text.bytes().next()?;
    let may_name_month = first.is_ascii_alphabetic() || !text.is_ascii();
    if !(6..=64).contains(&text.len()) || !(first.is_ascii_digit() || may_name_month) {
        return None;
    }
    let day_end = day_length(text)?;
    let (day, rest) = text.split_at(day_end);
    let time = time_part(rest)?;
    let (part, [first, second, third]) = match named_day(day) {
        Some((named, numbers)) => (DayPart::NamedMonth(named), numbers),
        None if text.is_ascii() => day_part(day)?,
        None => return None,
    };
    let possible = match part {
        DayPart::YearFirst(_) | DayPart::Compact => {
            is_year(first) && is_month(second) && is_day(third)
        }
        DayPart::YearLast(_) => {
            is_year(third)
                && ((is_day(first) && is_month(second)) || (is_month(first) && is_day(second)))
        }
        DayPart::ShortYear(_) => {
            let dmy = is_day(first) && is_month(second);
            let mdy = is_month(first) && is_day(second);
            let ymd = is_month(second) && is_day(third);
            dmy || mdy || ymd
        }
        DayPart::NamedMonth(named) => is_day(first) && (named.has_short_year() || is_year(third)),
    };
    let notation = DateNotation { day: part, time };
    possible.then_some(DateText { notation, first, second })
}

/// Where the day ends: at a blank or `T` that a time follows.
fn day_length(text: &str) -> Option<usize> {
    let colon = text.find(':');
    let Some(colon) = colon else {
        return Some(text.len());
    };
    let hour = text[..colon].rfind(|letter: char| !letter.is_ascii_digit())?;
    let mut end = hour;
    while end > 0 && matches!(text.as_bytes()[end - 1], b' ' | b',') {
        end -= 1;
    }
    Some(end)
}

fn day_part(day: &str) -> Option<(DayPart, [u16; 3])> {
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = |range: std::ops::Range<usize>| day[range].parse::<u16>().ok();
        return Some((DayPart::Compact, [number(0..4)?, number(4..6)?, number(6..8)?]));
    }
    let by = day.chars().find(|letter| !letter.is_ascii_digit())?;
    if !matches!(by, '.' | '/' | '-' | ' ') {
        return None;
    }
    let mut parts = day.split(by);
    let texts = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (1..=4).contains(&text.len())).then(|| text.parse::<u16>().ok()).flatten()
    };
    let numbers = [number(texts[0])?, number(texts[1])?, number(texts[2])?];
    let lengths = texts.map(str::len);
    let part = match lengths {
        [4, 1..=2, 1..=2] => DayPart::YearFirst(by),
        [1..=2, 1..=2, 4] => DayPart::YearLast(by),
        [1..=2, 1..=2, 2] => DayPart::ShortYear(by),
        _ => return None,
    };
    // `1 2 2024` with blanks is no way to write a date.
    (by != ' ').then_some((part, numbers))
}

fn time_part(text: &str) -> Option<TimePart> {
    if text.is_empty() {
        return Some(TimePart::default());
    }
    let (separator, rest) = match text.as_bytes()[0] {
        b'T' => ('T', &text[1..]),
        b',' => (',', text[1..].trim_start()),
        b' ' => (' ', text.trim_start()),
        _ => return None,
    };
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let hour = digits(0);
    if !(1..=2).contains(&hour) || bytes.get(hour) != Some(&b':') || digits(hour + 1) != 2 {
        return None;
    }
    let mut part = TimePart { separator: Some(separator), ..TimePart::default() };
    let mut at = hour + 3;
    if bytes.get(at) == Some(&b':') {
        if digits(at + 1) != 2 {
            return None;
        }
        part.seconds = true;
        at += 3;
        if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
            part.fraction = true;
            at += 1 + digits(at + 1);
        }
    }
    let tail = rest[at..].trim();
    match tail {
        "" => {}
        "AM" | "PM" | "am" | "pm" => part.meridiem = true,
        "Z" | "UTC" => part.zone = true,
        offset if offset.starts_with(['+', '-']) => {
            let known = offset[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
            if !known {
                return None;
            }
            part.zone = true;
        }
        _ => return None,
    }
    Some(part)
}

fn is_year(number: u16) -> bool {
    (1970..=2199).contains(&number)
}

fn is_month(number: u16) -> bool {
    (1..=12).contains(&number)
}

fn is_day(number: u16) -> bool {
    (1..=31).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, order: DateOrder) -> Option<String> {
        date_shape(text).and_then(|date| date.notation.pattern(order))
    }

    #[test]
    fn notations_become_patterns() {
        use DateOrder::{Dmy, Mdy, Ymd};
        let is = |text: &str, order, expected: &str| {
            assert_eq!(pattern(text, order).as_deref(), Some(expected), "{text}");
        };
        is("31.12.2024", Dmy, "%d.%m.%Y");
        is("31.12.2024 23:59:59", Dmy, "%d.%m.%Y %H:%M:%S");
        is("31.12.2024 9:05", Dmy, "%d.%m.%Y %H:%M");
        is("12/31/2024", Mdy, "%m/%d/%Y");
        is("12/31/2024 1:05:07 PM", Mdy, "%m/%d/%Y %I:%M:%S %p");
        is("2024-12-31", Ymd, "%Y-%m-%d");
        is("2024-12-31T10:00:00", Ymd, "%Y-%m-%dT%H:%M:%S");
        is("2024-12-31 10:00:00.123", Ymd, "%Y-%m-%d %H:%M:%S%.f");
        is("20241231", Ymd, "%Y%m%d");
        is("31.12.24", Dmy, "%d.%m.%y");
        is("31-Dec-2024", Dmy, "%d-%b-%Y");
        is("31.12.2024, 10:00", Dmy, "%d.%m.%Y, %H:%M");
        is("Dec 31, 2024", Dmy, "%b %d, %Y");
        is("December 1, 2024 9:05 AM", Dmy, "%B %d, %Y %I:%M %p");
        is("31 Dec 2024 10:15", Dmy, "%d %b %Y %H:%M");
        is("31-Dec-24", Dmy, "%d-%b-%y");
        is("31-Dec-24", Ymd, "%y-%b-%d");
        is("31 дек 2024", Dmy, "ru:%d %b %Y");
        is("31 дек. 2024 г.", Dmy, "ru:%d %b %Y г.");
        is("1 мая 2024 г.", Dmy, "ru:%d %b %Y г.");
        is("31 декабря 2024 г. 10:15:00", Dmy, "ru:%d %B %Y г. %H:%M:%S");
        is("31.дек.24", Dmy, "ru:%d.%b.%y");
        assert_eq!(pattern("2024-12-31T10:00:00+03:00", Ymd), None);
    }

    #[test]
    fn what_cannot_be_a_date_is_none() {
        for text in [
            "",
            "12,5",
            "2024",
            "99.99.2024",
            "2024-13-01",
            "12345678",
            "31.12.2024 25",
            "1.2",
            "31 Decent 2024",
            "Dec 31",
            "Декабрь 2024",
            "31 дек",
            "32 дек 2024",
            "Ромашка 1 мая",
        ] {
            assert_eq!(date_shape(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "\\PC*") {
            let _ = date_shape(&text);
        }

        #[test]
        fn nothing_near_a_date_stops_the_reader(text in "[0-9T:./ ,+ZDecмайг-]{0,24}") {
            let _ = date_shape(&text);
        }
    }
}
