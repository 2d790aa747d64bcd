//! Cells → typed values by the strict readers of the run, and what does not fit.

use super::decision::Decision;
use super::expression::{RawType, Value};
use crate::reading::{
    Cell, CellKind, DateParser, NumberFormat, RowBlock, parse_decimal, parse_integer,
};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The column; empty when it is the row.
    pub column: String,
    /// Its text.
    pub value: String,
    /// Why, as a fragment behind the value.
    pub reason: String,
}

/// Reads the declared columns of rows.
pub struct RowReader<'a> {
    decision: &'a Decision,
    places: Vec<usize>,
    width: usize,
    dates: DateParser,
}

impl<'a> RowReader<'a> {
    /// A reader of rows under this header.
    pub fn new(decision: &'a Decision, header: &[String]) -> Self {
        let place = |name: &String| header.iter().position(|found| found == name);
        Self {
            decision,
            places: decision.raw.iter().map(|raw| place(&raw.name).unwrap_or(usize::MAX)).collect(),
            width: header.len(),
            dates: DateParser::new(&decision.date_formats),
        }
    }

    /// The values of a row, and the first thing that is wrong with it. What cannot be read is null.
    pub fn read<'b>(
        &mut self,
        block: &'b RowBlock,
        row: usize,
    ) -> (Vec<Value<'b>>, Option<Problem>) {
        let width = block.width(row);
        let mut problem = (width != self.width).then(|| Problem {
            column: String::new(),
            value: String::new(),
            reason: match width {
                0 => "is no JSON object, or has a key twice".to_owned(),
                width => format!("has {width} cells, the header has {}", self.width),
            },
        });
        let mut values = Vec::with_capacity(self.places.len());
        for (raw, place) in self.decision.raw.iter().zip(&self.places) {
            let read = match text_of(block.cell(row, *place)) {
                Ok(None) => Ok(Value::Null),
                Ok(Some((text, _)))
                    if raw.raw_type != RawType::Text && self.decision.says_nothing(text) =>
                {
                    Ok(Value::Null)
                }
                Ok(Some((text, kind))) => {
                    value_of(text, kind, raw.raw_type, self.decision.numbers, &mut self.dates)
                        .map_err(|reason| (text.to_owned(), reason))
                }
                Err(wrong) => Err(wrong),
            };
            values.push(read.unwrap_or_else(|(value, reason)| {
                let value = value.chars().take(80).collect();
                problem.get_or_insert(Problem { column: raw.name.clone(), value, reason });
                Value::Null
            }));
        }
        (values, problem)
    }
}

fn value_of<'b>(
    text: &'b str,
    kind: CellKind,
    raw_type: RawType,
    numbers: NumberFormat,
    dates: &mut DateParser,
) -> Result<Value<'b>, String> {
    let format = if kind == CellKind::Number { NumberFormat::PLAIN } else { numbers };
    Ok(match raw_type {
        RawType::Text => Value::Text(text.into()),
        RawType::Date => Value::Day(dates.parse_cell(text, kind)?),
        RawType::Bigint => Value::Whole(parse_integer(text, format)?),
        RawType::Decimal(precision, scale) => {
            Value::Decimal(parse_decimal(text, precision, scale as i8, format)?, scale)
        }
    })
}

/// A cell's text; blank cells and absent columns are nothing.
fn text_of(cell: Option<Cell<'_>>) -> Result<Option<(&str, CellKind)>, (String, String)> {
    let Some(cell) = cell else { return Ok(None) };
    let text = match std::str::from_utf8(cell.bytes) {
        Ok(text) if !text.contains('\u{fffd}') => text,
        _ => {
            let shown = String::from_utf8_lossy(cell.bytes).into_owned();
            return Err((shown, "is not valid in the encoding of the source".to_owned()));
        }
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    if cell.kind == CellKind::Error {
        return Err((text.to_owned(), "is an error or no single value".to_owned()));
    }
    Ok(Some((text, cell.kind)))
}
