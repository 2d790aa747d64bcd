//! What the first bytes of a file say it is.

/// A kind of content that its first bytes give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Zip,
    /// Compound file of old Office programs: `.xls`, or an encrypted `.xlsx`.
    Compound,
    Gzip,
    Zstd,
    Parquet,
    Html,
    Xml,
    /// Something that is no table, by its name.
    Other(&'static str),
    /// Nothing of these: text, as far as anybody can tell.
    Unmarked,
}

/// Bytes that `of` looks at.
pub(super) const LOOK_BYTES: usize = 4096;

const MARKS: [(&[u8], Content); 14] = [
    (b"PK\x03\x04", Content::Zip),
    (b"PK\x05\x06", Content::Zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content::Compound),
    (b"\x1f\x8b\x08", Content::Gzip),
    (b"\x28\xb5\x2f\xfd", Content::Zstd),
    (b"PAR1", Content::Parquet),
    (b"%PDF-", Content::Other("a PDF document")),
    (b"{\\rtf", Content::Other("an RTF document")),
    (b"7z\xbc\xaf\x27\x1c", Content::Other("a 7-Zip archive")),
    (b"Rar!\x1a\x07", Content::Other("a RAR archive")),
    (b"MOXCEL", Content::Other("a spreadsheet document of 1C (.mxl)")),
    (b"\x09\x08", Content::Other("a worksheet of Excel 5 or older")),
    (b"\x89PNG", Content::Other("a picture")),
    (b"\xff\xd8\xff", Content::Other("a picture")),
];

const HTML_STARTS: [&str; 5] = ["<!doctype html", "<html", "<head", "<meta", "<table"];

/// What the first bytes of a file show.
pub(super) fn of(first: &[u8]) -> Content {
    if let Some((_, content)) = MARKS.iter().find(|(mark, _)| first.starts_with(mark)) {
        return *content;
    }
    if first.get(257..262) == Some(b"ustar") {
        return Content::Other("a tar archive");
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let start = String::from_utf8_lossy(&text[..text.len().min(32)]).to_lowercase();
    if HTML_STARTS.iter().any(|mark| start.starts_with(mark)) {
        return Content::Html;
    }
    if start.starts_with("<?xml") { Content::Xml } else { Content::Unmarked }
}

/// How the content is called in a message.
pub(super) fn name_of(content: Content, first: &[u8]) -> &'static str {
    let has = |text: &str| first.windows(text.len()).any(|window| window == text.as_bytes());
    match content {
        Content::Zip if has("[Content_Types].xml") || has("xl/") || has("_rels/") => {
            "an Excel workbook (.xlsx)"
        }
        Content::Zip if has("opendocument.spreadsheet") => "an OpenDocument spreadsheet (.ods)",
        Content::Zip => "a zip file",
        Content::Compound => "an old Excel workbook (.xls) or an encrypted one",
        Content::Gzip => "a gzip file",
        Content::Zstd => "a Zstandard file",
        Content::Parquet => "a Parquet file",
        Content::Html => "an HTML page",
        Content::Xml if has("urn:schemas-microsoft-com:office:spreadsheet") => {
            "an XML spreadsheet of Excel 2003"
        }
        Content::Xml => "an XML document",
        Content::Other(name) => name,
        Content::Unmarked if first.is_empty() => "an empty file",
        Content::Unmarked if has(",") || has(";") || has("\t") => "delimited text",
        Content::Unmarked => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        for (first, name) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], "an Excel workbook (.xlsx)"),
            (b"PK\x03\x04....sales.csv", "a zip file"),
            (b"\x1f\x8b\x08\x00", "a gzip file"),
            (b"\xef\xbb\xbf\n <!DOCTYPE HTML PUBLIC", "an HTML page"),
            (b"<html xmlns:o=\"urn:schemas\">", "an HTML page"),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                "an XML spreadsheet of Excel 2003",
            ),
            (b"%PDF-1.7", "a PDF document"),
            (b"date;client\n", "delimited text"),
            (b"", "an empty file"),
        ] {
            assert_eq!(name_of(of(first), first), name);
        }
    }
}
