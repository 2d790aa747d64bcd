//! Rows of text cells → batches of typed raw columns. A cell that cannot be read is null in
//! the batch and a problem of its row; nothing is guessed.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::config::Source;
use crate::error::{Error, Result};
use crate::models::Staging;
use crate::reading::{
    Cell, CellKind, DateParser, NumberFormat, RowBlock, header_name, parse_decimal, parse_integer,
};

/// What is wrong with a row: the column, its text and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub column: String,
    pub value: String,
    pub reason: String,
}

/// Consecutive rows, typed.
pub struct TypedRows {
    /// The declared raw columns.
    pub batch: RecordBatch,
    /// The first problem of each row.
    pub problems: Vec<Option<Problem>>,
    /// Undeclared columns of each row as a JSON object, when they are kept.
    pub extra: Option<StringArray>,
}

/// Reads the cells of one table of a file by the types that a staging declares.
#[derive(Debug, Clone)]
pub struct RowTyper {
    columns: Vec<TypedColumn>,
    /// Places and names of undeclared columns, when they are kept.
    extra: Option<Vec<(usize, String)>>,
    width: usize,
    numbers: NumberFormat,
    date_formats: Vec<String>,
    null_values: Vec<String>,
    schema: SchemaRef,
}

#[derive(Debug, Clone)]
struct TypedColumn {
    name: String,
    data_type: DataType,
    /// Place in the file's rows; none when an optional column is absent.
    place: Option<usize>,
}

impl RowTyper {
    /// Finds the declared columns in a header.
    ///
    /// # Errors
    /// When an optional column stands there twice; required ones were checked before.
    pub fn new(shown: &str, header: &[String], source: &Source, staging: &Staging) -> Result<Self> {
        let mut columns = Vec::with_capacity(staging.raw.len());
        for raw in &staging.raw {
            let name = header_name(&raw.name);
            let mut places =
                header.iter().enumerate().filter(|(_, found)| **found == name).map(|(at, _)| at);
            let place = places.next();
            if places.next().is_some() {
                return Err(Error::data(format!(
                    "{shown}: the header has the column `{}` twice",
                    raw.name
                )));
            }
            columns.push(TypedColumn {
                name: raw.name.clone(),
                data_type: raw.column_type.data_type.clone(),
                place,
            });
        }
        let is_declared = |at: usize| columns.iter().any(|column| column.place == Some(at));
        let undeclared = header.iter().enumerate().filter(|(at, _)| !is_declared(*at));
        let mut extra: Vec<(usize, String)> = Vec::new();
        for (at, name) in undeclared {
            let name = match name.is_empty() {
                true => format!("column {}", at + 1),
                false => name.clone(),
            };
            // Columns of one name are both kept.
            let mut unique = name.clone();
            let mut twin = 1;
            while extra.iter().any(|(_, taken)| *taken == unique) {
                twin += 1;
                unique = format!("{name} ({twin})");
            }
            extra.push((at, unique));
        }
        Ok(Self {
            columns,
            extra: source.extra.then_some(extra),
            width: header.len(),
            numbers: source.numbers,
            date_formats: source.date_formats.clone(),
            null_values: source.null_values.clone(),
            schema: raw_schema(staging),
        })
    }

    /// A reader of dates for one thread.
    pub fn dates(&self) -> DateParser {
        DateParser::new(&self.date_formats)
    }

