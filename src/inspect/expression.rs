//! Column expressions of a staging file, written as SQL and computed for the preview from one
//! and the same description.

use std::borrow::Cow;

use super::column::registrar_day;
use super::words::{KindWord, kind_word};
use chrono::NaiveDate;

/// Type under which a raw column is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawType {
    Text,
    Date,
    Bigint,
    Decimal(u8, u8),
}

impl RawType {
    /// As in a `raw:` line.
    pub fn sql(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Date => "date".to_owned(),
            Self::Bigint => "bigint".to_owned(),
            Self::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
        }
    }
}

/// A declared raw column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawColumn {
    /// Name in the header.
    pub name: String,
    /// Declared type.
    pub raw_type: RawType,
    /// Whether some files lack it.
    pub is_optional: bool,
}

/// A computed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Day(i32),
    Whole(i64),
    /// Digits and scale.
    Decimal(i128, u8),
}

impl Value<'_> {
    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }
}

/// What is computed from the raw columns, given by their place among the declared ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// The column as it is.
    Column(usize),
    /// Without blanks around it.
    Trimmed(usize),
    /// A code without the `.0` that some programs add.
    WithoutPointZero(usize),
    /// The day that a text with a time zone begins with.
    FirstDay(usize),
    /// The day at the end of «… от 31.12.2024 12:00:00».
    RegistrarDay(usize),
    /// Quantity times price.
    Product(Box<Expression>, Box<Expression>),
    /// `sale` or `return` by the listed texts; others stay and are rejected.
    Kind {
        /// The column.
        column: usize,
        /// Texts of a return.
        returns: Vec<String>,
        /// Texts of a sale.
        sales: Vec<String>,
    },
    /// `return` when the text begins with «возврат», otherwise `sale`.
    RegistrarKind(usize),
    /// The text, unless it is one of the words that stand for no value.
    WithoutWords(Box<Expression>, Vec<String>),
    /// The amount without what binary fractions left in it: with `decimals`, where that is the
    /// same with `sure` decimals; otherwise as it is.
    WithoutDust {
        /// The column.
        column: usize,
        /// Decimals that the amount has.
        decimals: u8,
        /// Decimals that the digits of a binary fraction are sure of.
        sure: u8,
    },
    /// The amount with a minus where the line is a return.
    NegatedReturn(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// As SQL.
    pub fn sql(&self, raw: &[RawColumn]) -> String {
        let name = |place: &usize| identifier(raw.get(*place).map_or("", |column| &column.name));
        match self {
            Self::Column(place) => name(place),
            Self::Trimmed(place) => format!("trim({})", name(place)),
            Self::WithoutPointZero(place) => {
                format!(r"regexp_replace({}, '\.0$', '')", name(place))
            }
            Self::FirstDay(place) => {
                format!("try_cast(substr(trim({}), 1, 10) as date)", name(place))
            }
            Self::RegistrarDay(place) => format!(
                r"try_cast(regexp_replace({}, '^.* (от|from) (\d\d)\.(\d\d)\.(\d{{4}}).*$', '\4-\3-\2') as date)",
                name(place)
            ),
            Self::Product(quantity, price) => {
                let factor = |one: &Self| match one {
                    Self::Column(_) => one.sql(raw),
                    _ => format!("({})", one.sql(raw)),
                };
                format!("{} * {}", factor(quantity), factor(price))
            }
            Self::Kind { column, returns, sales } => {
                let column = name(column);
                let mut cases = String::new();
                for (texts, kind) in [(returns, "return"), (sales, "sale")] {
                    if !texts.is_empty() {
                        cases.push_str(&format!("when {} then '{kind}' ", one_of(&column, texts)));
                    }
                }
                format!("case {cases}else {column} end")
            }
            Self::RegistrarKind(_) => {
                format!("case when {} then 'return' else 'sale' end", self.is_return(raw))
            }
            Self::WithoutWords(text, words) => words
                .iter()
                .fold(text.sql(raw), |sql, word| format!("nullif({sql}, {})", literal(word))),
            Self::WithoutDust { column, decimals, sure } => {
                let column = name(column);
                let cast = |scale: &u8| format!("cast({column} as decimal(38, {scale}))");
                let (short, long) = (cast(decimals), cast(sure));
                format!("case when {long} = {short} then {short} else {column} end")
            }
            Self::NegatedReturn(amount, kind) => {
                let (amount, is_return) = (amount.sql(raw), kind.is_return(raw));
                format!("case when {is_return} then -({amount}) else {amount} end")
            }
        }
    }

    /// Whether it takes away what binary fractions left.
    pub fn takes_dust_away(&self) -> bool {
        match self {
            Self::WithoutDust { .. } => true,
            Self::Product(one, other) => one.takes_dust_away() || other.takes_dust_away(),
            Self::NegatedReturn(amount, _) => amount.takes_dust_away(),
            _ => false,
        }
    }

    /// Places of the raw columns it reads.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Column(place)
            | Self::Trimmed(place)
            | Self::WithoutPointZero(place)
            | Self::FirstDay(place)
            | Self::RegistrarDay(place)
            | Self::RegistrarKind(place)
            | Self::WithoutDust { column: place, .. }
            | Self::Kind { column: place, .. } => vec![*place],
            Self::WithoutWords(text, _) => text.columns(),
            Self::Product(one, other) => [one.columns(), other.columns()].concat(),
            Self::NegatedReturn(amount, kind) => [amount.columns(), kind.columns()].concat(),
        }
    }

    /// Whether a kind is that of a return, as SQL.
    fn is_return(&self, raw: &[RawColumn]) -> String {
        let name = |place: &usize| identifier(raw.get(*place).map_or("", |column| &column.name));
        match self {
            Self::Kind { column, returns, .. } if !returns.is_empty() => {
                one_of(&name(column), returns)
            }
            Self::RegistrarKind(place) => {
                format!("starts_with(lower(trim({})), 'возврат')", name(place))
            }
            kind => format!("{} = 'return'", kind.sql(raw)),
        }
    }

    /// The value for a row.
    pub fn evaluate<'a>(&self, row: &[Value<'a>]) -> Value<'a> {
        let value = |place: &usize| row.get(*place).cloned().unwrap_or(Value::Null);
        let text = |place: &usize| match row.get(*place) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        match self {
            Self::Column(place) => value(place),
            Self::Trimmed(place) => match text(place) {
                Some(text) => Value::Text(text.trim_matches(' ').to_owned().into()),
                None => Value::Null,
            },
            Self::WithoutPointZero(place) => match text(place) {
                Some(text) => {
                    Value::Text(text.strip_suffix(".0").unwrap_or(&text).to_owned().into())
                }
                None => Value::Null,
            },
            Self::FirstDay(place) => text(place)
                .and_then(|text| text.trim().get(..10)?.parse::<NaiveDate>().ok())
                .map_or(Value::Null, |day| Value::Day(day.to_epoch_days())),
            Self::RegistrarDay(place) => text(place)
                .and_then(|text| {
                    let (year, month, day) = registrar_day(&text)?;
                    format!("{year}-{month}-{day}").parse::<NaiveDate>().ok()
                })
                .map_or(Value::Null, |day| Value::Day(day.to_epoch_days())),
            Self::WithoutWords(inner, words) => match inner.evaluate(row) {
                Value::Text(text) if words.iter().any(|word| *word == text) => Value::Null,
                value => value,
            },
            Self::WithoutDust { column, decimals, sure } => match value(column) {
                Value::Decimal(digits, scale) => {
                    let short = rounded(digits, scale, *decimals);
                    if short == rounded(digits, scale, *sure) {
                        Value::Decimal(short, scale)
                    } else {
                        Value::Decimal(digits, scale)
                    }
                }
                value => value,
            },
            Self::Product(quantity, price) => match (quantity.evaluate(row), price.evaluate(row)) {
                (Value::Decimal(one, one_scale), Value::Decimal(other, other_scale)) => one
                    .checked_mul(other)
                    .map_or(Value::Null, |digits| Value::Decimal(digits, one_scale + other_scale)),
                _ => Value::Null,
            },
            Self::Kind { column, returns, sales } => match text(column) {
                None => Value::Null,
                Some(text) if returns.iter().any(|known| known == text.trim()) => {
                    Value::Text("return".into())
                }
                Some(text) if sales.iter().any(|known| known == text.trim()) => {
                    Value::Text("sale".into())
                }
                Some(text) => Value::Text(text),
            },
            Self::RegistrarKind(place) => {
                let is_return =
                    text(place).is_some_and(|text| kind_word(&text) == Some(KindWord::Return));
                Value::Text(if is_return { "return" } else { "sale" }.into())
            }
            Self::NegatedReturn(amount, kind) => {
                let is_return = kind.evaluate(row) == Value::Text("return".into());
                match amount.evaluate(row) {
                    Value::Decimal(digits, scale) if is_return => Value::Decimal(-digits, scale),
                    amount => amount,
                }
            }
        }
    }
}

