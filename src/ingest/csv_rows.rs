//! Text → batches of typed raw columns. A cell that cannot be read is null in the batch
//! and a problem of its row; nothing is guessed.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use csv::ByteRecord;

use super::values::{DateParser, parse_decimal, parse_integer};
use crate::config::Source;
use crate::error::{Error, Result};
use crate::models::Staging;

/// Rows that are worked on at once.
const BATCH_ROWS: usize = 16_384;

/// Lines that one row may span, by line breaks inside quotes.
const MOST_LINES_OF_A_ROW: u64 = 20;

/// What is wrong with a row: the column, its text and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub column: String,
    pub value: String,
    pub reason: String,
}

/// Consecutive rows of a file.
pub struct RawRows {
    /// The declared raw columns, typed.
    pub batch: RecordBatch,
    /// Line of the file each row starts at; the header is 1.
    pub lines: Vec<u64>,
    /// The first problem of each row.
    pub problems: Vec<Option<Problem>>,
    records: Vec<ByteRecord>,
}

impl RawRows {
    /// A row as delimited text.
    pub fn text(&self, row: usize, source: &Source) -> String {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(source.delimiter)
            .quote(source.quote)
            .flexible(true)
            .from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_byte_record(&self.records[row]);
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()
    }
}

/// Reads one file in batches.
pub struct CsvRows<R> {
    reader: csv::Reader<R>,
    file: String,
    columns: Vec<RawColumnReader>,
    header_width: usize,
    dates: DateParser,
    decimal_separator: char,
    is_utf8: bool,
    schema: SchemaRef,
}

struct RawColumnReader {
    name: String,
    data_type: DataType,
    /// Place in the file's rows; none when an optional column is absent.
    place: Option<usize>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header and finds the declared columns in it.
    ///
    /// # Errors
    /// When there is no header, or it lacks a column or has one twice.
    pub fn open(text: R, file: &str, source: &Source, staging: &Staging) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(source.delimiter)
            .quote(source.quote)
            .flexible(true)
            .has_headers(false)
            // With its default the reader counts lines wrongly where they end in CR LF.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(text);
        let mut header = ByteRecord::new();
        let found =
            next_record(&mut reader, &mut header).map_err(|error| unreadable(file, error))?;
        if !found {
            return Err(Error::data(format!(
                "{file}: the file is empty; not even a header is there"
            ))
            .hint("deliver the file again; nothing was changed"));
        }
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let mut columns = Vec::new();
        for raw in &staging.raw {
            let mut places =
                names.iter().enumerate().filter(|(_, name)| **name == raw.name).map(|(at, _)| at);
            let place = places.next();
            if place.is_none() && !raw.optional {
                return Err(missing_column(file, &raw.name, &names, staging));
            }
            if places.next().is_some() {
                return Err(Error::data(format!(
                    "{file}:1: the header has the column `{}` twice",
                    raw.name
                )));
            }
            columns.push(RawColumnReader {
                name: raw.name.clone(),
                data_type: raw.column_type.data_type.clone(),
                place,
            });
        }
        Ok(Self {
            reader,
            file: file.to_owned(),
            columns,
            header_width: header.len(),
            dates: DateParser::new(&source.date_formats),
            decimal_separator: source.decimal_separator,
            is_utf8: source.encoding == encoding_rs::UTF_8,
            schema: raw_schema(staging),
        })
    }

    /// The next rows, or nothing at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read further, as when it is cut off.
    pub fn next_rows(&mut self) -> Result<Option<RawRows>> {
        let mut records = Vec::new();
        let mut lines = Vec::new();
        while records.len() < BATCH_ROWS {
            let mut record = ByteRecord::new();
            let more = next_record(&mut self.reader, &mut record)
                .map_err(|error| unreadable(&self.file, error))?;
            if !more {
                break;
            }
            self.refuse_open_quote(&record)?;
            lines.push(record.position().map_or(0, csv::Position::line));
            records.push(record);
        }
        if records.is_empty() {
            return Ok(None);
        }
        let mut problems: Vec<Option<Problem>> =
            records.iter().map(|record| self.wrong_width(record)).collect();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let mut cells = CellReader {
                column,
                dates: &mut self.dates,
                decimal_separator: self.decimal_separator,
                is_utf8: self.is_utf8,
            };
            arrays.push(cells.read(&records, &mut problems)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        Ok(Some(RawRows { batch, lines, problems, records }))
    }

    /// An unclosed quote makes one row of everything up to the next quote, or of the rest of
    /// the file: those lines must not get lost in one reject.
    fn refuse_open_quote(&self, record: &ByteRecord) -> Result<()> {
        let first = record.position().map_or(0, csv::Position::line);
        // The reader stands behind the line's end.
        let lines = self.reader.position().line().saturating_sub(first);
        let is_wrong_width = record.len() != self.header_width;
        if lines > MOST_LINES_OF_A_ROW || (lines > 1 && is_wrong_width) {
            return Err(Error::data(format!(
                "{}:{first}: one row spans {lines} lines; a quote is probably not closed",
                self.file
            ))
            .hint("correct the quotes in that line, or set `quote` of the source if the files use none"));
        }
        Ok(())
    }

    fn wrong_width(&self, record: &ByteRecord) -> Option<Problem> {
        (record.len() != self.header_width).then(|| Problem {
            column: String::new(),
            value: String::new(),
            reason: format!("has {} cells, the header has {}", record.len(), self.header_width),
        })
    }
}

