//! What the columns of a file hold, as far as its first rows show: the evidence by which
//! the next file of the same source is compared.

use serde::{Deserialize, Serialize};

use crate::config::Source;
use crate::reading::{CellKind, DateParser, NumberFormat, RowBlock, parse_decimal};

/// Rows of a file that are looked at.
const ROWS: usize = 10_000;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnContent {
    /// All blank.
    Empty,
    /// Numbers.
    Number,
    /// Dates of the source's formats.
    Date,
    /// Anything else.
    Text,
}

impl ColumnContent {
    /// For people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Number => "numbers",
            Self::Date => "dates",
            Self::Text => "text",
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, other) => other,
            (this, Self::Empty) => this,
            (this, other) if this == other => this,
            _ => Self::Text,
        }
    }
}

/// A column of a file's header with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedColumn {
    pub name: String,
    pub content: ColumnContent,
}

/// Watches the first rows of a file.
pub struct ColumnObserver {
    columns: Vec<ObservedColumn>,
    rows: usize,
    numbers: NumberFormat,
    dates: DateParser,
    /// Texts that say nothing in a column of dates or numbers.
    null_values: Vec<String>,
}

impl ColumnObserver {
    /// Nothing seen yet.
    pub fn new(source: &Source) -> Self {
        Self {
            columns: Vec::new(),
            rows: 0,
            numbers: source.numbers,
            dates: DateParser::new(&source.date_formats),
            null_values: source.null_values.clone(),
        }
    }

    /// Starts another table of the file; columns of the same name are one.
    pub fn header(&mut self, header: &[String]) -> Vec<usize> {
        header
            .iter()
            .map(|name| {
                let known = self.columns.iter().position(|column| column.name == *name);
                known.unwrap_or_else(|| {
                    let content = ColumnContent::Empty;
                    self.columns.push(ObservedColumn { name: name.clone(), content });
                    self.columns.len() - 1
                })
            })
            .collect()
    }

    /// Looks at rows; `places` is what [`Self::header`] gave for their table.
    pub fn look(&mut self, block: &RowBlock, places: &[usize]) {
        let wanted = block.len().min(ROWS.saturating_sub(self.rows));
        self.rows += wanted;
        for row in (0..wanted).filter(|row| block.width(*row) == places.len()) {
            for (place, column) in places.iter().enumerate() {
                let before = self.columns[*column].content;
                if before == ColumnContent::Text {
                    continue;
                }
                let Some(cell) = block.cell(row, place) else { continue };
                let content = self.content_of(&cell);
                self.columns[*column].content = before.and(content);
            }
        }
    }

    fn content_of(&mut self, cell: &crate::reading::Cell<'_>) -> ColumnContent {
        let Some(text) = cell.text().map(str::trim) else { return ColumnContent::Text };
        if text.is_empty() || self.null_values.iter().any(|null| null == text) {
            return ColumnContent::Empty;
        }
        match cell.kind {
            CellKind::Number => ColumnContent::Number,
            CellKind::Date => ColumnContent::Date,
            CellKind::Boolean | CellKind::Error => ColumnContent::Text,
            CellKind::Text if parse_decimal(text, 38, 12, self.numbers).is_ok() => {
                ColumnContent::Number
            }
            CellKind::Text if self.dates.parse(text).is_ok() => ColumnContent::Date,
            CellKind::Text => ColumnContent::Text,
        }
    }

    /// What was seen; columns without a name are nobody's.
    pub fn finish(self) -> Vec<ObservedColumn> {
        self.columns.into_iter().filter(|column| !column.name.is_empty()).collect()
    }
}
