//! How many cells an old Excel workbook makes in memory. Its parser makes a rectangle of every
//! sheet, so that two cells in far corners cost as much as a full sheet.

use std::collections::HashMap;
use std::path::Path;

use super::compound::{Compound, u16_at, u32_at};
use super::layout::ReadLimits;
use crate::error::{Error, Result};

// Types of records.
const BOUND_SHEET: u16 = 0x0085;
const DIMENSIONS: u16 = 0x0200;
const FORMULA: u16 = 0x0006;
const MUL_RK: u16 = 0x00bd;
/// Start and end of a part of the stream: the workbook's, a sheet's, a chart's in it.
const BOF: u16 = 0x0809;
const END: u16 = 0x000a;
/// Number, label, rich string, Boolean or error, RK number, shared string.
const CELLS: [u16; 6] = [0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, 0x00fd];

/// What the format allows in a sheet.
const MOST_ROWS: u32 = 65_536;
const MOST_COLUMNS: u16 = 256;

/// Refuses a workbook that is damaged or makes too many cells.
///
/// # Errors
/// In these cases, and when the file cannot be read.
pub(super) fn check(path: &Path, shown: &str, limits: &ReadLimits) -> Result<()> {
    let unread =
        |error: std::io::Error| Error::store(format!("{shown}: reading broke off")).because(error);
    let size = std::fs::metadata(path).map_err(unread)?.len();
    if size > limits.workbook_bytes {
        return Err(Error::data(format!(
            "{shown}: has {size} bytes; at most {} are read of a workbook of this kind",
            limits.workbook_bytes
        ))
        .hint("deliver it as CSV or .xlsx"));
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let cells = cells(&bytes).ok_or_else(|| {
        Error::data(format!("{shown}: the workbook is cut off or damaged"))
            .hint("open it in a spreadsheet program and save it again")
    })?;
    if cells > limits.memory_cells {
        return Err(Error::data(format!(
            "{shown}: has more than {} cells, blank ones between others included",
            limits.memory_cells
        ))
        .hint("deliver it as CSV or .xlsx, or delete what stands far from the table"));
    }
    Ok(())
}

/// Cells of the rectangles of all sheets. None: the file is damaged.
fn cells(bytes: &[u8]) -> Option<u64> {
    let file = Compound::open(bytes)?;
    let stream = file.stream("Workbook").or_else(|| file.stream("Book"))?;
    let mut cells: u64 = 0;
    // Several sheets may claim the same place; each is read.
    let mut known: HashMap<u32, u64> = HashMap::new();
    for record in (Records { stream: &stream }) {
        let (kind, data) = record?;
        match kind {
            BOUND_SHEET => {
                let start = u32_at(data, 0)?;
                let of_sheet = match known.get(&start) {
                    Some(cells) => *cells,
                    None => cells_of_sheet(stream.get(start as usize..)?)?,
                };
                known.insert(start, of_sheet);
                cells = cells.saturating_add(of_sheet);
            }
            END => break,
            _ => {}
        }
    }
    Some(cells)
}

/// Charts in the sheet are taken along: they can only add.
fn cells_of_sheet(stream: &[u8]) -> Option<u64> {
    let mut rows: Option<(u16, u16)> = None;
    let mut columns: Option<(u16, u16)> = None;
    let widened = |range: Option<(u16, u16)>, first: u16, last: u16| {
        range.map_or((first, last), |(low, high)| (low.min(first), high.max(last)))
    };
    let mut depth = 0;
    for record in (Records { stream }) {
        let (kind, data) = record?;
        let last_column = match kind {
            BOF => {
                depth += 1;
                continue;
            }
            END => {
                depth -= 1;
                if depth <= 0 {
                    break;
                }
                continue;
            }
            DIMENSIONS => {
                check_dimensions(data)?;
                continue;
            }
            MUL_RK => u16_at(data, data.len().checked_sub(2)?)?,
            FORMULA => u16_at(data, 2)?,
            kind if CELLS.contains(&kind) => u16_at(data, 2)?,
            _ => continue,
        };
        let row = u16_at(data, 0)?;
        rows = Some(widened(rows, row, row));
        columns = Some(widened(columns, u16_at(data, 2)?, last_column));
    }
    let length = |range: Option<(u16, u16)>| {
        range.map_or(0, |(low, high)| u64::from(high.saturating_sub(low)) + 1)
    };
    Some(length(rows) * length(columns))
}

/// The parser reserves memory for what this record claims.
fn check_dimensions(data: &[u8]) -> Option<()> {
    let (first_row, rows, columns) = if data.len() >= 14 {
        (u32_at(data, 0)?, u32_at(data, 4)?, u16_at(data, 10)?)
    } else {
        (u32::from(u16_at(data, 0)?), u32::from(u16_at(data, 2)?), u16_at(data, 6)?)
    };
    let is_empty = rows == 0 || columns == 0;
    let fits = first_row < rows && rows <= MOST_ROWS && columns <= MOST_COLUMNS;
    (is_empty || fits).then_some(())
}

/// Records of a stream: their types and data. None: a record is cut off.
struct Records<'a> {
    stream: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Option<(u16, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stream.is_empty() {
            return None;
        }
        let record = || {
            let kind = u16_at(self.stream, 0)?;
            let length = usize::from(u16_at(self.stream, 2)?);
            Some((kind, self.stream.get(4..4 + length)?, self.stream.get(4 + length..)?))
        };
        match record() {
            Some((kind, data, rest)) => {
                self.stream = rest;
                Some(Some((kind, data)))
            }
            None => {
                self.stream = &[];
                Some(None)
            }
        }
    }
}
