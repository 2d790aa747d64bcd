//! Russian names of months in dates.

/// What a pattern of dates begins with whose months have Russian names.
pub const RUSSIAN: &str = "ru:";

/// English name, Russian name as in «31 декабря» and as in «декабрь», short ones.
const MONTHS: [(&str, [&str; 2], &[&str]); 12] = [
    ("January", ["января", "январь"], &["янв"]),
    ("February", ["февраля", "февраль"], &["фев", "февр"]),
    ("March", ["марта", "март"], &["мар"]),
    ("April", ["апреля", "апрель"], &["апр"]),
    ("May", ["мая", "май"], &["мая", "май"]),
    ("June", ["июня", "июнь"], &["июн"]),
    ("July", ["июля", "июль"], &["июл"]),
    ("August", ["августа", "август"], &["авг"]),
    ("September", ["сентября", "сентябрь"], &["сен", "сент"]),
    ("October", ["октября", "октябрь"], &["окт"]),
    ("November", ["ноября", "ноябрь"], &["ноя", "нояб"]),
    ("December", ["декабря", "декабрь"], &["дек"]),
];

/// A Russian name of a month in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthName {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, with the point that a short name may have.
    pub end: usize,
    /// 1 to 12.
    pub month: u8,
    /// Whether it is short; «мая» is both, and counts as short.
    pub is_short: bool,
}

/// The first word of a text, if it is the Russian name of a month.
pub fn russian_month(text: &str) -> Option<MonthName> {
    let start = text.find(char::is_alphabetic)?;
    let word = text[start..].split(|letter: char| !letter.is_alphabetic()).next()?;
    // The longest name has 8 letters.
    let lower = if word.chars().count() <= 8 { word.to_lowercase() } else { return None };
    let place = MONTHS.iter().position(|(_, long, short)| {
        long.contains(&lower.as_str()) || short.contains(&lower.as_str())
    })?;
    let (_, long, short) = MONTHS[place];
    let is_short = short.contains(&lower.as_str());
    let end = start + word.len();
    // «дек.», but «31.дек.2024» has a point between its parts.
    let has_point = is_short && !long.contains(&lower.as_str()) && text[end..].starts_with(". ");
    let end = end + usize::from(has_point);
    Some(MonthName { start, end, month: place as u8 + 1, is_short })
}

/// The text with the English name of its month; none when it names no month, or by a long name
/// where it must be short.
pub(super) fn with_english_month(text: &str, must_be_short: bool) -> Option<String> {
    let name = russian_month(text)?;
    if must_be_short && !name.is_short {
        return None;
    }
    let (english, ..) = MONTHS[usize::from(name.month) - 1];
    let english = if must_be_short { &english[..3] } else { english };
    Some(format!("{}{english}{}", &text[..name.start], &text[name.end..]))
}

#[cfg(test)]
mod tests {
    use super::super::DateParser;

    fn parse(format: &str, text: &str) -> Option<String> {
        let mut dates = DateParser::new(&[format.to_owned()]);
        let day = dates.parse(text).ok()?;
        chrono::NaiveDate::from_epoch_days(day).map(|day| day.to_string())
    }

    #[test]
    fn months_have_russian_names() {
        let is = |format: &str, text: &str, expected: &str| {
            assert_eq!(parse(format, text).as_deref(), Some(expected), "{text}");
        };
        is("ru:%d %B %Y г.", "31 декабря 2024 г.", "2024-12-31");
        is("ru:%d %B %Y", "1 мая 2025", "2025-05-01");
        is("ru:%d %B %Y", "1 Сент. 2025", "2025-09-01");
        is("ru:%d %b %Y", "31 дек 2024", "2024-12-31");
        is("ru:%d %b %Y г.", "31 дек. 2024 г.", "2024-12-31");
        is("ru:%d.%b.%y", "01.ФЕВ.24", "2024-02-01");
        is("ru:%d %B %Y г. %H:%M:%S", "9 июня 2024 г. 9:05:00", "2024-06-09");
        is("ru:%B %d, %Y", "Июль 4, 2024", "2024-07-04");
        for (place, name) in ["янв", "февр", "мар", "апр", "мая", "июн"].iter().enumerate()
        {
            is("ru:%d %b %Y", &format!("2 {name} 2024"), &format!("2024-{:02}-02", place + 1));
        }
        for (place, name) in
            ["июля", "августа", "сентября", "октября", "ноября", "декабря"].iter().enumerate()
        {
            is("ru:%d %B %Y", &format!("2 {name} 2024"), &format!("2024-{:02}-02", place + 7));
        }
    }

    #[test]
    fn other_names_are_refused() {
        for (format, text) in [
            ("ru:%d %b %Y", "31 декабря 2024"),
            ("ru:%d %B %Y", "31 December 2024"),
            ("ru:%d %B %Y", "31 декабрь-месяц 2024"),
            ("ru:%d %B %Y", "31 ноября 2024"),
            ("ru:%d %B %Y", "31 деак 2024"),
            ("ru:%d %B %Y", "31 декабря 2024 г."),
            ("ru:%d %B %Y г.", "31 декабря 2024"),
            ("%d %B %Y", "31 декабря 2024"),
            ("ru:%d %B %Y", "31.12.2024"),
            ("ru:%d %B %Y", ""),
        ] {
            assert_eq!(parse(format, text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "\\PC*", tail in "[а-я .0-9]{0,20}") {
            let _ = parse("ru:%d %B %Y", &text);
            let _ = parse("ru:%d %b %Y", &format!("{text}{tail}"));
        }
    }
}
