//! Types and values of parameters, apart from the engine that they are bound in.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

/// A column or parameter type, as SQL headers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterType {
    /// As written.
    pub text: String,
    /// As Arrow knows it.
    pub data_type: DataType,
}

/// Reads a type as headers write it: `text`, `date`, `bigint`, `double`, `boolean`,
/// `decimal(p,s)`, or one of these followed by `[]`.
pub fn parse_type(text: &str) -> Option<ParameterType> {
    let text = text.trim();
    let data_type = if let Some(item) = text.strip_suffix("[]") {
        DataType::List(Arc::new(Field::new_list_field(parse_type(item)?.data_type, true)))
    } else if let Some(inside) =
        text.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')'))
    {
        let (precision, scale) = inside.split_once(',')?;
        let precision: u8 =
            precision.trim().parse().ok().filter(|digits| (1..=38).contains(digits))?;
        let scale: i8 =
            scale.trim().parse().ok().filter(|digits| (0..=precision as i8).contains(digits))?;
        DataType::Decimal128(precision, scale)
    } else {
        match text {
            "text" => DataType::Utf8,
            "date" => DataType::Date32,
            "bigint" => DataType::Int64,
            "double" => DataType::Float64,
            "boolean" => DataType::Boolean,
            _ => return None,
        }
    };
    Some(ParameterType { text: text.replace(' ', ""), data_type })
}

/// A checked parameter. Its text, with the type that a SQL header declares, is all that a
/// fingerprint depends on.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// `decimal(precision,scale)`: `unscaled` × 10^-`scale`.
    Decimal { unscaled: i128, precision: u8, scale: u8 },
    /// A list of such decimals.
    Decimals { unscaled: Vec<i128>, precision: u8, scale: u8 },
    /// `double`, finite.
    Double(f64),
    /// `boolean`.
    Boolean(bool),
    /// `bigint`.
    Integer(i64),
    /// `bigint[]`.
    Integers(Vec<i64>),
    /// `text`.
    Text(String),
    /// `text[]`.
    Texts(Vec<String>),
}

impl ParameterValue {
    /// The type that a SQL header must declare.
    pub fn data_type(&self) -> DataType {
        let list = |item| DataType::List(Arc::new(Field::new_list_field(item, true)));
        match self {
            Self::Decimal { precision, scale, .. } => {
                DataType::Decimal128(*precision, *scale as i8)
            }
            Self::Decimals { precision, scale, .. } => {
                list(DataType::Decimal128(*precision, *scale as i8))
            }
            Self::Double(_) => DataType::Float64,
            Self::Boolean(_) => DataType::Boolean,
            Self::Integer(_) => DataType::Int64,
            Self::Integers(_) => list(DataType::Int64),
            Self::Text(_) => DataType::Utf8,
            Self::Texts(_) => list(DataType::Utf8),
        }
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { unscaled, scale, .. } => {
                formatter.write_str(&decimal_text(*unscaled, *scale))
            }
            Self::Decimals { unscaled, scale, .. } => {
                let texts: Vec<String> =
                    unscaled.iter().map(|item| decimal_text(*item, *scale)).collect();
                write!(formatter, "[{}]", texts.join(", "))
            }
            Self::Boolean(flag) => write!(formatter, "{flag}"),
            Self::Double(number) => write!(formatter, "{number}"),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Integers(numbers) => {
                let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
                write!(formatter, "[{}]", texts.join(", "))
            }
            Self::Text(text) => formatter.write_str(text),
            Self::Texts(texts) => write!(formatter, "[{}]", texts.join(", ")),
        }
    }
}

fn decimal_text(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let places = usize::from(scale);
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = places + 1);
    let (whole, decimals) = digits.split_at(digits.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_write_them() {
        let decimal = |unscaled, scale| ParameterValue::Decimal { unscaled, precision: 5, scale };
        assert_eq!(decimal(8_000, 4).to_string(), "0.8000");
        assert_eq!(decimal(-12_345, 4).to_string(), "-1.2345");
        assert_eq!(decimal(7, 0).to_string(), "7");
        let decimals =
            ParameterValue::Decimals { unscaled: vec![2_500, -1], precision: 5, scale: 4 };
        assert_eq!(decimals.to_string(), "[0.2500, -0.0001]");
        assert_eq!(ParameterValue::Boolean(true).to_string(), "true");
        assert_eq!(ParameterValue::Double(0.25).to_string(), "0.25");
        assert_eq!(ParameterValue::Integers(vec![3, 6]).to_string(), "[3, 6]");
        let texts = ["client", "product"].map(str::to_owned).to_vec();
        assert_eq!(ParameterValue::Texts(texts).to_string(), "[client, product]");
    }
}
