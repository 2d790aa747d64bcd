//! What must hold of a workbook before its parser sees it: it is what its name says, and no
//! part of it is made to exhaust memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use super::bytes::{LocalFile, Stored, unreadable};
use super::layout::ReadLimits;
use super::ods_size::OdsSize;
use super::sniff::{self, Content};
use super::xls_size;
use super::xml_nesting::XmlNesting;
use super::zip_file::{self, Entry};
use crate::error::{Error, Result};

/// Longest stretch of XML without a `<`: a cell of Excel has at most 32,767 characters.
const LONGEST_XML_TOKEN: usize = 4 << 20;

/// Kind of a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `.xlsx`, `.xlsm`.
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

/// Tells the kind by the content.
///
/// # Errors
/// When the content is no workbook, is encrypted, or contradicts the name.
pub(super) fn kind_of(stored: &Stored, file: &LocalFile, limits: &ReadLimits) -> Result<Kind> {
    let found = sniff::of(&file.first);
    let (expected, name) = match stored.ending() {
        "xlsx" | "xlsm" => (Some(Kind::Xlsx), "an Excel workbook (.xlsx)"),
        "xlsb" => (Some(Kind::Xlsb), "a binary Excel workbook (.xlsb)"),
        "xls" => (Some(Kind::Xls), "an old Excel workbook (.xls)"),
        "ods" => (Some(Kind::Ods), "an OpenDocument spreadsheet (.ods)"),
        _ => (None, "a workbook"),
    };
    let kind = match found {
        Content::Compound if is_encrypted(file)? => {
            return Err(Error::data(format!("{}: the workbook is encrypted", stored.shown))
                .hint("save it without a password"));
        }
        Content::Compound => Kind::Xls,
        Content::Zip => {
            let entries = zip_file::entries(&file.path, &stored.shown, limits)?;
            let has = |name: &str| entries.iter().any(|e| e.name.eq_ignore_ascii_case(name));
            if has("xl/workbook.bin") {
                Kind::Xlsb
            } else if has("xl/workbook.xml") || has("[Content_Types].xml") {
                Kind::Xlsx
            } else if has("content.xml") {
                Kind::Ods
            } else {
                return Err(stored.is_really(name, found, &file.first));
            }
        }
        _ => return Err(stored.is_really(name, found, &file.first)),
    };
    if expected.is_some_and(|expected| expected != kind) {
        return Err(stored.is_really(name, found, &file.first));
    }
    Ok(kind)
}

/// An encrypted workbook of the newer kind is a compound file with a part of this name.
fn is_encrypted(file: &LocalFile) -> Result<bool> {
    let mark: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut reader = BufReader::new(File::open(&file.path)?);
    let mut tail: Vec<u8> = Vec::new();
    loop {
        let part = reader.fill_buf()?;
        if part.is_empty() {
            return Ok(false);
        }
        let length = part.len();
        tail.extend_from_slice(part);
        reader.consume(length);
        if tail.windows(mark.len()).any(|window| window == mark) {
            return Ok(true);
        }
        tail.drain(..tail.len().saturating_sub(mark.len()));
    }
}

/// Reads every part of a workbook once: none is cut off or damaged, and together they stay
/// within the limits.
///
/// # Errors
/// When a part is damaged or beyond a limit.
pub(super) fn check(
    stored: &Stored,
    file: &LocalFile,
    kind: Kind,
    limits: &ReadLimits,
) -> Result<()> {
    if kind == Kind::Xls {
        return xls_size::check(&file.path, &stored.shown, limits);
    }
    let mut memory_bytes = 0;
    for entry in zip_file::entries(&file.path, &stored.shown, limits)? {
        let name = entry.name.to_ascii_lowercase();
        let is_sheet = name.starts_with("xl/worksheets/") || name == "content.xml";
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
        if !is_xml && !name.ends_with(".bin") {
            continue;
        }
        if !is_sheet {
            memory_bytes += entry.size;
        }
        if memory_bytes > limits.workbook_bytes {
            return Err(Error::data(format!(
                "{}: has more than {} bytes of texts and formats",
                stored.shown, limits.workbook_bytes
            ))
            .hint("deliver it as CSV, or split it"));
        }
        let is_content = kind == Kind::Ods && name == "content.xml";
        let ods = is_content.then(Default::default);
        check_part(stored, file, &entry, is_xml, ods, limits)?;
    }
    Ok(())
}

fn check_part(
    stored: &Stored,
    file: &LocalFile,
    entry: &Entry,
    is_xml: bool,
    mut ods: Option<(OdsSize, XmlNesting)>,
    limits: &ReadLimits,
) -> Result<()> {
    let shown = format!("{}/{}", stored.shown, entry.name);
    let mut reader =
        zip_file::open_entry(&file.path, entry).map_err(|error| unreadable(&shown, None, error))?;
    if !is_xml {
        std::io::copy(&mut reader, &mut std::io::sink())
            .map_err(|error| unreadable(&shown, None, error))?;
        return Ok(());
    }
    let unended = || {
        Error::data(format!("{shown}: the XML is damaged: an element does not end"))
            .hint("open the workbook in a spreadsheet program and save it again")
    };
    let mut token: Vec<u8> = Vec::new();
    loop {
        token.clear();
        let length = (&mut reader)
            .take(LONGEST_XML_TOKEN as u64 + 1)
            .read_until(b'<', &mut token)
            .map_err(|error| unreadable(&shown, None, error))?;
        if length == 0 {
            let is_complete = ods.is_none_or(|(_, nesting)| nesting.is_complete());
            return if is_complete { Ok(()) } else { Err(unended()) };
        }
        if length > LONGEST_XML_TOKEN {
            return Err(Error::data(format!(
                "{shown}: has a text of more than {LONGEST_XML_TOKEN} bytes"
            )));
        }
        if let Some((size, nesting)) = &mut ods {
            nesting.part(&token).ok_or_else(unended)?;
            size.tag(&token);
            if size.copied_bytes() > limits.workbook_bytes {
                return Err(Error::data(format!(
                    "{}: repeats more than {} bytes of text",
                    stored.shown, limits.workbook_bytes
                ))
                .hint("such a file is made to exhaust memory; find out who made it"));
            }
            if size.cells() > limits.memory_cells {
                return Err(Error::data(format!(
                    "{}: has more than {} cells, blank ones between others included",
                    stored.shown, limits.memory_cells
                ))
                .hint("deliver it as CSV or .xlsx, or delete what stands far from the table"));
            }
        }
    }
}
