//! Delivers bytes as a file and reads all of it, with the checks that hold for every format.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::error::{Error, Fault, Result};
use crate::reading::{CellKind, Format, Layout, Member, ReadLimits, RowBlock, Table, members};

/// Every input is written to this file.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("clientbase-fuzz-{}", std::process::id())));

/// Bounds that small inputs can reach.
pub fn small_limits() -> ReadLimits {
    ReadLimits {
        zip_entries: 64,
        zip_entry_bytes: 1 << 20,
        packed_ratio: 100,
        packed_ratio_from_bytes: 1 << 16,
        temporary_folder: None,
        workbook_bytes: 1 << 20,
        sheet_cells: 20_000,
        memory_cells: 20_000,
        columns: 256,
        cell_bytes: 2048,
        row_bytes: 8192,
        header_search_rows: 10,
    }
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// All rows from the top.
    Raw,
    /// Behind the header.
    Header,
}

/// All that one table delivers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub header: Vec<String>,
    pub rows: Vec<Row>,
    pub blank_rows: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub cells: Vec<(Vec<u8>, CellKind)>,
    pub text: String,
}

/// Reads all tables of a file.
pub fn read_all(
    shown: &str,
    bytes: &[u8],
    layout: &Layout,
    opening: Opening,
    most_rows: usize,
) -> Result<Vec<Read>> {
    std::fs::write(&*FILE, bytes).expect("the temporary folder can be written");
    let limits = small_limits();
    let result = members(&FILE, shown, layout, &limits).and_then(|members| {
        let read = |member| read_member(shown, member, layout, &limits, opening, most_rows);
        members.iter().map(read).collect()
    });
    result.inspect_err(|error| check_error(shown, error))
}

/// Reads the only table of a file.
pub fn read_one(
    shown: &str,
    bytes: &[u8],
    layout: &Layout,
    opening: Opening,
    most_rows: usize,
) -> Result<Read> {
    let mut tables = read_all(shown, bytes, layout, opening, most_rows)?;
    assert_eq!(tables.len(), 1, "a file of text is one table");
    Ok(tables.remove(0))
}

/// Whatever is in a file, the file is at fault, and it is named.
fn check_error(shown: &str, error: &Error) {
    assert_eq!(error.fault(), Fault::Data, "{}", error.chain());
    assert!(error.to_string().starts_with(shown), "{}", error.chain());
}

fn read_member(
    shown: &str,
    member: &Member,
    layout: &Layout,
    limits: &ReadLimits,
    opening: Opening,
    most_rows: usize,
) -> Result<Read> {
    let mut table = match opening {
        Opening::Raw => Table::open_raw(&FILE, shown, member, layout, limits)?,
        Opening::Header => Table::open(&FILE, shown, member, layout, limits, &[])?,
    };
    let header = table.header().to_vec();
    let is_grid = member.format() != Format::Delimited
        && (opening == Opening::Header || member.format() != Format::Workbook);
    let mut read = Read { header, ..Read::default() };
    let mut last_line = table.header_line();
    let mut block = RowBlock::new();
    while table.next_block(&mut block, most_rows)? {
        assert!((1..=most_rows).contains(&block.len()));
        assert!(block.text_bytes() <= (1 << 20) + limits.row_bytes * 2, "blocks are bounded");
        for row in 0..block.len() {
            let (line, width) = (block.line(row), block.width(row));
            assert!(line > last_line, "line {line} behind {last_line}");
            last_line = line;
            // A line that is no JSON object has no cells.
            let is_broken = member.format() == Format::JsonLines && width == 0;
            assert!(!is_grid || is_broken || width == read.header.len(), "{width} cells");
            // A row of a sheet may have cells beyond its header.
            assert!(is_grid || block.cell(row, width).is_none());
            let cells = (0..width).map(|column| {
                let cell = block.cell(row, column).expect("a cell within the row's width");
                assert!(cell.bytes.len() <= limits.cell_bytes);
                (cell.bytes.to_vec(), cell.kind)
            });
            let row = Row { line, cells: cells.collect(), text: block.text(row) };
            let is_blank = |(cell, _): &(Vec<u8>, _)| is_blank(cell);
            assert!(row.cells.is_empty() || !row.cells.iter().all(is_blank) || is_grid);
            read.rows.push(row);
        }
    }
    assert!(block.is_empty());
    assert!(!table.next_block(&mut block, most_rows)?, "the end stays the end");
    read.blank_rows = table.blank_rows();
    Ok(read)
}

/// Whether a cell holds nothing but white space.
pub fn is_blank(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|text| text.trim().is_empty())
}
