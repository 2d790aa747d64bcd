//! Conditions under which a rule leaves a row out, as SQL and computed for the preview.

use super::expression::{RawColumn, Value, identifier, one_of};
use super::words::{is_total, total_pattern};

/// When a rule leaves a row out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The text says it is a total, and all the other columns are blank.
    Total {
        /// Where the word stands.
        column: usize,
        /// Columns of which a line fills some and a total none.
        others: Vec<usize>,
    },
    /// All columns are blank.
    AllBlank(Vec<usize>),
    /// The number is zero.
    Zero(usize),
    /// The text is one of these.
    OneOf(usize, Vec<String>),
    /// The column is filled.
    Filled(usize),
    /// Each column holds its own name.
    SayNames(Vec<(usize, String)>),
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
            Self::Total { column, others } => {
                let word = format!("regexp_like({}, '{}')", name(column), total_pattern());
                match others.as_slice() {
                    [] => word,
                    _ => format!("{word} and {}", nulls(others)),
                }
            }
            Self::AllBlank(places) => nulls(places),
            Self::Zero(place) => format!("{} = 0", name(place)),
            Self::OneOf(place, texts) => one_of(&name(place), texts),
            Self::Filled(place) => format!("{} is not null", name(place)),
            Self::SayNames(columns) => {
                let one = |(place, text): &(usize, String)| {
                    one_of(&name(place), std::slice::from_ref(text))
                };
                columns.iter().map(one).collect::<Vec<_>>().join(" and ")
            }
        }
    }

    /// Places of the raw columns it looks at.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Total { column, others } => [&[*column], others.as_slice()].concat(),
            Self::AllBlank(places) => places.clone(),
            Self::SayNames(columns) => columns.iter().map(|(place, _)| *place).collect(),
            Self::Zero(place) | Self::OneOf(place, _) | Self::Filled(place) => vec![*place],
        }
    }

    /// Whether the rule leaves the row out.
    pub fn holds(&self, row: &[Value<'_>]) -> bool {
        let is_null = |place: &usize| row.get(*place).is_none_or(Value::is_null);
        let text = |place: &usize| match row.get(*place) {
            Some(Value::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        match self {
            Self::Total { column, others } => {
                text(column).is_some_and(is_total) && others.iter().all(is_null)
            }
            Self::AllBlank(places) => places.iter().all(is_null),
            Self::Zero(place) => matches!(row.get(*place), Some(Value::Decimal(0, _))),
            Self::OneOf(place, texts) => {
                text(place).is_some_and(|text| texts.iter().any(|known| known == text.trim()))
            }
            Self::Filled(place) => !is_null(place),
            Self::SayNames(columns) => columns
                .iter()
                .all(|(place, name)| text(place).is_some_and(|text| text.trim() == name)),
        }
    }
}
