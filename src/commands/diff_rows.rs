//! Differing rows as text, CSV or JSON lines.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, StructArray, UInt64Array,
};
use arrow::compute::kernels::nullif::nullif;
use arrow::compute::not;
use arrow::datatypes::{Field, Fields, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::cli::DiffFormat;
use crate::compare::{ComparedColumns, ComparedValues, RowBatch, RowChange};
use crate::error::{Error, Result};
use crate::report::{plain_table, thousands};

/// Rows shown to people who did not say how many.
const ROWS_SHOWN: u64 = 100;

/// Writes rows that differ, at most so many.
pub(super) struct DiffWriter {
    format: DiffFormat,
    limit: u64,
    /// Rows seen, and those of them that were written.
    seen: u64,
    written: u64,
    /// Header that stands for now; it is written when a slot has another one.
    header: Vec<String>,
    /// Lines of a table, whose widths are known only at the end.
    lines: Vec<Vec<String>>,
}

impl DiffWriter {
    pub fn new(format: DiffFormat, limit: Option<u64>) -> Self {
        let default = if format == DiffFormat::Table { ROWS_SHOWN } else { u64::MAX };
        let limit = limit.unwrap_or(default);
        Self { format, limit, seen: 0, written: 0, header: Vec::new(), lines: Vec::new() }
    }

    /// Starts a slot. When its rows are told apart in another way than those before, their
    /// table is handed back.
    pub fn begin(&mut self, columns: &ComparedColumns) -> Option<String> {
        let mut header = vec!["change".to_owned()];
        match (&columns.key, self.format) {
            (Some(key), DiffFormat::Table) => {
                header.extend(key.iter().cloned());
                header.push("differences".to_owned());
            }
            (Some(key), _) => {
                header.extend(key.iter().cloned());
                header.extend(["column", "before", "after"].map(str::to_owned));
            }
            (None, _) => {
                header.push("times".to_owned());
                header.extend(columns.compared.iter().cloned());
            }
        }
        if self.header == header {
            return None;
        }
        let before = std::mem::replace(&mut self.header, header);
        if self.format == DiffFormat::Csv {
            self.lines.push(self.header.clone());
            return None;
        }
        (!self.lines.is_empty()).then(|| table_of(&before, std::mem::take(&mut self.lines)))
    }

    /// Adds rows; what can be written at once goes to `out`.
    pub fn write(&mut self, batch: &RowBatch, out: &mut Vec<u8>) -> Result<()> {
        let rows = batch.changes.len() as u64;
        let wanted = rows.min(self.limit.saturating_sub(self.written)) as usize;
        self.seen += rows;
        self.written += wanted as u64;
        if wanted == 0 {
            return Ok(());
        }
        match self.format {
            DiffFormat::Table => self.add_lines(batch, wanted),
            DiffFormat::Csv => self.write_csv(batch, wanted, out),
            DiffFormat::Json => write_json(batch, wanted, out),
        }
    }

    /// What is left to print: the table, and how many rows it does not show.
    pub fn finish(self) -> Option<String> {
        match self.format {
            DiffFormat::Json => None,
            // A header alone says that nothing differs.
            DiffFormat::Csv if self.written > 0 => None,
            DiffFormat::Csv => Some(self.header.join(",")).filter(|header| !header.is_empty()),
            DiffFormat::Table if self.seen == 0 => Some("no row differs".to_owned()),
            DiffFormat::Table => {
                let mut text = table_of(&self.header, self.lines);
                let unit = if self.seen == 1 { "row differs" } else { "rows differ" };
                text.push_str(&format!("\n{} {unit}", thousands(self.seen)));
                if self.written < self.seen {
                    text.push_str(&format!(
                        ", the first {} are shown; --limit {} shows all",
                        thousands(self.written),
                        self.seen
                    ));
                }
                Some(text)
            }
        }
    }

    fn add_lines(&mut self, batch: &RowBatch, wanted: usize) -> Result<()> {
        let key = texts(batch.key.iter().map(|(_, array)| array))?;
        let before = texts(batch.values.iter().map(|value| &value.before))?;
        let after = texts(batch.values.iter().map(|value| &value.after))?;
        for row in 0..wanted {
            let mut line = vec![batch.changes[row].shown().to_owned()];
            if !batch.is_keyed {
                line.push(batch.times[row].to_string());
            }
            line.extend(key.iter().map(|column| column(row)));
            // A row that came or went is told by its key; all its values are in csv and json.
            let shown = batch.values.iter().enumerate().filter(|(_, value)| {
                batch.changes[row] == RowChange::Changed && value.differs.value(row)
            });
            let shown: Vec<String> = shown
                .map(|(place, value)| {
                    let or_null = |text: String, array: &ArrayRef| {
                        if array.is_null(row) { "null".to_owned() } else { text }
                    };
                    format!(
                        "{}: {} -> {}",
                        value.name,
                        or_null(before[place](row), &value.before),
                        or_null(after[place](row), &value.after)
                    )
                })
                .collect();
            if batch.is_keyed {
                line.push(shown.join("; "));
            }
            line.resize(self.header.len(), String::new());
            self.lines.push(line);
        }
        Ok(())
    }

    fn write_csv(&mut self, batch: &RowBatch, wanted: usize, out: &mut Vec<u8>) -> Result<()> {
        let failed =
            |error: csv::Error| Error::store("the differences cannot be written").because(error);
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
        for header in self.lines.drain(..) {
            csv.write_record(header).map_err(failed)?;
        }
        let key = texts(batch.key.iter().map(|(_, array)| array))?;
        let before = texts(batch.values.iter().map(|value| &value.before))?;
        let after = texts(batch.values.iter().map(|value| &value.after))?;
        for row in 0..wanted {
            let mut start = vec![batch.changes[row].shown().to_owned()];
            if !batch.is_keyed {
                start.push(batch.times[row].to_string());
            }
            start.extend(key.iter().map(|column| column(row)));
            if !batch.is_keyed {
                csv.write_record(&start).map_err(failed)?;
                continue;
            }
            let mut is_told = false;
            for (place, value) in batch.values.iter().enumerate() {
                if value.differs.value(row) {
                    let cells = [value.name.clone(), before[place](row), after[place](row)];
                    csv.write_record(start.iter().chain(&cells)).map_err(failed)?;
                    is_told = true;
                }
            }
            // A row that came or went with nothing but its key.
            if !is_told {
                let cells = ["", "", ""].map(str::to_owned);
                csv.write_record(start.iter().chain(&cells)).map_err(failed)?;
            }
        }
        csv.flush().map_err(Error::from)
    }
}

fn table_of(header: &[String], lines: Vec<Vec<String>>) -> String {
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    plain_table(&header, &[], lines)
}

type Text<'a> = Box<dyn Fn(usize) -> String + 'a>;

fn texts<'a>(arrays: impl Iterator<Item = &'a ArrayRef>) -> Result<Vec<Text<'a>>> {
    static OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let text = |array: &'a ArrayRef| {
        let formatter = ArrayFormatter::try_new(array.as_ref(), &OPTIONS)?;
        Ok(Box::new(move |row: usize| formatter.value(row).to_string()) as Text<'a>)
    };
    arrays.map(text).collect()
}

