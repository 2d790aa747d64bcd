//! JSON Lines → rows. The columns are the keys in the order in which the file first has them,
//! so it is read twice.

use std::collections::HashMap;
use std::io::BufRead;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::block::{CellKind, RowBlock};
use super::bytes::{Stored, unreadable};
use super::header::header_name;
use super::layout::{Layout, ReadLimits};
use super::rows::{BLOCK_BYTES, Rows};
use crate::error::{Error, Result};

pub(super) struct JsonLinesRows {
    lines: Lines,
    columns: Vec<String>,
    places: HashMap<String, usize>,
    blank_rows: u64,
    row: Row,
    cell_bytes: usize,
}

impl JsonLinesRows {
    /// Reads the file once for its keys and starts again.
    ///
    /// # Errors
    /// When the file is no text, cannot be read to its end, or is beyond a limit.
    pub fn open(stored: &Stored, layout: &Layout, limits: &ReadLimits) -> Result<Self> {
        let mut columns: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut lines = Lines::open(stored, layout, limits)?;
        while lines.next()? {
            let Some(pairs) = pairs(&lines.text) else { continue };
            let keys = pairs.into_iter().map(|(key, _)| string(&lines.text[key]));
            // A line with a key that is no text is rejected, and so are its other keys.
            let Some(keys) = keys.collect::<Option<Vec<_>>>() else { continue };
            for key in keys {
                if !places.contains_key(key.as_ref()) {
                    places.insert(key.as_ref().to_owned(), columns.len());
                    columns.push(header_name(&key));
                }
            }
            if columns.len() > limits.columns {
                return Err(Error::data(format!(
                    "{}:{}: the objects have more than {} keys",
                    stored.shown, lines.number, limits.columns
                )));
            }
        }
        if lines.number == 0 {
            return Err(Error::data(format!("{}: the file is empty", stored.shown))
                .hint("deliver the file again; nothing was changed"));
        }
        Ok(Self {
            lines: Lines::open(stored, layout, limits)?,
            row: Row { texts: Vec::new(), cells: Vec::new() },
            columns,
            places,
            blank_rows: 0,
            cell_bytes: limits.cell_bytes,
        })
    }
}

impl Rows for JsonLinesRows {
    fn fill(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<()> {
        while block.len() < most_rows && block.text_bytes() < BLOCK_BYTES {
            if !self.lines.next()? {
                break;
            }
            let (text, number) = (&self.lines.text, self.lines.number);
            if text.trim_ascii().is_empty() {
                self.blank_rows += 1;
                continue;
            }
            if self.row.read(text, &self.places).is_none() {
                block.push_broken_row(text, number);
                continue;
            }
            if self.row.widest() > self.cell_bytes {
                return Err(Error::data(format!(
                    "{}:{number}: a value has more than {} bytes",
                    self.lines.shown, self.cell_bytes
                )));
            }
            self.row.push_to(block, number);
            self.blank_rows += u64::from(block.drop_blank_row());
        }
        Ok(())
    }

    fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    fn schema(&self) -> Option<&[String]> {
        Some(&self.columns)
    }
}

/// The values of one object, by column.
struct Row {
    texts: Vec<u8>,
    cells: Vec<(Range<usize>, CellKind)>,
}

impl Row {
    /// Takes a line apart. None: it is no object, or has a key twice.
    fn read(&mut self, line: &[u8], places: &HashMap<String, usize>) -> Option<()> {
        self.texts.clear();
        self.cells.clear();
        // A range that ends before it begins: no value yet.
        #[expect(clippy::reversed_empty_ranges, reason = "marks a cell without a value")]
        let absent = (1..0, CellKind::Text);
        for (key, value) in pairs(line)? {
            let column = *places.get(string(&line[key])?.as_ref())?;
            if self.cells.len() <= column {
                self.cells.resize(column + 1, absent.clone());
            }
            let cell = self.cells.get_mut(column)?;
            if *cell != absent {
                return None;
            }
            let value = &line[value];
            let start = self.texts.len();
            let kind = match value.first()? {
                b'"' => {
                    self.texts.extend_from_slice(string(value)?.as_bytes());
                    CellKind::Text
                }
                b'n' => CellKind::Text,
                first => {
                    self.texts.extend_from_slice(std::str::from_utf8(value).ok()?.as_bytes());
                    match first {
                        b't' | b'f' => CellKind::Boolean,
                        b'{' | b'[' => CellKind::Error,
                        _ => CellKind::Number,
                    }
                }
            };
            *cell = (start..self.texts.len(), kind);
        }
        if self.cells.is_empty() {
            self.cells.push((0..0, CellKind::Text));
        }
        Some(())
    }

