//! Cells of a sheet → rows of text, as a spreadsheet shows them but without its rounding.

use std::fmt::Write;
use std::sync::mpsc::SyncSender;

use calamine::{Data, DataRef, ExcelDateTime};
use chrono::{NaiveDate, NaiveDateTime, Timelike};

use super::block::{CellKind, RowBlock};
use super::dates::date_of_serial;
use super::layout::ReadLimits;
use crate::error::{Error, Result};

/// A block is handed over when it has so many rows or so much text.
const HANDED_ROWS: usize = 1024;
const HANDED_BYTES: usize = 1 << 18;

/// Whole numbers below are exact in a sheet; above, it has fewer digits than are written.
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

/// What a sheet's reader hands over.
pub(super) enum Handed {
    /// Rows, and the blank rows passed over up to them.
    Rows(RowBlock, u64),
    /// The end, and all blank rows.
    End(u64),
    Failed(Error),
}

/// Puts the cells of a sheet, which come one by one, into rows.
pub(super) struct SheetWriter {
    pub sender: SyncSender<Handed>,
    pub shown: String,
    pub limits: ReadLimits,
    pub is_1904: bool,
    block: RowBlock,
    /// Row that is being written, from 0, and the cells it has.
    row: Option<u32>,
    columns: u32,
    next_row: u32,
    cells: u64,
    blank_rows: u64,
    text: String,
}

impl SheetWriter {
    pub fn new(sender: SyncSender<Handed>, shown: String, limits: ReadLimits) -> Self {
        Self {
            sender,
            shown,
            limits,
            is_1904: false,
            block: RowBlock::new(),
            row: None,
            columns: 0,
            next_row: 0,
            cells: 0,
            blank_rows: 0,
            text: String::new(),
        }
    }

    /// Adds a cell; row and column count from 0. False when nobody wants more rows.
    pub fn cell(
        &mut self,
        (row, column): (u32, u32),
        value: &DataRef<'_>,
        is_formula: bool,
    ) -> Result<bool> {
        if *value == DataRef::Empty && !is_formula {
            return Ok(true);
        }
        if self.row.is_some_and(|current| row < current)
            || (self.row == Some(row) && column < self.columns)
        {
            return Err(self
                .error(row, "the cells are not stored in their order")
                .hint("open the workbook in a spreadsheet program and save it again"));
        }
        if self.row != Some(row) {
            if !self.finish_row()? {
                return Ok(false);
            }
            self.blank_rows += u64::from(row - self.next_row);
            self.row = Some(row);
            self.next_row = row.saturating_add(1);
            self.columns = 0;
        }
        if column as usize >= self.limits.columns {
            let most = self.limits.columns;
            return Err(self.error(row, &format!("the row has more than {most} cells")));
        }
        self.cells += u64::from(column - self.columns) + 1;
        if self.cells > self.limits.sheet_cells {
            let most = self.limits.sheet_cells;
            return Err(self.error(row, &format!("the sheet has more than {most} cells")));
        }
        for _ in self.columns..column {
            self.block.push_cell(b"", CellKind::Text);
        }
        self.columns = column + 1;
        self.text.clear();
        let kind = write_value(value, self.is_1904, &mut self.text);
        if self.text.len() > self.limits.cell_bytes {
            let most = self.limits.cell_bytes;
            return Err(self.error(row, &format!("a cell has more than {most} bytes")));
        }
        self.block.push_cell(self.text.as_bytes(), kind);
        Ok(true)
    }

    fn finish_row(&mut self) -> Result<bool> {
        let Some(row) = self.row else { return Ok(true) };
        self.block.end_row(u64::from(row) + 1);
        self.blank_rows += u64::from(self.block.drop_blank_row());
        if self.block.len() < HANDED_ROWS && self.block.text_bytes() < HANDED_BYTES {
            return Ok(true);
        }
        Ok(self.hand_over())
    }

    fn hand_over(&mut self) -> bool {
        let block = std::mem::take(&mut self.block);
        self.sender.send(Handed::Rows(block, self.blank_rows)).is_ok()
    }

    /// Hands over what is left.
    pub fn finish(mut self) -> Result<()> {
        if self.finish_row()? && (self.block.is_empty() || self.hand_over()) {
            // Nobody is left to hear it when the table was dropped.
            let _ = self.sender.send(Handed::End(self.blank_rows));
        }
        Ok(())
    }

    fn error(&self, row: u32, what: &str) -> Error {
        Error::data(format!("{}:{}: {what}", self.shown, u64::from(row) + 1))
    }
}

/// A cell of a workbook that stands in memory, as one that is streamed.
pub(super) fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(value) => DataRef::Int(*value),
        Data::Float(value) => DataRef::Float(*value),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(value) => DataRef::DateTime(*value),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Writes a value and says what it is. An empty value is a formula that was never computed.
