//! Second pass: counts over all rows of all tables, in memory that does not grow with them.

use super::column::ColumnEvidence;
use super::date_shape::date_shape;
use super::words::{ends_as_total, is_ruler, is_total};
use crate::reading::{CellKind, RowBlock, header_name};

/// Columns whose relations to each other are watched.
pub const WATCHED_COLUMNS: usize = 128;

/// Bytes of a cell that is compared with the one above.
const LONGEST_KEY: usize = 1024;

/// How the filled cells of one column go with those of the others, as bits by column.
#[derive(Debug, Clone, Copy)]
pub struct Relations {
    /// Columns that were filled in some row where this one is.
    pub filled_with: u128,
    /// Columns that had the value of the row above in every row where this one is blank.
    pub same_when_blank: u128,
    /// Rows where it is blank.
    pub blanks: u64,
    /// Whether it is filled in the first row of every table.
    pub starts_filled: bool,
    /// Columns that were filled in every row above its first filled cell.
    pub filled_before: u128,
    /// Whether no filled cell repeats the filled cell before it.
    pub changes_when_filled: bool,
    /// Whether it is blank somewhere right below its own cell of a total or repeated header:
    /// then the cell above is no value of the rows below.
    pub blank_below_total: bool,
}

/// What the rows of all tables say.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// By column of the header.
    pub columns: Vec<ColumnEvidence>,
    /// By column, the first `WATCHED_COLUMNS`.
    pub relations: Vec<Relations>,
    /// Rows, blank ones not counted.
    pub rows: u64,
    /// Rows that say they are totals.
    pub total_rows: u64,
    /// Rows that repeat the header.
    pub header_rows: u64,
    /// Rows that are lines drawn with letters.
    pub ruler_rows: u64,
    above: Vec<Vec<u8>>,
    /// By column, its last filled cell.
    last: Vec<Vec<u8>>,
    /// Columns whose last filled cell stands in a total or repeated header, as bits.
    total_above: u128,
    is_first_row: bool,
    /// Columns that were filled in this table so far, as bits.
    begun: u128,
}

impl Evidence {
    /// Nothing seen yet.
    pub fn new(header: &[String]) -> Self {
        let relation = Relations {
            filled_with: 0,
            same_when_blank: u128::MAX,
            blanks: 0,
            starts_filled: true,
            filled_before: u128::MAX,
            changes_when_filled: true,
            blank_below_total: false,
        };
        let watched = header.len().min(WATCHED_COLUMNS);
        Self {
            columns: header.iter().map(|name| ColumnEvidence::new(name)).collect(),
            relations: vec![relation; watched],
            rows: 0,
            total_rows: 0,
            header_rows: 0,
            ruler_rows: 0,
            above: vec![Vec::new(); watched],
            last: vec![Vec::new(); watched],
            total_above: 0,
            is_first_row: true,
            begun: 0,
        }
    }

    /// A new table begins.
    pub fn begin_table(&mut self) {
        self.is_first_row = true;
        self.begun = 0;
        self.total_above = 0;
        self.last.iter_mut().for_each(Vec::clear);
    }

    /// Takes the rows of a block; `places` says where each column stands in this table.
    pub fn feed(&mut self, block: &RowBlock, places: &[usize]) {
        for row in 0..block.len() {
            self.rows += 1;
            let line = block.line(row);
            let text = |place: &usize| block.cell(row, *place).and_then(|cell| cell.text());
            let is_blank = |place: &usize| text(place).is_none_or(|text| text.trim().is_empty());
            if self.repeats_header(block, row, places) {
                self.header_rows += 1;
                self.mark_total(block, row, places);
                continue;
            }
            let blanks = places.iter().any(is_blank);
            if blanks && is_ruled(block, row) {
                self.ruler_rows += 1;
                self.mark_total(block, row, places);
                continue;
            }
            let says_total = |place: &usize| text(place).is_some_and(is_total);
            if blanks && (places.iter().any(says_total) || ends_as_total_row(block, row, places)) {
                self.total_rows += 1;
                for (column, place) in self.columns.iter_mut().zip(places) {
                    column.feed_total(block.cell(row, *place));
                }
                self.mark_total(block, row, places);
                continue;
            }
            for (column, place) in self.columns.iter_mut().zip(places) {
                column.feed(block.cell(row, *place), line);
            }
            self.relate(block, row, places);
        }
    }

    /// Whether every filled cell, of two at least, is the name of its column or, under a header of
    /// several rows, the part of it that one row has.
    fn repeats_header(&self, block: &RowBlock, row: usize, places: &[usize]) -> bool {
        let mut named = 0;
        for (column, place) in self.columns.iter().zip(places) {
            let Some(cell) = block.cell(row, *place).filter(|cell| !cell.is_blank()) else {
                continue;
            };
            let is_name = |text| {
                let text = header_name(text);
                text == column.name || name_parts(&column.name).any(|part| part == text)
            };
            if !cell.text().is_some_and(is_name) {
                return false;
            }
            named += 1;
        }
        named >= 2
    }