/// A number with fewer decimals, halves away from zero, in its former scale.
fn rounded(digits: i128, scale: u8, decimals: u8) -> i128 {
    let Some(unit) = 10_i128.checked_pow(u32::from(scale.saturating_sub(decimals))) else {
        return digits;
    };
    let rest = digits % unit;
    let whole = digits - rest;
    if rest.unsigned_abs() * 2 >= unit.unsigned_abs() {
        whole + unit * rest.signum()
    } else {
        whole
    }
}

/// A name in SQL: in quotes unless it is plain.
pub fn identifier(name: &str) -> String {
    const WORDS: [&str; 16] = [
        "date", "group", "order", "value", "from", "to", "case", "when", "end", "type", "user",
        "select", "where", "name", "day", "month",
    ];
    let plain = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !WORDS.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Whether a column's text is one of these, as SQL.
pub(super) fn one_of(column: &str, texts: &[String]) -> String {
    format!("trim({column}) in ({})", listed(texts))
}

/// Texts as SQL, parted by commas.
pub(super) fn listed(texts: &[String]) -> String {
    let listed: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    listed.join(", ")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::super::condition::Condition;
    use super::*;

    fn raw() -> Vec<RawColumn> {
        let column = |name: &str, raw_type| RawColumn {
            name: name.to_owned(),
            raw_type,
            is_optional: false,
        };
        vec![
            column("Контрагент", RawType::Text),
            column("qty", RawType::Decimal(18, 3)),
            column("Price", RawType::Decimal(18, 4)),
        ]
    }

    #[test]
    fn sql_and_values_say_the_same() {
        let row = [Value::Text("Итого: ".into()), Value::Decimal(2_500, 3), Value::Null];
        let total = Condition::Total { column: 0, others: vec![2], at_end: false };
        assert!(total.holds(&row));
        assert!(total.sql(&raw()).ends_with("and \"Price\" is null"));
        let factor = |place| Box::new(Expression::Column(place));
        let product = Expression::Product(factor(1), factor(2));
        assert_eq!(product.sql(&raw()), "qty * \"Price\"");
        assert_eq!(product.evaluate(&row), Value::Null);
        let priced = [Value::Null, Value::Decimal(2_500, 3), Value::Decimal(30_000, 4)];
        assert_eq!(product.evaluate(&priced), Value::Decimal(75_000_000, 7));
        assert!(Condition::AllBlank(vec![0]).holds(&priced));
        assert_eq!(
            Condition::AllBlank(vec![0, 2]).sql(&raw()),
            "\"Контрагент\" is null and \"Price\" is null"
        );
    }

    #[test]
    fn dust_and_words_for_nothing_go() {
        let sum = Expression::WithoutDust { column: 1, decimals: 4, sure: 11 };
        assert_eq!(
            sum.sql(&raw()),
            "case when cast(qty as decimal(38, 11)) = cast(qty as decimal(38, 4)) \
             then cast(qty as decimal(38, 4)) else qty end"
        );
        let of = |digits| sum.evaluate(&[Value::Null, Value::Decimal(digits, 16)]);
        // 1234.5600000000002, -0.3000000000000004, and 1.23456, which is no dust.
        assert_eq!(of(12_345_600_000_000_000_002), Value::Decimal(12_345_600_000_000_000_000, 16));
        assert_eq!(of(-3_000_000_000_000_004), Value::Decimal(-3_000_000_000_000_000, 16));
        assert_eq!(of(2_999_999_999_999_999), Value::Decimal(3_000_000_000_000_000, 16));
        assert_eq!(of(12_345_600_000_000_000), Value::Decimal(12_345_600_000_000_000, 16));
        let words = vec!["-".to_owned(), "нет".to_owned()];
        let text = Expression::WithoutWords(Box::new(Expression::Trimmed(0)), words);
        assert_eq!(text.sql(&raw()), "nullif(nullif(trim(\"Контрагент\"), '-'), 'нет')");
        assert_eq!(text.evaluate(&[Value::Text(" нет ".into())]), Value::Null);
        assert_eq!(text.evaluate(&[Value::Text("-a".into())]), Value::Text("-a".into()));
    }

    #[test]
    fn names_are_quoted_where_needed() {
        assert_eq!(identifier("document_no"), "document_no");
        assert_eq!(identifier("Customer ID"), "\"Customer ID\"");
        assert_eq!(identifier("date"), "\"date\"");
        let quotes = Condition::OneOf(0, vec!["O'Neil".to_owned()]);
        assert_eq!(quotes.sql(&raw()), "trim(\"Контрагент\") in ('O''Neil')");
    }
}
