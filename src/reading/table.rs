//! One table: its header is found, its rows come in blocks.

use std::path::Path;

use super::block::RowBlock;
use super::bytes::Stored;
use super::delimited::DelimitedRows;
use super::header::{self, Header, header_name};
use super::json_lines::JsonLinesRows;
use super::layout::{Format, Layout, ReadLimits};
use super::members::Member;
use super::parquet_rows::ParquetRows;
use super::rows::Rows;
use super::workbook::WorkbookRows;
use crate::error::{Error, Result};

/// A table being read.
pub struct Table {
    rows: Box<dyn Rows>,
    header: Header,
    /// Number of columns where rows cannot be too wide or too narrow.
    grid_width: Option<usize>,
    delimiter: u8,
    fill_down: Vec<FillDown>,
    unfilled: RowBlock,
}

/// A column whose blank cells take the value above.
struct FillDown {
    column: usize,
    /// A block of one row with one cell: the value above.
    above: RowBlock,
}

impl Table {
    /// Opens a table and finds its header: the first row that has all `wanted` names and those
    /// of `layout.fill_down`, or the row that the layout names. Names are compared as
    /// [`header_name`] makes them.
    ///
    /// # Errors
    /// When the file cannot be read or is no such file as it should be, or no header fits: the
    /// error names the row that comes nearest and, for each name it lacks, the nearest name.
    pub fn open(
        path: &Path,
        shown: &str,
        member: &Member,
        layout: &Layout,
        limits: &ReadLimits,
        wanted: &[&str],
    ) -> Result<Self> {
        let (mut rows, shown) = open_rows(path, shown, member, layout, limits)?;
        let mut names: Vec<String> = Vec::new();
        for name in wanted.iter().copied().chain(layout.fill_down.iter().map(String::as_str)) {
            let name = header_name(name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut header = header::find(rows.as_mut(), &shown, layout, limits, &names)?;
        if member.format == Format::Workbook {
            let width = header.names.iter().rposition(|name| !name.is_empty());
            header.names.truncate(width.map_or(0, |last| last + 1));
        }
        for name in &names {
            let column = header.names.iter().position(|found| found == name);
            if let Some(reason) = column.and_then(|column| rows.refused_column(column)) {
                return Err(Error::data(format!("{shown}: the column `{name}` {reason}")));
            }
        }
        rows.set_header(&header.names);
        let fill_down = layout
            .fill_down
            .iter()
            .filter_map(|name| {
                let name = header_name(name);
                let column = header.names.iter().position(|found| *found == name)?;
                Some(FillDown { column, above: RowBlock::new() })
            })
            .collect();
        let grid_width = (member.format != Format::Delimited).then_some(header.names.len());
        Ok(Self {
            rows,
            header,
            grid_width,
            delimiter: shown_delimiter(member, layout),
            fill_down,
            unfilled: RowBlock::new(),
        })
    }

    /// Opens a table without a look for its header: rows come from the top as they stand.
    /// JSON Lines and Parquet have their header all the same.
    ///
    /// # Errors
    /// When the file cannot be read or is no such file as it should be.
    pub fn open_raw(
        path: &Path,
        shown: &str,
        member: &Member,
        layout: &Layout,
        limits: &ReadLimits,
    ) -> Result<Self> {
        let (rows, _) = open_rows(path, shown, member, layout, limits)?;
        let names = rows.schema().map(<[String]>::to_vec);
        Ok(Self {
            grid_width: names.as_ref().map(Vec::len),
            header: Header { names: names.unwrap_or_default(), ..Header::default() },
            rows,
            delimiter: shown_delimiter(member, layout),
            fill_down: Vec::new(),
            unfilled: RowBlock::new(),
        })
    }

    /// Names of the columns, as [`header_name`] makes them. Some may be blank or stand twice.
    pub fn header(&self) -> &[String] {
        &self.header.names
    }

    /// Line or row of the last row of the header; 0 where the format has no header row.
    pub fn header_line(&self) -> u64 {
        self.header.line
    }

    /// Rows above the header that are not blank.
    pub fn rows_above(&self) -> u64 {
        self.header.rows_above
    }

    /// Blank rows passed over so far, from the top of the table.
    pub fn blank_rows(&self) -> u64 {
        self.rows.blank_rows()
    }

    /// Replaces the block's rows by the next ones, at most `most_rows` and about 1 MiB of
    /// text. False when there are none left.
    ///
    /// # Errors
    /// When the file cannot be read further, as when it is cut off, or is beyond a limit.
    pub fn next_block(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<bool> {
        block.clear();
        block.set_grid_width(self.grid_width);
        block.set_delimiter(self.delimiter);
        let most_rows = most_rows.max(1);
        if self.fill_down.is_empty() {
            self.rows.fill(block, most_rows)?;
            return Ok(!block.is_empty());
        }
        self.unfilled.clear();
        self.unfilled.set_grid_width(self.grid_width);
        self.rows.fill(&mut self.unfilled, most_rows)?;
        for row in 0..self.unfilled.len() {
            self.fill_row_down(row, block);
        }
        Ok(!block.is_empty())
    }

    fn fill_row_down(&mut self, row: usize, block: &mut RowBlock) {
        let unfilled = &self.unfilled;
        // A row of another width has its cells in unknown places.
        if unfilled.width(row) != self.header.names.len() {
            return block.push_row_of(unfilled, row);
        }
        let stored = unfilled.stored_cells(row).count();
        let last_filled = self.fill_down.iter().map(|fill| fill.column + 1).max().unwrap_or(0);
        for column in 0..stored.max(last_filled) {
            let Some(cell) = unfilled.cell(row, column) else { break };
            let fill = self.fill_down.iter_mut().find(|fill| fill.column == column);
            match fill {
                Some(fill) if cell.is_blank() => {
                    let above = fill.above.cell(0, 0).unwrap_or(cell);
                    block.push_cell(above.bytes, above.kind);
                }
                Some(fill) => {
                    fill.above.clear();
                    fill.above.push_cell(cell.bytes, cell.kind);
                    fill.above.end_row(0);
                    block.push_cell(cell.bytes, cell.kind);
                }
                None => block.push_cell(cell.bytes, cell.kind),
            }
        }
        block.end_row(unfilled.line(row));
    }
}

/// Rejected rows of delimited text look as in their file.
fn shown_delimiter(member: &Member, layout: &Layout) -> u8 {
    if member.format == Format::Delimited { layout.delimiter } else { b',' }
}

fn open_rows(
    path: &Path,
    shown: &str,
    member: &Member,
    layout: &Layout,
    limits: &ReadLimits,
) -> Result<(Box<dyn Rows>, String)> {
    let stored = match &member.entry {
        Some(entry) => Stored::entry(path, shown, entry.clone(), limits),
        None => Stored::file(path, shown, limits),
    };
    let mut shown = stored.shown.clone();
    let rows: Box<dyn Rows> = match (member.format, &member.sheet) {
        (Format::Delimited, _) => Box::new(DelimitedRows::open(&stored, layout, limits)?),
        (Format::JsonLines, _) => Box::new(JsonLinesRows::open(&stored, layout, limits)?),
        (Format::Parquet, _) => Box::new(ParquetRows::open(&stored, limits)?),
        (Format::Workbook, Some(sheet)) => {
            shown = format!("{shown}/{sheet}");
            Box::new(WorkbookRows::open(&stored, sheet, limits)?)
        }
        (Format::Workbook, None) => return Err(Error::bug("a workbook is read sheet by sheet")),
    };
    Ok((rows, shown))
}
