//! Encoding and delimiter of text files, and whether all files have the same.

use super::byte_evidence::ByteEvidence;
use super::encoding::{EncodingChoice, EncodingProof, decide_encoding};
use super::layout_notes;
use super::notes::{Note, NoteId};
use super::options::Options;
use super::records::{DelimiterChoice, decide_delimiter};
use super::tables::{DeliveredFile, Tables};
use super::unpacked::with_bytes;
use crate::error::Result;
use crate::reading::Format;

/// Works out encoding and delimiter from all bytes of all files.
///
/// # Errors
/// When a file cannot be read to its end.
pub(super) fn decide_text(
    files: &[DeliveredFile],
    options: &Options,
    found: &mut Tables,
) -> Result<()> {
    let mut all: Option<ByteEvidence> = None;
    let mut encodings: Vec<EncodingChoice> = Vec::new();
    let mut delimiters: Vec<Option<DelimiterChoice>> = Vec::new();
    for table in &found.tables {
        let Some(file) = files.get(table.file) else { continue };
        let evidence = with_bytes(&file.path, &file.shown, table.member.label(), |bytes| {
            ByteEvidence::collect(bytes)
        })?;
        if evidence.records.ends_with_returns() {
            found.notes.push(Note::new(NoteId::LineEndsReturn, [("table", &table.shown)]));
            return Ok(());
        }
        encodings.push(decide_encoding(&evidence, options.encoding));
        delimiters.push(decide_delimiter(&evidence.records, options.delimiter));
        match &mut all {
            Some(all) => all.add_letters(&evidence),
            None => all = Some(evidence),
        }
    }
    let sure = |choice: &&EncodingChoice| {
        !matches!(choice.proof, EncodingProof::Ascii | EncodingProof::Unsure { .. })
    };
    let lead = encodings.iter().position(|choice| sure(&choice));
    if let Some(lead) = lead {
        let other = encodings
            .iter()
            .position(|choice| sure(&choice) && choice.encoding != encodings[lead].encoding);
        if let Some(other) = other {
            let what = format!(
                "{} / {}",
                encodings[lead].encoding.name(),
                encodings[other].encoding.name()
            );
            found.notes.push(Note::new(
                NoteId::LayoutsDiffer,
                [
                    ("one", &found.tables[lead].shown),
                    ("other", &found.tables[other].shown),
                    ("what", &what),
                ],
            ));
            return Ok(());
        }
    }
    let Some(all) = all else { return Ok(()) };
    if all.bytes == 0 {
        found.notes.push(Note::new(NoteId::EmptyFile, [("table", &found.tables[0].shown)]));
        return Ok(());
    }
    let encoding = match lead {
        Some(lead)
            if matches!(encodings[lead].proof, EncodingProof::Mark | EncodingProof::ZeroBytes) =>
        {
            encodings[lead]
        }
        _ => decide_encoding(&all, options.encoding),
    };
    found.layout.encoding = encoding.encoding;
    found.encoding = Some(encoding);
    found.notes.push(layout_notes::of_encoding(&encoding));
    if found.format == Format::JsonLines {
        return Ok(());
    }
    let mut lead: Option<(usize, DelimiterChoice)> = None;
    for (place, choice) in delimiters.iter().enumerate() {
        if let Some(choice) = choice
            && lead.is_none_or(|(_, known)| choice.rows > known.rows)
        {
            lead = Some((place, *choice));
        }
    }
    let Some((lead, delimiter)) = lead else {
        found.notes.push(Note::new(NoteId::NoDelimiter, [("file", &found.tables[0].shown)]));
        return Ok(());
    };
    for (choice, table) in delimiters.iter().zip(&found.tables) {
        if let Some(choice) = choice
            && (choice.delimiter, choice.quoted) != (delimiter.delimiter, delimiter.quoted)
            && choice.rows > 1
        {
            let (one, other) = (char::from(delimiter.delimiter), char::from(choice.delimiter));
            let what = format!("{one:?} / {other:?}");
            let lead = &found.tables[lead].shown;
            let note =
                [("one", lead as &dyn std::fmt::Display), ("other", &table.shown), ("what", &what)];
            found.notes.push(Note::new(NoteId::LayoutsDiffer, note));
            return Ok(());
        }
    }
    let mut total = delimiter;
    total.fitting_rows = delimiters.iter().flatten().map(|choice| choice.fitting_rows).sum();
    total.rows = delimiters.iter().flatten().map(|choice| choice.rows).sum();
    found.layout.delimiter = delimiter.delimiter;
    found.layout.quote = delimiter.quoted.then_some(b'"');
    found.delimiter = Some(total);
    found.notes.extend(layout_notes::of_delimiter(&total, options.delimiter.is_some()));
    Ok(())
}