fn write_value(value: &DataRef<'_>, is_1904: bool, text: &mut String) -> CellKind {
    match value {
        DataRef::Int(value) => {
            // Writing to memory cannot fail.
            let _ = write!(text, "{value}");
            CellKind::Number
        }
        DataRef::Float(value) => write_number(*value, text),
        DataRef::String(value) => {
            text.push_str(value);
            CellKind::Text
        }
        DataRef::SharedString(value) => {
            text.push_str(value);
            CellKind::Text
        }
        DataRef::Bool(value) => {
            text.push_str(if *value { "true" } else { "false" });
            CellKind::Boolean
        }
        DataRef::DateTime(value) => write_moment(*value, is_1904, text),
        DataRef::DateTimeIso(value) => write_iso(value, text),
        DataRef::DurationIso(value) => {
            text.push_str(value);
            CellKind::Text
        }
        DataRef::Error(error) => {
            let _ = write!(text, "{error}");
            CellKind::Error
        }
        DataRef::Empty => {
            text.push_str("(not computed)");
            CellKind::Error
        }
    }
}

/// A date, a time of day without a date, or the number where it is neither.
fn write_moment(value: ExcelDateTime, is_1904: bool, text: &mut String) -> CellKind {
    let serial = value.as_f64();
    if value.is_duration() {
        return write_number(serial, text);
    }
    if (0.0..1.0).contains(&serial) {
        // Any day serves to tell the time.
        if let Some((_, time)) = date_of_serial(serial + 100.0, is_1904) {
            let _ = write!(text, "{time}");
            return CellKind::Text;
        }
    }
    match date_of_serial(serial, is_1904) {
        Some((date, time)) => {
            let _ = write!(text, "{date}");
            if time.num_seconds_from_midnight() > 0 {
                let _ = write!(text, " {time}");
            }
            CellKind::Date
        }
        None => write_number(serial, text),
    }
}

fn write_iso(value: &str, text: &mut String) -> CellKind {
    if let Ok(date) = value.parse::<NaiveDate>() {
        let _ = write!(text, "{date}");
        return CellKind::Date;
    }
    if let Ok(moment) = value.parse::<NaiveDateTime>() {
        let _ = write!(text, "{}", moment.format("%Y-%m-%d %H:%M:%S"));
        return CellKind::Date;
    }
    text.push_str(value);
    CellKind::Text
}

/// Writes a number without exponent: whole numbers exactly, others with the 15 significant
/// digits that spreadsheets show.
fn write_number(value: f64, text: &mut String) -> CellKind {
    if !value.is_finite() {
        let _ = write!(text, "{value}");
        return CellKind::Error;
    }
    if value.trunc() == value && value.abs() < EXACT_WHOLE {
        let _ = write!(text, "{}", value as i64);
        return CellKind::Number;
    }
    let scientific = format!("{:.14e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    // Digits in front of the point.
    let whole = exponent.parse::<i32>().unwrap_or(0) + 1;
    if value < 0.0 {
        text.push('-');
    }
    match usize::try_from(whole) {
        Ok(whole) if whole > 0 => {
            let (before, behind) = digits.split_at(whole.min(digits.len()));
            let _ = write!(text, "{before:0<whole$}");
            if !behind.is_empty() {
                let _ = write!(text, ".{behind}");
            }
        }
        _ => {
            let _ = write!(text, "0.{}{digits}", "0".repeat(whole.unsigned_abs() as usize));
        }
    }
    CellKind::Number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> String {
        let mut text = String::new();
        assert_eq!(write_number(value, &mut text), CellKind::Number);
        text
    }

    #[test]
    fn numbers_look_as_in_a_sheet() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (-1234.5, "-1234.5"),
            (1.1 * 1.1, "1.21"),
            (99.99, "99.99"),
            (4_012_888_888_881_881.0, "4012888888881881"),
            (-9_007_199_254_740_991.0, "-9007199254740991"),
            (1e21, "1000000000000000000000"),
            (1.5e-7, "0.00000015"),
            (0.5, "0.5"),
            (123_456.789_012_345, "123456.789012345"),
            (2.0 / 3.0, "0.666666666666667"),
            (-0.001, "-0.001"),
        ] {
            assert_eq!(number(value), expected);
        }
        assert_eq!(number(f64::MAX).len(), 309);
        assert_eq!(write_number(f64::NAN, &mut String::new()), CellKind::Error);
    }

    #[test]
    fn iso_dates_lose_their_letter() {
        let mut text = String::new();
        assert_eq!(write_iso("2024-12-31T10:20:30.5", &mut text), CellKind::Date);
        assert_eq!(text, "2024-12-31 10:20:30");
        text.clear();
        assert_eq!(write_iso("yesterday", &mut text), CellKind::Text);
    }

    proptest::proptest! {
        #[test]
        fn written_numbers_have_fifteen_digits(value in proptest::num::f64::NORMAL) {
            let text = number(value);
            let read: f64 = text.parse().expect("a number");
            proptest::prop_assert!((read - value).abs() <= value.abs() * 1e-14);
            proptest::prop_assert!(!text.contains(['e', 'E']));
        }
    }
}
