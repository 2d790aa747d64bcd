//! Files → tables with one layout: encoding, delimiter, header.

use std::path::PathBuf;

use super::dictionary::Dictionary;
use super::encoding::EncodingChoice;
use super::evidence::Evidence;
use super::notes::{Note, NoteId};
use super::options::Options;
use super::records::DelimiterChoice;
use super::table_headers::find_headers;
use super::text_layout::decide_text;
use crate::error::{Error, Result};
use crate::reading::{Format, Layout, Member, ReadLimits, RowBlock, Table, members};

/// Rows that are taken at once.
pub const BLOCK_ROWS: usize = 4096;

/// A file to look at.
#[derive(Debug, Clone)]
pub struct DeliveredFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name for messages.
    pub shown: String,
}

/// A table of a file.
#[derive(Debug, Clone)]
pub struct FoundTable {
    /// Which file.
    pub file: usize,
    /// Which part of it.
    pub member: Member,
    /// File and part, for messages.
    pub shown: String,
    /// Names of its columns.
    pub header: Vec<String>,
}

/// A column that not all tables have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// Its name.
    pub name: String,
    /// A table that has it.
    pub there: String,
    /// A table that lacks it.
    pub table: String,
}

/// All tables, with the layout they share.
#[derive(Debug, Clone)]
pub struct Tables {
    /// How they are held.
    pub format: Format,
    /// How they are read; the header's row is that of the first.
    pub layout: Layout,
    /// Why the encoding, for text.
    pub encoding: Option<EncodingChoice>,
    /// Why the delimiter, for delimited text.
    pub delimiter: Option<DelimiterChoice>,
    /// The tables.
    pub tables: Vec<FoundTable>,
    /// Facts and questions.
    pub notes: Vec<Note>,
}

/// Works out the layout. Stops at the first thing that only the user can say.
///
/// # Errors
/// When a file cannot be read.
pub fn find_tables(
    files: &[DeliveredFile],
    options: &Options,
    dictionary: &Dictionary,
    limits: &ReadLimits,
) -> Result<Tables> {
    let layout = Layout { sheets: options.sheets.clone(), ..Layout::default() };
    let mut found = Tables {
        format: Format::Delimited,
        layout,
        encoding: None,
        delimiter: None,
        tables: Vec::new(),
        notes: Vec::new(),
    };
    for (place, file) in files.iter().enumerate() {
        for member in members(&file.path, &file.shown, &found.layout, limits)? {
            let shown = match member.label() {
                Some(label) => format!("{}/{label}", file.shown),
                None => file.shown.clone(),
            };
            found.tables.push(FoundTable { file: place, member, shown, header: Vec::new() });
        }
    }
    let Some(first) = found.tables.first() else {
        return Err(Error::data("there is no table in the given files"));
    };
    found.format = first.member.format();
    if let Some(other) = found.tables.iter().find(|t| t.member.format() != found.format) {
        found.notes.push(Note::new(
            NoteId::LayoutsDiffer,
            [("one", &first.shown), ("other", &other.shown), ("what", &"format")],
        ));
        return Ok(found);
    }
    if matches!(found.format, Format::Delimited | Format::JsonLines) {
        decide_text(files, options, &mut found)?;
    }
    if found.has_question() {
        return Ok(found);
    }
    find_headers(files, options, dictionary, limits, &mut found)?;
    Ok(found)
}

impl Tables {
    /// Whether something is left for the user to say.
    pub fn has_question(&self) -> bool {
        self.notes.iter().any(|note| note.level == super::notes::Level::Question)
    }

    /// Counts over all rows of all tables.
    ///
    /// # Errors
    /// When a file cannot be read to its end.
    pub fn evidence(&self, files: &[DeliveredFile], limits: &ReadLimits) -> Result<Evidence> {
        let names = self.all_names();
        let mut evidence = Evidence::new(&names);
        let mut block = RowBlock::new();
        for table in &self.tables {
            let mut reader = self.open(files, table, &self.layout, limits, &[])?;
            let places = places(&names, &table.header);
            evidence.begin_table();
            while reader.next_block(&mut block, BLOCK_ROWS)? {
                evidence.feed(&block, &places);
            }
        }
        Ok(evidence)
    }

    /// Names of all columns: those of the first table, then what others have besides.
    fn all_names(&self) -> Vec<String> {
        let mut names = self.tables.first().map(|table| table.header.clone()).unwrap_or_default();
        for table in self.tables.iter().skip(1) {
            let more = table.header.iter().filter(|name| !names.contains(name));
            names.extend(more.cloned().collect::<Vec<_>>());
        }
        names
    }

    /// Columns that some table lacks, each with the first such table.
    pub fn missing_columns(&self) -> Vec<MissingColumn> {
        let has = |table: &&FoundTable, name: &String| table.header.contains(name);
        let missing = self.all_names().into_iter().filter_map(|name| {
            let without = self.tables.iter().find(|table| !has(table, &name))?;
            let with = self.tables.iter().find(|table| has(table, &name))?;
            Some(MissingColumn { table: without.shown.clone(), there: with.shown.clone(), name })
        });
        missing.collect()
    }

    /// Opens a table.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(
        &self,
        files: &[DeliveredFile],
        table: &FoundTable,
        layout: &Layout,
        limits: &ReadLimits,
        wanted: &[&str],
    ) -> Result<Table> {
        let file = files.get(table.file).ok_or_else(|| Error::bug("a table has no file"))?;
        Table::open(&file.path, &file.shown, &table.member, layout, limits, wanted)
    }
}

/// Where the columns stand in another table with the same names in another order.
pub fn places(names: &[String], header: &[String]) -> Vec<usize> {
    let mut taken = vec![false; header.len()];
    names
        .iter()
        .map(|name| {
            let place =
                header.iter().enumerate().position(|(at, other)| !taken[at] && other == name);
            if let Some(place) = place {
                taken[place] = true;
            }
            place.unwrap_or(usize::MAX)
        })
        .collect()
}
