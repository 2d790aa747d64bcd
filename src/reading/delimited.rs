//! Delimited text → rows, parsed straight into the block.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::block::RowBlock;
use super::bytes::{Stored, unreadable};
use super::layout::{Layout, ReadLimits};
use super::rows::{BLOCK_BYTES, Rows};
use crate::error::{Error, Result};

/// Lines that one row may span, by line breaks inside quotes.
const MOST_LINES_OF_A_ROW: u64 = 20;

pub(super) struct DelimitedRows {
    input: Box<dyn BufRead + Send>,
    parser: Reader,
    quote: Option<u8>,
    shown: String,
    limits: ReadLimits,
    /// The byte before the next one, to tell CR LF from LF.
    last_byte: u8,
    blank_rows: u64,
    header_width: Option<usize>,
    /// Whether the last column of the header has no name.
    ends_unnamed: bool,
    /// Known from the first row below the header on.
    line_end: Option<LineEnd>,
}

/// Where lines end in a delimiter, which makes a last cell that is blank. Some programs write it
/// in all lines, some below the header only, some in the header only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Alike,
    DelimiterInRows,
    DelimiterInHeader,
}

impl DelimitedRows {
    /// Starts at the first line.
    ///
    /// # Errors
    /// When the file is no text, or its beginning cannot be read.
    pub fn open(stored: &Stored, layout: &Layout, limits: &ReadLimits) -> Result<Self> {
        let mut parser = ReaderBuilder::new()
            .delimiter(layout.delimiter)
            .quoting(layout.quote.is_some())
            .quote(layout.quote.unwrap_or(b'"'))
            // With its default the parser counts lines wrongly where they end in CR LF.
            .terminator(Terminator::Any(b'\n'))
            .build();
        // It takes a byte order mark from the first bytes that it sees, wherever in the file they
        // stand: they shall be none of the file's.
        let _ = parser.read_record(b"\n", &mut [0], &mut [0]);
        parser.set_line(1);
        let mut input = stored.open_text(layout.encoding)?;
        let start = input.fill_buf().map_err(|error| unreadable(&stored.shown, Some(1), error))?;
        if ends_lines_in_cr(start) {
            return Err(Error::data(format!(
                "{}: the lines end in CR alone, as on old Macintoshes",
                stored.shown
            ))
            .hint("save the file with line ends of Windows or Unix"));
        }
        Ok(Self {
            input,
            parser,
            quote: layout.quote,
            shown: stored.shown.clone(),
            limits: limits.clone(),
            last_byte: b'\n',
            blank_rows: 0,
            header_width: None,
            ends_unnamed: false,
            line_end: None,
        })
    }