/// `{"change":…,"key":{…},"before":{…},"after":{…}}`: values that differ, numbers exact, nulls
/// left out.
fn write_json(batch: &RowBatch, wanted: usize, out: &mut Vec<u8>) -> Result<()> {
    let changes: StringArray = batch.changes.iter().map(|change| Some(change.shown())).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![("change", Arc::new(changes))];
    let key = batch.key.iter().map(|(name, array)| (name.clone(), Arc::clone(array)));
    if !batch.is_keyed {
        columns.push(("times", Arc::new(UInt64Array::from(batch.times.clone()))));
        columns.push(("row", structure(key)?));
    } else {
        columns.push(("key", structure(key)?));
        // A table may have nothing but its key.
        if !batch.values.is_empty() {
            columns.push(("before", masked(batch, |value| &value.before)?));
            columns.push(("after", masked(batch, |value| &value.after)?));
        }
    }
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?.slice(0, wanted);
    let mut writer = arrow::json::LineDelimitedWriter::new(out);
    writer.write(&batch)?;
    Ok(writer.finish()?)
}

/// Values of one side where the sides differ.
fn masked(batch: &RowBatch, side: fn(&ComparedValues) -> &ArrayRef) -> Result<ArrayRef> {
    let values = batch.values.iter().map(|value| {
        let same: BooleanArray = not(&value.differs)?;
        Ok((value.name.clone(), nullif(side(value), &same)?))
    });
    structure(values.collect::<Result<Vec<_>>>()?.into_iter())
}

fn structure(columns: impl Iterator<Item = (String, ArrayRef)>) -> Result<ArrayRef> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    Ok(Arc::new(StructArray::try_new(Fields::from(fields), arrays, None)?))
}