    /// Types the rows of a block.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn read(&self, block: &RowBlock, dates: &mut DateParser) -> Result<TypedRows> {
        let rows = block.len();
        let mut problems: Vec<Option<Problem>> =
            (0..rows).map(|row| self.wrong_width(block, row)).collect();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        let sound = block.sound_text();
        for column in &self.columns {
            arrays.push(self.read_column(column, (block, sound), dates, &mut problems)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        let extra = self.extra.as_deref().map(|extra| extra_column(extra, block));
        Ok(TypedRows { batch, problems, extra: extra.transpose()? })
    }

    fn wrong_width(&self, block: &RowBlock, row: usize) -> Option<Problem> {
        let width = block.width(row);
        (width != self.width).then(|| Problem {
            column: String::new(),
            value: String::new(),
            reason: match width {
                0 => "is no JSON object, or has a key twice".to_owned(),
                width => format!("has {width} cells, the header has {}", self.width),
            },
        })
    }

    fn read_column(
        &self,
        column: &TypedColumn,
        (block, sound): (&RowBlock, Option<&str>),
        dates: &mut DateParser,
        problems: &mut [Option<Problem>],
    ) -> Result<ArrayRef> {
        let rows = problems.iter_mut().enumerate();
        let numbers = self.numbers;
        let says_nothing = |text: &str| self.null_values.iter().any(|null| null == text.trim());
        macro_rules! build {
            ($builder:expr, $parse:expr) => {{
                let mut builder = $builder;
                for (row, problem) in rows {
                    let parse: &mut dyn FnMut(&str, CellKind) -> Result<_, String> = &mut $parse;
                    let read = match cell_of(column, (block, sound), row) {
                        Ok(None) => Ok(None),
                        Ok(Some((text, _))) if says_nothing(text) => Ok(None),
                        Ok(Some((text, kind))) => {
                            parse(text, kind).map(Some).map_err(|reason| (text.to_owned(), reason))
                        }
                        Err(wrong) => Err(wrong),
                    };
                    match read {
                        Ok(value) => builder.append_option(value),
                        Err((value, reason)) => {
                            builder.append_option(None);
                            let column = column.name.clone();
                            problem.get_or_insert(Problem { column, value, reason });
                        }
                    }
                }
                Arc::new(builder.finish()) as ArrayRef
            }};
        }
        let format_of = |kind: CellKind| match kind {
            CellKind::Number => NumberFormat::PLAIN,
            _ => numbers,
        };
        Ok(match &column.data_type {
            DataType::Utf8 => {
                let mut builder = StringBuilder::with_capacity(block.len(), 0);
                for (row, problem) in rows {
                    match cell_of(column, (block, sound), row) {
                        Ok(cell) => builder.append_option(cell.map(|(text, _)| text)),
                        Err((value, reason)) => {
                            builder.append_null();
                            let column = column.name.clone();
                            problem.get_or_insert(Problem { column, value, reason });
                        }
                    }
                }
                Arc::new(builder.finish())
            }
            DataType::Date32 => {
                build!(Date32Builder::with_capacity(block.len()), |text: &str, kind| dates
                    .parse_cell(text, kind))
            }
            DataType::Int64 => {
                build!(Int64Builder::with_capacity(block.len()), |text: &str, kind| {
                    parse_integer(text, format_of(kind))
                })
            }
            DataType::Decimal128(precision, scale) => {
                let (precision, scale) = (*precision, *scale);
                let builder = Decimal128Builder::with_capacity(block.len())
                    .with_precision_and_scale(precision, scale)?;
                build!(builder, |text: &str, kind| {
                    parse_decimal(text, precision, scale, format_of(kind))
                })
            }
            other => return Err(Error::bug(format!("raw columns cannot be {other}"))),
        })
    }
}

/// A cell's text with its kind; blank cells and absent columns are nothing.
fn cell_of<'b>(
    column: &TypedColumn,
    (block, sound): (&'b RowBlock, Option<&'b str>),
    row: usize,
) -> Result<Option<(&'b str, CellKind)>, (String, String)> {
    let place = column.place.and_then(|place| block.cell_place(row, place));
    let Some((place, kind)) = place else { return Ok(None) };
    // A cell that cuts a letter in two is not sound by itself.
    let text = match sound.and_then(|text| text.get(place)) {
        Some(text) => text,
        None => match column.place.and_then(|place| block.cell(row, place)) {
            Some(cell) => text_of(&cell)?,
            None => return Ok(None),
        },
    };
    let begins = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    if !begins && text.trim().is_empty() {
        return Ok(None);
    }
    if kind == CellKind::Error {
        return Err((text.to_owned(), "is an error or no single value".to_owned()));
    }
    Ok(Some((text, kind)))
}

/// Text that is whole; a letter that the encoding could not give is a problem.
fn text_of<'b>(cell: &Cell<'b>) -> Result<&'b str, (String, String)> {
    const REPLACEMENT: char = '\u{fffd}';
    match std::str::from_utf8(cell.bytes) {
        Ok(text) if text.contains('\0') => {
            // Most databases refuse it, and a disk that lost its power leaves it in files.
            Err((text.replace('\0', "\u{2400}"), "holds a byte 0".to_owned()))
        }
        Ok(text) if !cell.bytes.contains(&0xef) || !text.contains(REPLACEMENT) => Ok(text),
        _ => Err((
            String::from_utf8_lossy(cell.bytes).into_owned(),
            "is not valid in the encoding of the source".to_owned(),
        )),
    }
}

fn extra_column(extra: &[(usize, String)], block: &RowBlock) -> Result<StringArray> {
    let mut builder = StringBuilder::new();
    for row in 0..block.len() {
        let mut object = serde_json::Map::new();
        for (place, name) in extra {
            let Some(cell) = block.cell(row, *place).filter(|cell| !cell.bytes.is_empty()) else {
                continue;
            };
            let text = String::from_utf8_lossy(cell.bytes).into_owned();
            object.insert(name.clone(), serde_json::Value::String(text));
        }
        if object.is_empty() {
            builder.append_null();
        } else {
            builder.append_value(serde_json::to_string(&object)?);
        }
    }
    Ok(builder.finish())
}

/// Schema under which a staging file sees the raw rows.
pub fn raw_schema(staging: &Staging) -> SchemaRef {
    let field = |column: &crate::models::RawColumn| {
        Field::new(&column.name, column.column_type.data_type.clone(), true)
    };
    Arc::new(Schema::new(staging.raw.iter().map(field).collect::<Vec<_>>()))
}
