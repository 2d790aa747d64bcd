//! Everything that decides how the bytes of a file become rows.

use std::path::PathBuf;

use encoding_rs::{Encoding, UTF_8};

/// How a file holds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with a delimiter: `.csv`, `.tsv`, `.txt`, and every ending not named below.
    Delimited,
    /// `.xlsx`, `.xlsm`, `.xls`, `.xlsb`, `.ods`.
    Workbook,
    /// One JSON object a line: `.jsonl`, `.ndjson`.
    JsonLines,
    /// `.parquet` with flat columns.
    Parquet,
}

/// How the files of a source are laid out.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// None: by the ending of the name, in any case, before `.gz` or `.zst`.
    pub format: Option<Format>,
    /// Encoding of delimited text and JSON Lines.
    pub encoding: &'static Encoding,
    /// Field separator of delimited text.
    pub delimiter: u8,
    /// Quote of delimited text; none when quotes are letters like others.
    pub quote: Option<u8>,
    /// Globs on the names of a workbook's sheets, each of which must match one. None: every
    /// visible sheet with a cell. A hidden sheet is read when its name stands here literally.
    pub sheets: Option<Vec<String>>,
    /// Globs on the names of the files in a zip file, each of which must match one. None: all
    /// of them.
    pub zip_files: Option<Vec<String>>,
    /// First row of the header: line of a delimited file, row number of a sheet; the first is
    /// 1. None: the first row that has all wanted names.
    pub header_row: Option<u64>,
    /// Rows that make up the header, 1 to 5; names of several rows are joined, `Top / Sub`.
    pub header_rows: u8,
    /// Columns whose blank cells take the value above.
    pub fill_down: Vec<String>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            format: None,
            encoding: UTF_8,
            delimiter: b',',
            quote: Some(b'"'),
            sheets: None,
            zip_files: None,
            header_row: None,
            header_rows: 1,
            fill_down: Vec::new(),
        }
    }
}

/// Bounds that keep memory, disk and time independent of what a file claims to be. Beyond one,
/// the file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLimits {
    /// Entries of a zip file, workbooks included.
    pub zip_entries: usize,
    /// Unpacked bytes of one zip entry.
    pub zip_entry_bytes: u64,
    /// Unpacked bytes per packed byte of a zip entry, a gzip or a Zstandard file; checked above
    /// `packed_ratio_from_bytes`.
    pub packed_ratio: u64,
    /// Unpacked bytes from which on `packed_ratio` holds.
    pub packed_ratio_from_bytes: u64,
    /// Where packed workbooks and Parquet files are unpacked to; in the system's place for
    /// temporary files if not given.
    pub temporary_folder: Option<PathBuf>,
    /// Unpacked bytes of the parts of a workbook that stand in memory, such as its texts.
    pub workbook_bytes: u64,
    /// Cells of a sheet that is read as a stream (`.xlsx`, `.xlsm`, `.xlsb`).
    pub sheet_cells: u64,
    /// Cells of all sheets of a workbook that stands in memory (`.xls`, `.ods`), blank ones
    /// between others included.
    pub memory_cells: u64,
    /// Columns of a row.
    pub columns: usize,
    /// Bytes of a cell.
    pub cell_bytes: usize,
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Rows among which the header is searched.
    pub header_search_rows: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            zip_entries: 10_000,
            zip_entry_bytes: 16 << 30,
            packed_ratio: 200,
            packed_ratio_from_bytes: 100 << 20,
            temporary_folder: None,
            workbook_bytes: 512 << 20,
            sheet_cells: 100_000_000,
            memory_cells: 10_000_000,
            columns: 16_384,
            cell_bytes: 1 << 20,
            row_bytes: 16 << 20,
            header_search_rows: 100,
        }
    }
}
