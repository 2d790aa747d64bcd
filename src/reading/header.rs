//! The header of a table: found among its first rows, put together from several, or the
//! error that helps to correct the names.

use super::block::RowBlock;
use super::layout::{Layout, ReadLimits};
use super::rows::{Merged, Rows};
use crate::error::{Error, Result};

/// Names shown of a row in an error.
const SHOWN_NAMES: usize = 40;

/// A header name as it is compared: white space around it is cut off, and runs of white space,
/// line breaks included, are one space.
pub fn header_name(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names of the columns and where they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub names: Vec<String>,
    /// Line or row of the last row of the header; 0 where the format has no header row.
    pub line: u64,
    /// Rows above that are not blank.
    pub rows_above: u64,
}

struct HeaderRow {
    line: u64,
    cells: Vec<String>,
}

/// Reads rows up to the header.
///
/// # Errors
/// When no row fits, or a wanted name stands twice in the one that does.
pub(super) fn find(
    rows: &mut dyn Rows,
    shown: &str,
    layout: &Layout,
    limits: &ReadLimits,
    wanted: &[String],
) -> Result<Header> {
    let header = match rows.schema() {
        Some(names) => Header { names: names.to_vec(), ..Header::default() },
        None => search(rows, shown, layout, limits, wanted)?,
    };
    let lacking = lacking(&header.names, wanted);
    if !lacking.is_empty() {
        return Err(missing(shown, &header, &lacking));
    }
    let place = place(shown, header.line);
    for name in wanted {
        if header.names.iter().filter(|found| *found == name).count() > 1 {
            return Err(Error::data(format!("{place}: the header has the column `{name}` twice"))
                .hint("rename one of the two columns"));
        }
    }
    Ok(header)
}

/// The header, or the row that comes nearest to it.
fn search(
    rows: &mut dyn Rows,
    shown: &str,
    layout: &Layout,
    limits: &ReadLimits,
    wanted: &[String],
) -> Result<Header> {
    let height = usize::from(layout.header_rows.max(1));
    let merged = if height > 1 { rows.merged()? } else { Vec::new() };
    let mut block = RowBlock::new();
    let mut last_rows: Vec<HeaderRow> = Vec::new();
    let mut best: Option<(usize, Header)> = None;
    let mut rows_read: u64 = 0;
    loop {
        block.clear();
        rows.fill(&mut block, 1)?;
        if block.is_empty() {
            break;
        }
        let line = block.line(0);
        rows_read += 1;
        if layout.header_row.is_some_and(|declared| line < declared) {
            continue;
        }
        if last_rows.len() == height {
            last_rows.remove(0);
        }
        last_rows.push(HeaderRow { line, cells: cells_of(&block) });
        if let Some(declared) = layout.header_row
            && last_rows[0].line != declared
        {
            break;
        }
        if last_rows.len() < height {
            continue;
        }
        let header = Header {
            names: joined(&last_rows, &merged),
            line,
            rows_above: rows_read - height as u64,
        };
        let found = wanted.len() - lacking(&header.names, wanted).len();
        if found == wanted.len() || layout.header_row.is_some() {
            return Ok(header);
        }
        if best.as_ref().is_none_or(|(most, _)| found > *most) {
            best = Some((found, header));
        }
        if rows_read >= limits.header_search_rows as u64 {
            break;
        }
    }
    if let Some(declared) = layout.header_row {
        return Err(Error::data(format!(
            "{shown}:{declared}: no header is there: the row is blank or behind the end"
        ))
        .hint("check `header_row` and `header_rows` of the source"));
    }
    match best {
        Some((found, header)) if found > 0 || rows_read == height as u64 => Ok(header),
        Some((_, first)) => Err(no_header(shown, &first, wanted, rows_read)),
        None => Err(Error::data(format!("{shown}: the file is empty; not even a header is there"))
            .hint("deliver the file again; nothing was changed")),
    }
}

fn cells_of(block: &RowBlock) -> Vec<String> {
    block.stored_cells(0).map(|cell| header_name(&String::from_utf8_lossy(cell.bytes))).collect()
}

/// One name for each column. A merged cell stands for its whole range where names below tell
/// its columns apart, and for its first column elsewhere.
fn joined(rows: &[HeaderRow], merged: &[Merged]) -> Vec<String> {
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let last_line = rows.last().map_or(0, |row| row.line);
    let starts_here = |range: &&Merged| rows.iter().any(|row| row.line == range.first_row);
    let merged: Vec<&Merged> = merged.iter().filter(starts_here).collect();
    let text = |row: &HeaderRow, column: usize| -> String {
        let own = row.cells.get(column).cloned().unwrap_or_default();
        if !own.is_empty() {
            return own;
        }
        let range = merged.iter().find(|range| {
            (range.first_row..=range.last_row).contains(&row.line)
                && (range.first_column..=range.last_column).contains(&column)
                && (range.last_row < last_line || column == range.first_column)
        });
        let first = range.and_then(|range| {
            let row = rows.iter().find(|row| row.line == range.first_row)?;
            row.cells.get(range.first_column).cloned()
        });
        first.unwrap_or_default()
    };
    (0..width)
        .map(|column| {
            let mut parts: Vec<String> = Vec::new();
            for row in rows {
                let part = text(row, column);
                if !part.is_empty() && parts.last() != Some(&part) {
                    parts.push(part);
                }
            }
            parts.join(" / ")
        })
        .collect()
}

fn lacking<'w>(names: &[String], wanted: &'w [String]) -> Vec<&'w str> {
    wanted.iter().filter(|name| !names.contains(name)).map(String::as_str).collect()
}

fn place(shown: &str, line: u64) -> String {
    if line == 0 { shown.to_owned() } else { format!("{shown}:{line}") }
}

fn missing(shown: &str, header: &Header, lacking: &[&str]) -> Error {
    let columns = if lacking.len() == 1 { "column" } else { "columns" };
    let nearest: Vec<String> = lacking
        .iter()
        .filter_map(|name| {
            let found = nearest(name, &header.names)?;
            Some(format!("the nearest to `{name}` is `{found}`"))
        })
        .collect();
    let hint = match nearest.as_slice() {
        [] => format!("the columns are: {}", listed(&header.names)),
        _ => format!("{}; the columns are: {}", nearest.join(", "), listed(&header.names)),
    };
    Error::data(format!(
        "{}: the header has no {columns} {}",
        place(shown, header.line),
        lacking.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    ))
    .hint(with_encoding_hint(hint, &header.names))
}

fn no_header(shown: &str, first: &Header, wanted: &[String], rows_read: u64) -> Error {
    let wanted: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
    let hint = format!("row {} is: {}", first.line, listed(&first.names));
    Error::data(format!(
        "{shown}: no header is found: none of the first {rows_read} rows has any of the columns {}",
        wanted.join(", ")
    ))
    .hint(with_encoding_hint(hint, &first.names))
}

fn with_encoding_hint(hint: String, names: &[String]) -> String {
    if names.iter().any(|name| name.contains('\u{fffd}')) {
        return format!("{hint}; the text is in another encoding: set `encoding` of the source");
    }
    hint
}

/// The name most like the one wanted, if any is like it.
fn nearest<'n>(wanted: &str, names: &'n [String]) -> Option<&'n str> {
    let wanted = wanted.to_lowercase();
    names
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| {
            (strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &wanted), name.as_str())
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// Terminals act on control letters.
fn shown_letter(letter: char) -> char {
    if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty())
        .take(SHOWN_NAMES)
        .map(|name| name.chars().take(60).map(shown_letter).collect())
        .collect();
    if names.len() > SHOWN_NAMES {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}
