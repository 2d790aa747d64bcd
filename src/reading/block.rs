//! Consecutive rows with all their cells in one buffer, so that reading allocates nothing
//! for a row or a cell.

use std::borrow::Cow;
use std::ops::Range;

/// What a cell was in its file. Text formats know text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellKind {
    #[default]
    Text,
    /// A number with a point, as `-1234.5`; JSON may add an exponent, as `1.5e3`.
    Number,
    /// `2024-12-31` or `2024-12-31 23:59:59`.
    Date,
    /// `true` or `false`.
    Boolean,
    /// A value that is none: `#N/A`, a formula that was never computed, a nested value.
    Error,
}

/// One cell of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The text; may be invalid UTF-8 where the file is.
    pub bytes: &'a [u8],
    pub kind: CellKind,
}

impl<'a> Cell<'a> {
    /// The text, unless it is not valid UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes).ok()
    }

    /// Whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        is_blank(self.bytes)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    line: u64,
    end_byte: usize,
    end_cell: usize,
}

/// Consecutive rows of a table. Made to be filled again and again.
#[derive(Debug, Clone, Default)]
pub struct RowBlock {
    /// Text of all cells, one behind the other; longer than what is used.
    bytes: Vec<u8>,
    used_bytes: usize,
    /// End of each cell, counted from its row's first byte; longer than what is used.
    ends: Vec<usize>,
    used_ends: usize,
    /// Kind of each cell; shorter where the rest is text.
    kinds: Vec<CellKind>,
    rows: Vec<Row>,
    /// Number of columns where rows cannot be too wide or too narrow.
    grid_width: Option<usize>,
    delimiter: Option<u8>,
}

