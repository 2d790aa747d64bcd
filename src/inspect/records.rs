//! Cells a row for every delimiter that may be meant: which one gives the same number of
//! cells in every row.

use serde::Serialize;

/// Delimiters that are looked for.
pub const DELIMITERS: [u8; 4] = *b",;\t|";

/// Rows with this many cells or more are counted together.
const MOST_CELLS: usize = 512;

/// Lines that a row may span before its quote counts as never closed.
const MOST_LINES: u32 = 20;

/// Rows by their number of cells.
#[derive(Debug, Clone)]
struct Widths {
    rows: Vec<u64>,
    /// Quotes that never close, or close in the middle of a cell.
    broken_quotes: u64,
}

impl Default for Widths {
    fn default() -> Self {
        Self { rows: vec![0; MOST_CELLS + 1], broken_quotes: 0 }
    }
}

impl Widths {
    fn add(&mut self, cells: usize) {
        self.rows[cells.min(MOST_CELLS)] += 1;
    }

    /// Most frequent number of cells above one, its rows, and all rows.
    fn usual(&self) -> (usize, u64, u64) {
        let all = self.rows.iter().sum();
        // The wider one wins a tie: a title row is as good as nothing.
        let (cells, rows) = self
            .rows
            .iter()
            .enumerate()
            .skip(2)
            .max_by_key(|(cells, rows)| (**rows, *cells))
            .map_or((1, 0), |(cells, rows)| (cells, *rows));
        (cells, rows, all)
    }
}

/// Where a scan that respects quotes stands.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    cells: usize,
    in_quotes: bool,
    at_cell_start: bool,
    after_quote: bool,
    filled: bool,
    lines: u32,
}

/// Cells a row, for every delimiter, with and without quotes.
#[derive(Debug, Clone)]
pub struct RecordCounts {
    plain: [Widths; 4],
    quoted: [Widths; 4],
    scans: [Scan; 4],
    line_cells: [usize; 4],
    line_filled: bool,
    quotes: u64,
    line_feeds: u64,
    returns: u64,
}

impl Default for RecordCounts {
    fn default() -> Self {
        let scan = Scan { at_cell_start: true, ..Scan::default() };
        Self {
            plain: Default::default(),
            quoted: Default::default(),
            scans: [scan; 4],
            line_cells: [0; 4],
            line_filled: false,
            quotes: 0,
            line_feeds: 0,
            returns: 0,
        }
    }
}

impl RecordCounts {
    /// Takes the next bytes of ASCII-compatible text.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    self.line_feeds += 1;
                    self.end_line();
                }
                b'\r' => self.returns += 1,
                b'"' => {
                    self.quotes += 1;
                    self.line_filled = true;
                    self.scans.iter_mut().for_each(Scan::quote);
                }
                byte => self.letter(*byte),
            }
        }
    }

    /// Whether lines end with a carriage return alone.
    pub fn ends_with_returns(&self) -> bool {
        self.returns > 0 && self.line_feeds == 0
    }

    fn letter(&mut self, byte: u8) {
        let delimiter = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
        if let Some(place) = delimiter {
            self.line_cells[place] += 1;
        }
        self.line_filled = true;
        for (place, scan) in self.scans.iter_mut().enumerate() {
            scan.filled = true;
            if scan.in_quotes {
                continue;
            }
            if scan.after_quote && delimiter != Some(place) {
                self.quoted[place].broken_quotes += 1;
            }
            if delimiter == Some(place) {
                scan.cells += 1;
                scan.at_cell_start = true;
            } else {
                scan.at_cell_start = false;
            }
            scan.after_quote = false;
        }
    }

    fn end_line(&mut self) {
        for (place, widths) in self.plain.iter_mut().enumerate() {
            if self.line_filled {
                widths.add(self.line_cells[place] + 1);
            }
            self.line_cells[place] = 0;
        }
        self.line_filled = false;
        for (scan, widths) in self.scans.iter_mut().zip(&mut self.quoted) {
            scan.lines += 1;
            if scan.in_quotes && scan.lines <= MOST_LINES {
                continue;
            }
            if scan.in_quotes {
                widths.broken_quotes += 1;
            }
            if scan.filled {
                widths.add(scan.cells + 1);
            }
            *scan = Scan { at_cell_start: true, ..Scan::default() };
        }
    }

    /// Ends the last line.
    pub fn finish(&mut self) {
        for (scan, widths) in self.scans.iter_mut().zip(&mut self.quoted) {
            if scan.in_quotes {
                widths.broken_quotes += 1;
                scan.in_quotes = false;
            }
        }
        self.end_line();
    }
}

