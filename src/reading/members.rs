//! The tables in one file: itself, the entries of a zip file, the sheets of a workbook.

use std::path::Path;

use calamine::{SheetType, SheetVisible};
use globset::Glob;

use super::bytes::Stored;
use super::layout::{Format, Layout, ReadLimits};
use super::sniff::{self, Content};
use super::workbook::Workbook;
use super::workbook_check::{check, kind_of};
use super::zip_file::{self, Entry};
use crate::error::{Error, Result};

/// One table of a file.
#[derive(Debug, Clone)]
pub struct Member {
    pub(super) format: Format,
    /// The zip entry it is in.
    pub(super) entry: Option<Entry>,
    /// Name of the sheet it is.
    pub(super) sheet: Option<String>,
    label: Option<String>,
}

impl Member {
    /// Name within the file, as `sales.csv`, `Лист1` or `book.xlsx/Лист1`; none when the file
    /// is one table.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// How the table's rows are held.
    pub fn format(&self) -> Format {
        self.format
    }
}

/// The tables in a file, in the order in which it holds them. `shown` is its name for messages
/// and decides by its ending what it should be.
///
/// Workbooks are read once to their end, so that damage shows before the first row does.
///
/// # Errors
/// When the file is not what its name says, is damaged, encrypted or beyond a limit, or has no
/// table or not the sheets that are asked for.
pub fn members(
    path: &Path,
    shown: &str,
    layout: &Layout,
    limits: &ReadLimits,
) -> Result<Vec<Member>> {
    let stored = Stored::file(path, shown, limits);
    if !stored.is_zip() {
        return members_of(&stored, None, layout, limits);
    }
    let (_, first) = stored.open()?;
    let found = sniff::of(&first);
    if found != Content::Zip {
        return Err(stored.is_really("a zip file", found, &first));
    }
    let entries = zip_file::entries(path, shown, limits)?;
    if entries.iter().any(|entry| entry.name == "[Content_Types].xml") {
        return Err(stored.is_really("a zip file of tables", found, &first));
    }
    let mut entries: Vec<Entry> =
        entries.into_iter().filter(|entry| !is_clutter(&entry.name)).collect();
    if let Some(globs) = &layout.zip_files {
        let all: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let matched = matched_by(globs, &all, ("zip_files", "file in it"), shown)?;
        entries.retain(|entry| matched.contains(&entry.name.as_str()));
    }
    let mut members = Vec::new();
    for entry in entries {
        let inner = Stored::entry(path, shown, entry.clone(), limits);
        if inner.is_zip() {
            return Err(Error::data(format!("{}: is a zip file in a zip file", inner.shown))
                .hint("unpack it once before it is delivered"));
        }
        members.extend(members_of(&inner, Some(entry), layout, limits)?);
    }
    if members.is_empty() {
        return Err(Error::data(format!("{shown}: the zip file has no files in it"))
            .hint("deliver the file again; nothing was changed"));
    }
    Ok(members)
}

/// Files that systems add by themselves.
fn is_clutter(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || file.starts_with("._")
        || matches!(file, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

fn members_of(
    stored: &Stored,
    entry: Option<Entry>,
    layout: &Layout,
    limits: &ReadLimits,
) -> Result<Vec<Member>> {
    let format = stored.format(layout);
    let label = entry.as_ref().map(|entry| entry.name.clone());
    if format != Format::Workbook {
        return Ok(vec![Member { format, entry, sheet: None, label }]);
    }
    let member = |sheet: String| Member {
        format,
        entry: entry.clone(),
        label: Some(match &label {
            Some(label) => format!("{label}/{sheet}"),
            None => sheet.clone(),
        }),
        sheet: Some(sheet),
    };
    Ok(sheets(stored, layout, limits)?.into_iter().map(member).collect())
}

/// Names of the sheets to read.
fn sheets(stored: &Stored, layout: &Layout, limits: &ReadLimits) -> Result<Vec<String>> {
    let file = stored.local()?;
    let kind = kind_of(stored, &file, limits)?;
    check(stored, &file, kind, limits)?;
    let mut book = Workbook::open(&file.path, kind, &stored.shown)?;
    let sheets: Vec<_> =
        book.sheets().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).cloned().collect();
    let mut names = Vec::new();
    match &layout.sheets {
        Some(globs) => {
            let all: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
            let matched = matched_by(globs, &all, ("sheets", "sheet"), &stored.shown)?;
            for sheet in &sheets {
                let is_visible = sheet.visible == SheetVisible::Visible;
                if matched.contains(&sheet.name.as_str())
                    && (is_visible || globs.contains(&sheet.name))
                {
                    names.push(sheet.name.clone());
                }
            }
        }
        None => {
            for sheet in sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible) {
                if book.has_cells(&sheet.name, &stored.shown)? {
                    names.push(sheet.name.clone());
                }
            }
        }
    }
    if names.is_empty() {
        return Err(Error::data(format!(
            "{}: no visible sheet of the workbook has a cell",
            stored.shown
        ))
        .hint("name hidden sheets in `sheets` of the source if they are to be read"));
    }
    Ok(names)
}

/// The names that match; every glob must match one.
fn matched_by<'s>(
    globs: &[String],
    names: &[&'s str],
    (setting, what): (&str, &str),
    shown: &str,
) -> Result<Vec<&'s str>> {
    let mut matched = Vec::new();
    for glob in globs {
        let matcher = Glob::new(glob)
            .map_err(|error| {
                Error::configuration(format!("`{glob}` in `{setting}` is no pattern"))
                    .because(error)
            })?
            .compile_matcher();
        let before = matched.len();
        // A name may hold characters that a pattern gives a meaning to.
        matched.extend(names.iter().filter(|name| **name == glob || matcher.is_match(name)));
        if matched.len() == before {
            return Err(Error::data(format!("{shown}: no {what} is called `{glob}`"))
                .hint(format!("there are: {}", names.join(", "))));
        }
    }
    Ok(matched)
}
