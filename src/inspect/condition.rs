//! Conditions under which a rule leaves a row out, as SQL and computed for the preview.

use super::expression::{RawColumn, Value, identifier, listed, one_of};
use super::words::{ends_as_total, is_total, total_or_end_pattern, total_pattern};

/// When a rule leaves a row out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The text says it is a total, and all the other columns are blank.
    Total {
        /// Where the word stands.
        column: usize,
        /// Columns of which a line fills some and a total none.
        others: Vec<usize>,
        /// Whether the text may say it at its end.
        at_end: bool,
    },
    /// All columns are blank.
    AllBlank(Vec<usize>),
    /// The number is zero.
    Zero(usize),
    /// The text is one of these.
    OneOf(usize, Vec<String>),
    /// The column is filled, and not with a word for no value.
    Filled(usize, Vec<String>),
    /// The column is blank, or holds a word for no value.
    NoValue(usize, Vec<String>),
    /// Each column holds its own name.
    SayNames(Vec<(usize, String)>),
    /// Each text is blank or a part of its column's name, and all the other columns are blank:
    /// one row of a header of several.
    SayParts {
        /// Columns of text, with the parts of their names.
        texts: Vec<(usize, Vec<String>)>,
        /// The other columns.
        blank: Vec<usize>,
    },
}

impl Condition {
    /// As SQL.
    pub fn sql(&self, raw: &[RawColumn]) -> String {
        let name = |place: &usize| identifier(raw.get(*place).map_or("", |column| &column.name));
        let nulls = |places: &[usize]| {
            let tests: Vec<String> =
                places.iter().map(|place| format!("{} is null", name(place))).collect();
            tests.join(" and ")
        };
        match self {
            Self::Total { column, others, at_end } => {
                let pattern = if *at_end { total_or_end_pattern() } else { total_pattern() };
                let word = format!("regexp_like({}, '{pattern}')", name(column));
                match others.as_slice() {
                    [] => word,
                    _ => format!("{word} and {}", nulls(others)),
                }
            }
            Self::AllBlank(places) => nulls(places),
            Self::Zero(place) => format!("{} = 0", name(place)),
            Self::OneOf(place, texts) => one_of(&name(place), texts),
            Self::Filled(place, words) if words.is_empty() => {
                format!("{} is not null", name(place))
            }
            Self::Filled(place, words) => {
                format!("trim({}) not in ({})", name(place), listed(words))
            }
            Self::NoValue(place, words) => {
                format!("{} is null or {}", name(place), one_of(&name(place), words))
            }
            Self::SayNames(columns) => {
                let one = |(place, text): &(usize, String)| {
                    one_of(&name(place), std::slice::from_ref(text))
                };
                columns.iter().map(one).collect::<Vec<_>>().join(" and ")
            }
            Self::SayParts { texts, blank } => {
                let one = |(place, parts): &(usize, Vec<String>)| {
                    let column = name(place);
                    format!("({column} is null or {})", one_of(&column, parts))
                };
                let mut tests: Vec<String> = texts.iter().map(one).collect();
                tests.push(nulls(blank));
                tests.join(" and ")
            }
        }
    }

    /// Places of the raw columns it looks at.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Total { column, others, .. } => [&[*column], others.as_slice()].concat(),
            Self::AllBlank(places) => places.clone(),
            Self::SayNames(columns) => columns.iter().map(|(place, _)| *place).collect(),
            Self::SayParts { texts, blank } => {
                texts.iter().map(|(place, _)| *place).chain(blank.iter().copied()).collect()
            }
            Self::Zero(place)
            | Self::OneOf(place, _)
            | Self::Filled(place, _)
            | Self::NoValue(place, _) => vec![*place],
        }
    }

    /// Whether the rule leaves the row out.
    pub fn holds(&self, row: &[Value<'_>]) -> bool {
        let is_null = |place: &usize| row.get(*place).is_none_or(Value::is_null);
        let text = |place: &usize| match row.get(*place) {
            Some(Value::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        let says = |place: &usize, texts: &[String]| {
            text(place).is_some_and(|text| texts.iter().any(|known| known == text.trim()))
        };
        match self {
            Self::Total { column, others, at_end } => {
                let says = |text: &str| is_total(text) || (*at_end && ends_as_total(text));
                text(column).is_some_and(says) && others.iter().all(is_null)
            }
            Self::AllBlank(places) => places.iter().all(is_null),
            Self::Zero(place) => matches!(row.get(*place), Some(Value::Decimal(0, _))),
            Self::OneOf(place, texts) => says(place, texts),
            Self::Filled(place, words) => !is_null(place) && !says(place, words),
            Self::NoValue(place, words) => is_null(place) || says(place, words),
            Self::SayNames(columns) => columns
                .iter()
                .all(|(place, name)| text(place).is_some_and(|text| text.trim() == name)),
            Self::SayParts { texts, blank } => {
                texts.iter().all(|(place, parts)| is_null(place) || says(place, parts))
                    && blank.iter().all(is_null)
            }
        }
    }
}