impl Scan {
    fn quote(&mut self) {
        self.filled = true;
        if self.in_quotes {
            self.in_quotes = false;
            self.after_quote = true;
        } else if self.at_cell_start || self.after_quote {
            // At a cell's start, or the second of two quotes that stand for one.
            self.in_quotes = true;
            self.after_quote = false;
        }
        self.at_cell_start = false;
    }
}

/// How delimited text is taken apart, and how well that fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DelimiterChoice {
    /// The delimiter.
    pub delimiter: u8,
    /// Whether `"` quotes cells.
    pub quoted: bool,
    /// Usual number of cells.
    pub cells: usize,
    /// Rows with that number.
    pub fitting_rows: u64,
    /// All rows that are not blank.
    pub rows: u64,
    /// Another delimiter that fits about as well.
    pub rival: Option<u8>,
}

/// Decides delimiter and quote; none when no delimiter makes columns.
pub fn decide_delimiter(counts: &RecordCounts, given: Option<u8>) -> Option<DelimiterChoice> {
    let mut choices: Vec<DelimiterChoice> = Vec::new();
    for (place, delimiter) in DELIMITERS.iter().enumerate() {
        if given.is_some_and(|given| given != *delimiter) {
            continue;
        }
        let quoted = &counts.quoted[place];
        let plain = &counts.plain[place];
        let (quoted_cells, quoted_fit, quoted_rows) = quoted.usual();
        let (plain_cells, plain_fit, plain_rows) = plain.usual();
        // Quotes are letters like others only where taking them as quotes breaks the rows.
        let breaks = quoted.broken_quotes > 0 && share(plain_fit, plain_rows) > 0.98;
        let (cells, fit, rows) = if breaks {
            (plain_cells, plain_fit, plain_rows)
        } else {
            (quoted_cells, quoted_fit, quoted_rows)
        };
        if fit == 0 {
            continue;
        }
        choices.push(DelimiterChoice {
            delimiter: *delimiter,
            quoted: !breaks,
            cells,
            fitting_rows: fit,
            rows,
            rival: None,
        });
    }
    choices.sort_by(|one, other| merit(other).total_cmp(&merit(one)));
    let mut best = *choices.first()?;
    best.rival = choices
        .get(1)
        .filter(|next| given.is_none() && merit(next) > 0.95 * merit(&best))
        .map(|next| next.delimiter);
    Some(best)
}

/// Rows that fit count most; among equals, more columns.
fn merit(choice: &DelimiterChoice) -> f64 {
    let share = share(choice.fitting_rows, choice.rows);
    share * share * (choice.cells as f64).ln()
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(text: &str) -> Option<DelimiterChoice> {
        let mut counts = RecordCounts::default();
        counts.feed(text.as_bytes());
        counts.finish();
        decide_delimiter(&counts, None)
    }

    #[test]
    fn the_steady_delimiter_wins() {
        let choice = decide("Отчёт\n\na;b;c\n1;2,50;3,10\n1;2,50;3,10\r\n1;2,5;3,1").unwrap();
        assert_eq!((choice.delimiter, choice.cells), (b';', 3));
        assert_eq!((choice.fitting_rows, choice.rows), (4, 5));
        assert_eq!(decide("a\tb\n1\t2\n").unwrap().delimiter, b'\t');
        assert_eq!(decide("a|b\n1|2\n").unwrap().delimiter, b'|');
        assert_eq!(decide("one\ntwo\n"), None);
        assert_eq!(decide(""), None);
    }

    #[test]
    fn quotes_hide_delimiters_and_line_ends() {
        let choice = decide("a,b\n\"x, y\",1\n\"x\n\"\"y\"\", z\",2\n").unwrap();
        assert_eq!((choice.cells, choice.fitting_rows, choice.rows), (2, 3, 3));
        assert!(choice.quoted);
    }

    #[test]
    fn quotes_that_never_close_are_letters() {
        let rows: String = (0..60).map(|row| format!("\"Ромашка ООО;{row};1\n")).collect();
        let choice = decide(&rows).unwrap();
        assert!(!choice.quoted, "{choice:?}");
        assert_eq!(choice.cells, 3);
    }
}
