//! The headers of all tables, and whether they are alike.

use std::collections::BTreeMap;

use super::dictionary::Dictionary;
use super::header::{HeaderPlace, find_header, head_rows};
use super::layout_notes;
use super::notes::{Note, NoteId};
use super::options::Options;
use super::tables::{DeliveredFile, FoundTable, Tables};
use crate::error::Result;
use crate::reading::{Format, Layout, ReadLimits, RowBlock, Table};

/// Finds the header of every table; the layout takes that of the first.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn find_headers(
    files: &[DeliveredFile],
    options: &Options,
    dictionary: &Dictionary,
    limits: &ReadLimits,
    found: &mut Tables,
) -> Result<()> {
    let mut first: Option<HeaderPlace> = None;
    let mut kept: Vec<FoundTable> = Vec::new();
    let mut without: Vec<FoundTable> = Vec::new();
    for mut table in std::mem::take(&mut found.tables) {
        let Some(file) = files.get(table.file) else { continue };
        let mut layout = found.layout.clone();
        if matches!(found.format, Format::Delimited | Format::Workbook) {
            let raw = Layout { header_row: None, ..layout.clone() };
            let mut reader = Table::open_raw(&file.path, &file.shown, &table.member, &raw, limits)?;
            let mut block = RowBlock::new();
            let mut rows = Vec::new();
            while rows.len() < limits.header_search_rows
                && reader.next_block(&mut block, limits.header_search_rows - rows.len())?
            {
                head_rows(&block, &mut rows);
            }
            if rows.is_empty() {
                found.notes.push(Note::new(NoteId::EmptyTable, [("table", &table.shown)]));
                continue;
            }
            let place = match options.header_row {
                Some(line) => Some(HeaderPlace { line, rows: 1, known: 0, above: Vec::new() }),
                None => find_header(&rows, dictionary),
            };
            let Some(place) = place else {
                without.push(table);
                continue;
            };
            layout.header_row = Some(place.line);
            layout.header_rows = place.rows;
            if first.is_none() {
                found.notes.extend(layout_notes::of_header(&place));
                first = Some(place);
            }
        }
        let reader = Table::open(&file.path, &file.shown, &table.member, &layout, limits, &[])?;
        table.header = reader.header().to_vec();
        if kept.is_empty() {
            found.layout = layout;
        }
        kept.push(table);
    }
    found.tables = kept;
    if !found.tables.is_empty() || without.is_empty() {
        same_headers(found);
    }
    leave_out(without, options, found);
    Ok(())
}

/// Sheets without a header beside sheets of one layout are notes; everything else without one is
/// asked about.
fn leave_out(without: Vec<FoundTable>, options: &Options, found: &mut Tables) {
    let is_sheet = found.format == Format::Workbook;
    let mut by_file: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for table in &found.tables {
        let name = table.member.label().and_then(|label| label.rsplit('/').next());
        by_file.entry(table.file).or_default().extend(name.map(str::to_owned));
    }
    // Each name in `sheets` must be there in every file, and is read as a glob.
    let sheets = by_file.values().next().cloned().unwrap_or_default();
    let may_skip = is_sheet
        && options.sheets.is_none()
        && !sheets.is_empty()
        && !found.has_question()
        && by_file.values().all(|other| *other == sheets)
        && without.iter().all(|table| by_file.contains_key(&table.file))
        && !sheets.iter().any(|name| name.contains(['{', '}', '[', ']']));
    if may_skip && !without.is_empty() {
        for table in without {
            found.notes.push(Note::new(
                NoteId::SheetSkipped,
                [("table", &table.shown), ("sheets", &sheets.join(", "))],
            ));
        }
        found.layout.sheets = Some(sheets);
        return;
    }
    let id = if is_sheet { NoteId::NoSheetHeader } else { NoteId::NoHeader };
    found.notes.extend(without.iter().map(|table| Note::new(id, [("table", &table.shown)])));
}

fn same_headers(found: &mut Tables) {
    let Some(first) = found.tables.first() else {
        if !found.has_question() {
            found.notes.push(Note::new(NoteId::NoHeader, [("table", &"-")]));
        }
        return;
    };
    let sorted = |header: &[String]| {
        let mut names: Vec<String> = header.to_vec();
        names.sort_unstable();
        names
    };
    let names = sorted(&first.header);
    if found.tables.iter().all(|table| sorted(&table.header) == names) {
        if found.format == Format::Workbook && found.tables.len() > 1 {
            let labels: Vec<&str> = found.tables.iter().filter_map(|t| t.member.label()).collect();
            let note = Note::new(
                NoteId::SheetsTogether,
                [("count", &labels.len()), ("sheets", &labels.join(", "))],
            );
            found.notes.push(note);
        }
        return;
    }
    let only = |one: &[String], than: &[String]| -> Vec<String> {
        one.iter().filter(|name| !than.contains(name)).map(|name| format!("«{name}»")).collect()
    };
    // Sheets of one workbook may be of different things though they look alike. Files may have
    // gained a column; whether that matters shows when it is known what the column means.
    let differ = |pair: &&[FoundTable]| {
        pair[0].file == pair[1].file && sorted(&pair[0].header) != sorted(&pair[1].header)
    };
    let Some([first, other]) = found.tables.windows(2).find(differ) else { return };
    if found.format != Format::Workbook {
        return;
    }
    let mut differing = only(&first.header, &other.header);
    differing.extend(only(&other.header, &first.header));
    let note = Note::new(
        NoteId::SheetsDiffer,
        [("one", &first.shown), ("other", &other.shown), ("what", &differing.join(", "))],
    );
    found.notes.push(note);
}