    /// Adds the next row, blank or not; false at the end of the file.
    fn read_row(&mut self, block: &mut RowBlock) -> Result<bool> {
        if !self.skip_empty_lines()? {
            return Ok(false);
        }
        let first_line = self.parser.line();
        let mut quotes = 0;
        loop {
            let input = self
                .input
                .fill_buf()
                .map_err(|error| unreadable(&self.shown, Some(self.parser.line()), error))?;
            let at_end = input.is_empty();
            let (bytes, ends) = block.room();
            // A last line without its end gets one, which an open quote swallows.
            let input = if at_end { b"\n" } else { input };
            let (result, read, written, cells) = self.parser.read_record(input, bytes, ends);
            let is_record = result == ReadRecordResult::Record;
            if !is_record || self.parser.line() > first_line + 1 {
                quotes += input[..read].iter().filter(|byte| Some(**byte) == self.quote).count();
            }
            let before = match read {
                0 | 1 => self.last_byte,
                _ => input[read - 2],
            };
            if read > 0 && !at_end {
                self.last_byte = input[read - 1];
                self.input.consume(read);
            }
            block.wrote(written, cells);
            self.check_size(block, first_line)?;
            match result {
                ReadRecordResult::Record => {
                    if before == b'\r' {
                        block.drop_last_byte(b'\r');
                    }
                    break;
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty if at_end => {
                    return Err(self.open_quote(first_line, "the file ends inside a quoted cell"));
                }
                _ => {}
            }
        }
        self.fit_to_header(block);
        self.refuse_open_quote(block, first_line, quotes)?;
        block.end_row(first_line);
        Ok(true)
    }

    /// Passes over line feeds, which the parser would not count as rows; false at the end.
    fn skip_empty_lines(&mut self) -> Result<bool> {
        loop {
            let line = self.parser.line();
            let input = self
                .input
                .fill_buf()
                .map_err(|error| unreadable(&self.shown, Some(line), error))?;
            match input.first() {
                None => return Ok(false),
                Some(b'\n') => {
                    self.input.consume(1);
                    self.last_byte = b'\n';
                    self.blank_rows += 1;
                    self.parser.set_line(line + 1);
                }
                Some(_) => return Ok(true),
            }
        }
    }

    /// Makes a row as wide as the header where only one of them ends in a delimiter. The first row
    /// says how the file is written: in no other is a cell that lacks taken for such an end.
    fn fit_to_header(&mut self, block: &mut RowBlock) {
        let Some(width) = self.header_width else { return };
        let cells = block.open_size().1;
        let needs_no_look = |end| matches!(end, LineEnd::Alike | LineEnd::DelimiterInHeader);
        if cells == width && self.line_end.is_some_and(needs_no_look) {
            return;
        }
        let (last_is_blank, all_are_blank) = block.open_blanks();
        if self.line_end.is_none() && !all_are_blank {
            self.line_end = Some(if cells == width + 1 && last_is_blank {
                LineEnd::DelimiterInRows
            } else if cells + 1 == width && self.ends_unnamed && !last_is_blank {
                LineEnd::DelimiterInHeader
            } else {
                LineEnd::Alike
            });
        }
        match self.line_end {
            // Where it lacks a cell, too: the row must not pass for one that has all.
            Some(LineEnd::DelimiterInRows) if cells <= width + 1 && last_is_blank => {
                block.drop_open_cell();
            }
            Some(LineEnd::DelimiterInHeader) if cells + 1 == width => block.add_blank_open_cell(),
            _ => {}
        }
    }

    fn check_size(&self, block: &RowBlock, line: u64) -> Result<()> {
        let (bytes, cells) = block.open_size();
        let beyond = |what: String| {
            Error::data(format!("{}:{line}: {what}", self.shown)).hint(
                "check `delimiter`, `quote` and `encoding` of the source; the text seems to be \
                 laid out in another way",
            )
        };
        if self.parser.line() - line > MOST_LINES_OF_A_ROW + 1 {
            return Err(self.long_row(line));
        }
        if cells > self.limits.columns {
            return Err(beyond(format!("the row has more than {} cells", self.limits.columns)));
        }
        if bytes > self.limits.row_bytes {
            return Err(beyond(format!("the row has more than {} bytes", self.limits.row_bytes)));
        }
        if bytes > self.limits.cell_bytes && block.widest_open_cell() > self.limits.cell_bytes {
            return Err(beyond(format!("a cell has more than {} bytes", self.limits.cell_bytes)));
        }
        Ok(())
    }

    /// An unclosed quote makes one row of everything up to the next quote, or of the rest of
    /// the file: those lines must not get lost in one reject, nor in one row. Quotes come in
    /// pairs where cells are closed; only rows of several lines have theirs counted.
    fn refuse_open_quote(&self, block: &RowBlock, first_line: u64, quotes: usize) -> Result<()> {
        // The parser stands behind the line's end.
        let lines = self.parser.line().saturating_sub(first_line);
        let is_wrong_width = self.header_width.is_some_and(|width| width != block.open_size().1);
        let is_odd = quotes % 2 == 1;
        if lines > MOST_LINES_OF_A_ROW || (lines > 1 && (is_wrong_width || is_odd)) {
            return Err(self.long_row(first_line));
        }
        Ok(())
    }

    fn long_row(&self, first_line: u64) -> Error {
        let lines = self.parser.line().saturating_sub(first_line);
        self.open_quote(
            first_line,
            &format!("one row spans {lines} lines; a quote is probably not closed"),
        )
    }

    fn open_quote(&self, line: u64, what: &str) -> Error {
        Error::data(format!("{}:{line}: {what}", self.shown)).hint(
            "correct the quotes in that line, or set `quote` of the source if the files use none",
        )
    }
}

/// All lines would be one row, and its first cells could pass for a header.
fn ends_lines_in_cr(start: &[u8]) -> bool {
    let first_break = start.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let inner = first_break.filter(|at| *at + 1 < start.len());
    inner.is_some_and(|at| start[at] == b'\r' && !start.contains(&b'\n'))
}

impl Rows for DelimitedRows {
    fn fill(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<()> {
        while block.len() < most_rows && block.text_bytes() < BLOCK_BYTES {
            if !self.read_row(block)? {
                break;
            }
            self.blank_rows += u64::from(block.drop_blank_row());
        }
        Ok(())
    }

    fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    fn set_header(&mut self, names: &[String]) {
        self.header_width = Some(names.len());
        self.ends_unnamed = names.last().is_some_and(String::is_empty);
    }
}