    fn widest(&self) -> usize {
        self.cells.iter().map(|(range, _)| range.len()).max().unwrap_or(0)
    }

    fn push_to(&self, block: &mut RowBlock, line: u64) {
        for (range, kind) in &self.cells {
            block.push_cell(self.texts.get(range.clone()).unwrap_or_default(), *kind);
        }
        block.end_row(line);
    }
}

/// Where keys and values of an object stand in its line. None: it is no object.
fn pairs(line: &[u8]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let mut pairs = Vec::new();
    let mut at = expect(line, 0, b'{')?;
    if let Some(end) = expect(line, at, b'}') {
        return (skip_white_space(line, end) == line.len()).then_some(pairs);
    }
    loop {
        let key = value(line, at)?;
        if line[key.start] != b'"' {
            return None;
        }
        let value = value(line, expect(line, key.end, b':')?)?;
        at = value.end;
        pairs.push((key, value));
        match expect(line, at, b',') {
            Some(next) => at = next,
            None => {
                let end = expect(line, at, b'}')?;
                return (skip_white_space(line, end) == line.len()).then_some(pairs);
            }
        }
    }
}

/// The place behind a character that may have white space before it.
fn expect(line: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let at = skip_white_space(line, from);
    (line.get(at) == Some(&wanted)).then_some(at + 1)
}

fn skip_white_space(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    from + count
}

/// The range of the JSON value that begins here.
fn value(line: &[u8], from: usize) -> Option<Range<usize>> {
    let start = skip_white_space(line, from);
    let mut values =
        serde_json::Deserializer::from_slice(line.get(start..)?).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let length = values.byte_offset();
    (length > 0).then_some(start..start + length)
}

/// The text of a JSON string with its quotes.
fn string(quoted: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(Into::into);
    }
    std::str::from_utf8(inner).ok().map(Into::into)
}

/// Lines of a text, each within the limit of a row.
struct Lines {
    input: Box<dyn BufRead + Send>,
    shown: String,
    /// The line without its end.
    text: Vec<u8>,
    /// Its number; the first is 1.
    number: u64,
    row_bytes: usize,
}

impl Lines {
    fn open(stored: &Stored, layout: &Layout, limits: &ReadLimits) -> Result<Self> {
        Ok(Self {
            input: stored.open_text(layout.encoding)?,
            shown: stored.shown.clone(),
            text: Vec::new(),
            number: 0,
            row_bytes: limits.row_bytes,
        })
    }

    fn next(&mut self) -> Result<bool> {
        self.text.clear();
        loop {
            let line = self.number + 1;
            let input = self
                .input
                .fill_buf()
                .map_err(|error| unreadable(&self.shown, Some(line), error))?;
            if input.is_empty() {
                let has_line = !self.text.is_empty();
                self.number += u64::from(has_line);
                return Ok(has_line);
            }
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            if self.text.len() + part.len() > self.row_bytes {
                return Err(Error::data(format!(
                    "{}:{line}: the line has more than {} bytes",
                    self.shown, self.row_bytes
                )));
            }
            self.text.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                self.number += 1;
                if self.text.last() == Some(&b'\r') {
                    self.text.pop();
                }
                return Ok(true);
            }
        }
    }
}