    fn mark_total(&mut self, block: &RowBlock, row: usize, places: &[usize]) {
        for (column, place) in places.iter().enumerate().take(WATCHED_COLUMNS) {
            if block.cell(row, *place).is_some_and(|cell| !cell.is_blank()) {
                self.total_above |= 1 << column;
            }
        }
    }

    fn relate(&mut self, block: &RowBlock, row: usize, places: &[usize]) {
        let mut filled: u128 = 0;
        let mut same: u128 = 0;
        for (column, above) in self.above.iter_mut().enumerate() {
            let cell = places.get(column).and_then(|place| block.cell(row, *place));
            let Some(cell) = cell.filter(|cell| !cell.is_blank()) else {
                above.clear();
                continue;
            };
            filled |= 1 << column;
            let key = if cell.bytes.len() <= LONGEST_KEY { cell.bytes } else { &[] };
            if !key.is_empty() && self.last[column] == key {
                self.relations[column].changes_when_filled = false;
            }
            self.last[column].clear();
            self.last[column].extend_from_slice(key);
            if above == cell.bytes {
                same |= 1 << column;
                continue;
            }
            above.clear();
            // Long texts are no keys; what is not kept never repeats.
            above.extend_from_slice(key);
        }
        for (column, relation) in self.relations.iter_mut().enumerate() {
            if filled >> column & 1 == 1 {
                relation.filled_with |= filled;
            } else {
                relation.blanks += 1;
                relation.same_when_blank &= same;
                relation.blank_below_total |= self.total_above >> column & 1 == 1;
                if self.is_first_row {
                    relation.starts_filled = false;
                }
                if self.begun >> column & 1 == 0 {
                    relation.filled_before &= filled;
                }
            }
        }
        self.total_above &= !filled;
        self.begun |= filled;
        self.is_first_row = false;
    }

    /// Whether column `one` is filled in some row where `other` is.
    pub fn meet(&self, one: usize, other: usize) -> bool {
        match self.relations.get(other) {
            Some(relation) if one < WATCHED_COLUMNS => relation.filled_with >> one & 1 == 1,
            _ => true,
        }
    }

    /// Whether column `other` repeats the value above wherever column `one` is blank.
    pub fn repeats_when_blank(&self, one: usize, other: usize) -> bool {
        match self.relations.get(one) {
            Some(relation) if other < WATCHED_COLUMNS => {
                relation.blanks > 0 && relation.same_when_blank >> other & 1 == 1
            }
            _ => false,
        }
    }
}

/// The parts of a name that was put together from several rows.
pub fn name_parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(" / ")
}

/// Whether a text says at its end that it is a total, in a row without a day.
fn ends_as_total_row(block: &RowBlock, row: usize, places: &[usize]) -> bool {
    let cells = || places.iter().filter_map(|place| block.cell(row, *place));
    let says = cells().any(|cell| cell.text().is_some_and(ends_as_total));
    says && !cells().any(|cell| {
        cell.kind == CellKind::Date || cell.text().is_some_and(|text| date_shape(text).is_some())
    })
}

/// Whether a row is a line drawn with letters.
fn is_ruled(block: &RowBlock, row: usize) -> bool {
    let mut filled = block.stored_cells(row).filter(|cell| !cell.is_blank());
    let first = filled.next().and_then(|cell| cell.text());
    first.is_some_and(is_ruler) && filled.all(|cell| cell.text().is_some_and(is_ruler))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(rows: &[&[&str]]) -> Evidence {
        let header: Vec<String> =
            ["client", "document", "product", "sum"].map(str::to_owned).to_vec();
        let mut evidence = Evidence::new(&header);
        let mut block = RowBlock::new();
        for (line, cells) in rows.iter().enumerate() {
            cells.iter().for_each(|cell| block.push_cell(cell.as_bytes(), CellKind::Text));
            block.end_row(line as u64 + 2);
        }
        evidence.feed(&block, &[0, 1, 2, 3]);
        evidence
    }

    #[test]
    fn group_rows_show_in_what_is_filled_together() {
        let evidence = evidence(&[
            &["Ромашка", "", "", "3"],
            &["", "1", "чай", "1"],
            &["", "1", "мёд", "2"],
            &["Итого", "", "", "3"],
        ]);
        assert!(!evidence.meet(2, 0));
        assert!(evidence.meet(3, 0));
        assert!(evidence.relations[0].starts_filled);
        assert_eq!((evidence.rows, evidence.total_rows), (4, 1));
        assert_eq!(evidence.columns[0].totals, 1);
    }

    #[test]
    fn continued_documents_show_in_what_repeats() {
        let rows: [&[&str]; 3] =
            [&["Ромашка", "1", "чай", "1"], &["", "1", "мёд", "1"], &["Лютик", "2", "чай", "1"]];
        let known = evidence(&rows);
        assert!(known.repeats_when_blank(0, 1));
        assert!(!known.repeats_when_blank(0, 2));
        let unknown = evidence(&[rows[0], &["", "3", "мёд", "1"]]);
        assert!(!unknown.repeats_when_blank(0, 1));
    }
}