impl RowBlock {
    /// An empty block.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.used_bytes = 0;
        self.used_ends = 0;
        self.kinds.clear();
        self.rows.clear();
    }

    /// Bytes of text in the block.
    pub fn text_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Number of cells of a row. Rows of sheets, JSON Lines and Parquet are as wide as the
    /// header, except for a line that is no JSON object: it has 0 cells.
    pub fn width(&self, row: usize) -> usize {
        let (_, cells) = self.place(row);
        match self.grid_width {
            Some(width) if !cells.is_empty() => width,
            _ => cells.len(),
        }
    }

    /// Where the row stands: line of a text file (its first line, when it spans several), row
    /// number of a sheet or Parquet file. The first is 1.
    pub fn line(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |row| row.line)
    }

    /// A cell, unless the row has no such column.
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        let (place, kind) = self.cell_place(row, column)?;
        Some(Cell { bytes: &self.bytes[place], kind })
    }

    /// Where a cell lies in the text of the block, unless the row has no such column.
    pub fn cell_place(&self, row: usize, column: usize) -> Option<(Range<usize>, CellKind)> {
        let (first_byte, cells) = self.place(row);
        if column >= cells.len() {
            let is_in_grid = !cells.is_empty() && self.grid_width.is_some_and(|w| column < w);
            return is_in_grid.then_some((0..0, CellKind::Text));
        }
        let index = cells.start + column;
        let start = if column == 0 { 0 } else { self.ends[index - 1] };
        let kind = self.kinds.get(index).copied().unwrap_or_default();
        Some((first_byte + start..first_byte + self.ends[index], kind))
    }

    /// The text of all cells, one behind the other, if no byte of it is in doubt: checked once
    /// for the block, it need not be checked cell by cell.
    pub fn sound_text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes[..self.used_bytes]).ok()?;
        (!text.contains('\0') && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
    }

    /// The cells of a row that are in the file, those beyond the header included.
    pub fn stored_cells(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        (0..self.place(row).1.len()).filter_map(move |column| self.cell(row, column))
    }

    /// A row as delimited text, for people: what was read, not the bytes of the file.
    pub fn text(&self, row: usize) -> String {
        let (first_byte, cells) = self.place(row);
        if cells.is_empty() {
            let end = self.rows.get(row).map_or(first_byte, |row| row.end_byte);
            return String::from_utf8_lossy(&self.bytes[first_byte..end]).into_owned();
        }
        let delimiter = char::from(self.delimiter.unwrap_or(b','));
        let mut text = String::new();
        for (column, cell) in self.stored_cells(row).enumerate() {
            if column > 0 {
                text.push(delimiter);
            }
            text.push_str(&quoted(&String::from_utf8_lossy(cell.bytes), delimiter));
        }
        text
    }

    /// Adds a cell to the row that is being written.
    pub fn push_cell(&mut self, text: &[u8], kind: CellKind) {
        self.push_bytes(text);
        let row_start = self.open_row().0;
        let end = self.used_bytes - row_start;
        match self.ends.get_mut(self.used_ends) {
            Some(place) => *place = end,
            None => self.ends.push(end),
        }
        if kind != CellKind::Text {
            self.kinds.resize(self.used_ends, CellKind::Text);
            self.kinds.push(kind);
        }
        self.used_ends += 1;
    }

    /// Ends the row that is being written.
    pub fn end_row(&mut self, line: u64) {
        self.rows.push(Row { line, end_byte: self.used_bytes, end_cell: self.used_ends });
    }

    /// Adds a row that could not be taken apart: it has 0 cells, and its text is kept.
    pub fn push_broken_row(&mut self, text: &[u8], line: u64) {
        self.push_bytes(text);
        self.end_row(line);
    }

    /// Adds a row of another block.
    pub(super) fn push_row_of(&mut self, other: &Self, row: usize) {
        let (first_byte, cells) = other.place(row);
        if cells.is_empty() {
            let end = other.rows.get(row).map_or(first_byte, |row| row.end_byte);
            return self.push_broken_row(&other.bytes[first_byte..end], other.line(row));
        }
        for cell in other.stored_cells(row) {
            self.push_cell(cell.bytes, cell.kind);
        }
        self.end_row(other.line(row));
    }

    /// Takes the last row back if it has cells and all are blank.
    pub(super) fn drop_blank_row(&mut self) -> bool {
        let Some(last) = self.rows.len().checked_sub(1) else { return false };
        let (first_byte, cells) = self.place(last);
        // Bytes of two cells may be white space together that are none alone.
        let is_blank_row = !cells.is_empty()
            && is_blank(&self.bytes[first_byte..self.rows[last].end_byte])
            && self.stored_cells(last).all(|cell| cell.is_blank());
        if is_blank_row {
            self.used_bytes = first_byte;
            self.used_ends = cells.start;
            self.kinds.truncate(cells.start);
            self.rows.pop();
        }
        is_blank_row
    }

    /// Rows are as wide as this, whatever they hold.
    pub(super) fn set_grid_width(&mut self, width: Option<usize>) {
        self.grid_width = width;
    }

    /// Delimiter that `text` writes.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = Some(delimiter);
    }

    /// Free room for at least one byte and one cell behind what is written, for a parser that
    /// writes by itself. Ends count from the row's first byte.
    pub(super) fn room(&mut self) -> (&mut [u8], &mut [usize]) {
        if self.bytes.len() == self.used_bytes {
            self.bytes.resize(self.used_bytes + (self.used_bytes / 2).max(1 << 16), 0);
        }
        if self.ends.len() == self.used_ends {
            self.ends.resize(self.used_ends + (self.used_ends / 2).max(1 << 12), 0);
        }
        (&mut self.bytes[self.used_bytes..], &mut self.ends[self.used_ends..])
    }

    /// Counts what the parser wrote into `room`.
    pub(super) fn wrote(&mut self, bytes: usize, cells: usize) {
        self.used_bytes += bytes;
        self.used_ends += cells;
    }

    /// Bytes and cells of the row that is being written.
    pub(super) fn open_size(&self) -> (usize, usize) {
        let (byte, cell) = self.open_row();
        (self.used_bytes - byte, self.used_ends - cell)
    }

    /// Takes one byte back from the end of the row that is being written.
    pub(super) fn drop_last_byte(&mut self, byte: u8) {
        let (row_start, first_cell) = self.open_row();
        if self.used_bytes > row_start && self.bytes[self.used_bytes - 1] == byte {
            self.used_bytes -= 1;
            if self.used_ends > first_cell {
                self.ends[self.used_ends - 1] = self.used_bytes - row_start;
            }
        }
    }

    /// Whether the last of the cells of the row that is being written is blank, and whether all are.
    pub(super) fn open_blanks(&self) -> (bool, bool) {
        let (row_start, first_cell) = self.open_row();
        let ends = &self.ends[first_cell..self.used_ends];
        let last_start = ends.iter().rev().nth(1).copied().unwrap_or(0);
        let bytes = &self.bytes[row_start..self.used_bytes];
        (is_blank(&bytes[last_start.min(bytes.len())..]), is_blank(bytes))
    }

    /// Takes the last cell of the row that is being written away.
    pub(super) fn drop_open_cell(&mut self) {
        let (row_start, first_cell) = self.open_row();
        if self.used_ends > first_cell {
            self.used_ends -= 1;
            let ends = &self.ends[first_cell..self.used_ends];
            self.used_bytes = row_start + ends.last().copied().unwrap_or(0);
        }
    }

    /// Adds a blank cell to the row that is being written.
    pub(super) fn add_blank_open_cell(&mut self) {
        let end = self.open_size().0;
        let (_, ends) = self.room();
        if let Some(free) = ends.first_mut() {
            *free = end;
            self.used_ends += 1;
        }
    }

    /// Size of the widest cell of the row that is being written, unfinished or not, in bytes.
    pub(super) fn widest_open_cell(&self) -> usize {
        let mut start = 0;
        let mut widest = 0;
        for end in &self.ends[self.open_row().1..self.used_ends] {
            widest = widest.max(end - start);
            start = *end;
        }
        widest.max(self.open_size().0 - start)
    }

    /// First byte and first cell of the row that is being written.
    fn open_row(&self) -> (usize, usize) {
        self.rows.last().map_or((0, 0), |row| (row.end_byte, row.end_cell))
    }

    /// First byte and cells of a finished row.
    fn place(&self, row: usize) -> (usize, Range<usize>) {
        let Some(at) = self.rows.get(row) else { return (0, 0..0) };
        let before = match row.checked_sub(1) {
            Some(before) => self.rows[before],
            None => Row::default(),
        };
        (before.end_byte, before.end_cell..at.end_cell)
    }

    fn push_bytes(&mut self, text: &[u8]) {
        self.bytes.truncate(self.used_bytes);
        self.bytes.extend_from_slice(text);
        self.used_bytes = self.bytes.len();
    }
}

/// White space to Unicode, but not to `u8::is_ascii_whitespace`.
const VERTICAL_TAB: u8 = 0x0b;

/// Whether there is nothing but white space, no-break spaces included.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    match bytes.iter().find(|byte| !(byte.is_ascii_whitespace() || **byte == VERTICAL_TAB)) {
        None => true,
        Some(first) if first.is_ascii() => false,
        Some(_) => std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty()),
    }
}

fn quoted(text: &str, delimiter: char) -> Cow<'_, str> {
    if text.contains([delimiter, '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}
