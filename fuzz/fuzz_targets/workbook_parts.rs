//! Any parts as a workbook in a zip file with right checksums: `.xlsx`, `.xlsb`, `.ods`.
//!
//! Input: a byte of options, then for each part a line `>> name` and its bytes, up to the next
//! line feed with `>> `.
#![no_main]

use std::io::Write;

use clientbase_fuzz::{panics, workbook};
use libfuzzer_sys::{Corpus, fuzz_target};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fuzz_target!(init: panics::allow_in_workbook_parsers(), |data: &[u8]| -> Corpus {
    let [options, parts @ ..] = data else { return Corpus::Reject };
    let Some(zip) = packed(parts) else { return Corpus::Reject };
    workbook::read(&zip, *options);
    Corpus::Keep
});

fn packed(parts: &[u8]) -> Option<Vec<u8>> {
    const MARK: &[u8] = b"\n>> ";
    let mut rest = parts.strip_prefix(MARK)?;
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    while !rest.is_empty() {
        let end = rest.windows(MARK.len()).position(|window| window == MARK);
        let part = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[], |end| &rest[end + MARK.len()..]);
        let name_end = part.iter().position(|byte| *byte == b'\n')?;
        let name = std::str::from_utf8(&part[..name_end]).ok()?;
        zip.start_file(name, stored).ok()?;
        zip.write_all(&part[name_end + 1..]).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}