/// Reads a record whose line may end in LF or CR LF; blank lines are passed over.
fn next_record<R: Read>(reader: &mut csv::Reader<R>, record: &mut ByteRecord) -> csv::Result<bool> {
    while reader.read_byte_record(record)? {
        let last = record.len() - 1;
        if let Some(cell) = record[last].strip_suffix(b"\r").map(<[u8]>::to_vec) {
            record.truncate(last);
            record.push_field(&cell);
        }
        if record.len() > 1 || !record[0].is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Schema under which a staging file sees the raw rows.
pub fn raw_schema(staging: &Staging) -> SchemaRef {
    let field = |column: &crate::models::RawColumn| {
        Field::new(&column.name, column.column_type.data_type.clone(), true)
    };
    Arc::new(Schema::new(staging.raw.iter().map(field).collect::<Vec<_>>()))
}

struct CellReader<'a> {
    column: &'a RawColumnReader,
    dates: &'a mut DateParser,
    decimal_separator: char,
    is_utf8: bool,
}

impl CellReader<'_> {
    fn read(
        &mut self,
        records: &[ByteRecord],
        problems: &mut [Option<Problem>],
    ) -> Result<ArrayRef> {
        let rows = records.iter().zip(problems);
        let column = self.column;
        macro_rules! build {
            ($builder:expr, $parse:expr) => {{
                let mut builder = $builder;
                for (record, problem) in rows {
                    let parse: &mut dyn FnMut(&str) -> Result<_, String> = &mut $parse;
                    let cell = self.text(record).and_then(|text| match text {
                        None => Ok(None),
                        Some(text) => {
                            parse(text).map(Some).map_err(|reason| (text.to_owned(), reason))
                        }
                    });
                    match cell {
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
        Ok(match &column.data_type {
            DataType::Utf8 => {
                let mut builder = StringBuilder::new();
                for (record, problem) in rows {
                    match self.text(record) {
                        Ok(text) => builder.append_option(text),
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
                let mut dates = std::mem::replace(self.dates, DateParser::new(&[]));
                let array = build!(Date32Builder::new(), |text: &str| dates.parse(text));
                *self.dates = dates;
                array
            }
            DataType::Int64 => build!(Int64Builder::new(), parse_integer),
            DataType::Decimal128(precision, scale) => {
                let (precision, scale) = (*precision, *scale);
                let builder =
                    Decimal128Builder::new().with_precision_and_scale(precision, scale)?;
                let separator = self.decimal_separator;
                build!(builder, |text: &str| parse_decimal(text, precision, scale, separator))
            }
            other => return Err(Error::bug(format!("raw columns cannot be {other}"))),
        })
    }

    /// The cell's text; blank cells and absent columns are null.
    fn text<'r>(&self, record: &'r ByteRecord) -> Result<Option<&'r str>, (String, String)> {
        let Some(bytes) = self.column.place.and_then(|place| record.get(place)) else {
            return Ok(None);
        };
        let wrong = |reason: &str| (String::from_utf8_lossy(bytes).into_owned(), reason.to_owned());
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("is not valid in the encoding"))?;
        // The decoder writes this letter where bytes do not fit the declared encoding.
        if !self.is_utf8 && text.contains('\u{fffd}') {
            return Err(wrong("is not valid in the encoding"));
        }
        Ok((!text.trim().is_empty()).then_some(text))
    }
}

fn unreadable(file: &str, error: csv::Error) -> Error {
    let place = error.position().map_or_else(String::new, |at| format!(":{}", at.line()));
    if crate::error::is_of_store(&error) {
        return Error::store(format!("{file}{place}: reading broke off")).because(error);
    }
    Error::data(format!("{file}{place}: the file cannot be read to its end"))
        .because(error)
        .hint("it may be cut off or damaged; deliver it again; nothing was changed")
}

fn missing_column(file: &str, wanted: &str, names: &[String], staging: &Staging) -> Error {
    let nearest = names
        .iter()
        .map(|name| {
            (
                strsim::normalized_damerau_levenshtein(
                    &name.to_lowercase(),
                    &wanted.to_lowercase(),
                ),
                name,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((_, name)) => format!("the nearest column is `{name}`"),
        None => format!("the columns are: {}", names.join(", ")),
    };
    Error::data(format!("{file}:1: the header has no column `{wanted}`"))
        .hint(format!("{hint}; {} says which columns are expected", staging.file.shown))
}
