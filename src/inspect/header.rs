//! Where the header of a table is: the row whose cells are known names, or the first row of
//! text that is as wide as the rows below.

use super::date_shape::date_shape;
use super::dictionary::{Dictionary, Role};
use super::number_shape::number_shape;
use crate::reading::{CellKind, RowBlock, header_name};

/// A cell of the first rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCell {
    /// Its text, white space made plain.
    pub text: String,
    /// Whether it is text and neither number nor date.
    pub is_word: bool,
}

/// One of the first rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadRow {
    /// Its place in the file.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<HeadCell>,
}

/// Where a header was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderPlace {
    /// Line of the file or row of the sheet.
    pub line: u64,
    /// Rows it takes.
    pub rows: u8,
    /// How many names the dictionary knows.
    pub known: usize,
    /// What stands above, for people.
    pub above: Vec<String>,
}

/// The rows of a block as head rows.
pub fn head_rows(block: &RowBlock, rows: &mut Vec<HeadRow>) {
    for row in 0..block.len() {
        let cells =
            (0..block.width(row)).filter_map(|column| block.cell(row, column)).map(|cell| {
                let text = header_name(&String::from_utf8_lossy(cell.bytes));
                let is_word = cell.kind == CellKind::Text
                    && !text.is_empty()
                    && number_shape(&text).is_none()
                    && date_shape(&text).is_none();
                HeadCell { text, is_word }
            });
        rows.push(HeadRow { line: block.line(row), cells: cells.collect() });
    }
}

/// Finds the header among the first rows.
pub fn find_header(rows: &[HeadRow], dictionary: &Dictionary) -> Option<HeaderPlace> {
    let known: Vec<usize> = rows.iter().map(|row| known_names(&names(row), dictionary)).collect();
    let best = known.iter().copied().max().unwrap_or(0);
    let single = (best >= 2).then(|| known.iter().position(|count| *count == best)).flatten();
    let double = (0..rows.len().saturating_sub(1).min(30))
        .filter(|first| is_double(rows, *first))
        .map(|first| (known_names(&joined(&rows[first], &rows[first + 1]), dictionary), first))
        .max_by_key(|(count, first)| (*count, std::cmp::Reverse(*first)))
        .filter(|(count, _)| *count >= 2 && *count > best);
    let place = |first: usize, lines: u8, known| HeaderPlace {
        line: rows[first].line,
        rows: lines,
        known,
        above: rows[..first].iter().map(text_of).collect(),
    };
    if let Some((count, first)) = double {
        return Some(place(first, 2, count));
    }
    single.or_else(|| widest_words(rows)).map(|first| place(first, 1, known[first]))
}

/// The first row of words only that is as wide as the rows below usually are.
fn widest_words(rows: &[HeadRow]) -> Option<usize> {
    let filled = |row: &HeadRow| row.cells.iter().filter(|cell| !cell.text.is_empty()).count();
    let widest = rows.iter().skip(1).map(filled).max()?;
    let is_header = |row: &HeadRow| {
        let cells = filled(row);
        cells >= 2
            && cells * 10 >= widest * 7
            && row.cells.iter().all(|cell| cell.is_word || cell.text.is_empty())
    };
    let first = rows.iter().position(is_header)?;
    // Rows of words all the way down have no header that can be told from them.
    let below = &rows[first + 1..];
    let has_values =
        below.iter().any(|row| row.cells.iter().any(|c| !c.is_word && !c.text.is_empty()));
    (has_values && first < rows.len() - 1).then_some(first)
}

fn names(row: &HeadRow) -> Vec<String> {
    row.cells.iter().filter(|cell| cell.is_word).map(|cell| cell.text.clone()).collect()
}

fn known_names(names: &[String], dictionary: &Dictionary) -> usize {
    let mut roles: Vec<Role> =
        names.iter().filter_map(|name| dictionary.look_up(name)).map(|(role, _)| role).collect();
    roles.sort_unstable();
    roles.dedup();
    roles.len()
}

/// Two rows make a header when the lower fills gaps or divides names of the upper, and both are
/// words.
fn is_double(rows: &[HeadRow], first: usize) -> bool {
    let (top, sub) = (&rows[first], &rows[first + 1]);
    let words = |row: &HeadRow| row.cells.iter().all(|cell| cell.is_word || cell.text.is_empty());
    let filled = |row: &HeadRow| row.cells.iter().filter(|cell| cell.is_word).count();
    words(top) && words(sub) && filled(top) >= 2 && filled(sub) >= 1
}

/// Names of two rows, as the reading layer joins them: a gap in the upper row takes the name
/// on its left when the lower row has a name there.
pub fn joined(top: &HeadRow, sub: &HeadRow) -> Vec<String> {
    let width = top.cells.len().max(sub.cells.len());
    let text = |row: &HeadRow, place: usize| {
        row.cells.get(place).map_or_else(String::new, |cell| cell.text.clone())
    };
    let mut left = String::new();
    let mut names = Vec::with_capacity(width);
    for place in 0..width {
        let (mut above, below) = (text(top, place), text(sub, place));
        if above.is_empty() && !below.is_empty() {
            above.clone_from(&left);
        } else {
            left.clone_from(&above);
        }
        names.push(match (above.is_empty(), below.is_empty()) {
            (_, true) => above,
            (true, false) => below,
            _ if above == below => above,
            _ => format!("{above} / {below}"),
        });
    }
    names
}

fn text_of(row: &HeadRow) -> String {
    let cells: Vec<&str> =
        row.cells.iter().map(|cell| cell.text.as_str()).filter(|text| !text.is_empty()).collect();
    cells.join(" ").chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&[&str]]) -> Vec<HeadRow> {
        let mut block = RowBlock::new();
        for (line, cells) in texts.iter().enumerate() {
            for cell in *cells {
                block.push_cell(cell.as_bytes(), CellKind::Text);
            }
            block.end_row(line as u64 + 1);
        }
        let mut rows = Vec::new();
        head_rows(&block, &mut rows);
        rows
    }

    fn find(texts: &[&[&str]]) -> Option<(u64, u8)> {
        let dictionary = Dictionary::shipped().unwrap();
        find_header(&rows(texts), &dictionary).map(|place| (place.line, place.rows))
    }

    #[test]
    fn known_names_make_the_header() {
        let place = find(&[
            &["Продажи за декабрь"],
            &["Отбор: Организация Равно \"Ромашка\"", ""],
            &["Дата", "Контрагент", "Сумма"],
            &["31.12.2024", "Ромашка", "12,50"],
        ]);
        assert_eq!(place, Some((3, 1)));
    }

    #[test]
    fn two_rows_are_joined() {
        let place = find(&[
            &["Отчёт"],
            &["Дата", "Контрагент", "Продажи", ""],
            &["", "", "Количество", "Сумма"],
            &["31.12.2024", "Ромашка", "1", "12,50"],
        ]);
        assert_eq!(place, Some((2, 2)));
    }

    #[test]
    fn unknown_names_are_a_header_when_values_follow() {
        assert_eq!(find(&[&["when", "who", "how much"], &["2024-01-01", "x", "1"]]), Some((1, 1)));
        assert_eq!(find(&[&["2024-01-01", "x", "1"], &["2024-01-02", "y", "2"]]), None);
        assert_eq!(find(&[]), None);
    }
}
