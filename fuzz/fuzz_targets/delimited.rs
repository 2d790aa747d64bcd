//! Any bytes in any layout, as delimited text: compared with the `csv` crate, and with lines
//! that are simply split where there are no quotes.
//!
//! Input: two bytes of options, then the file.
#![no_main]

use std::io::Write;

use clientbase_fuzz::delivery::{Opening, Read, is_blank, read_one};
use clientbase_fuzz::reading::{CellKind, Layout};
use encoding_rs::{Encoding, UTF_8, UTF_16LE, WINDOWS_1251};
use libfuzzer_sys::{Corpus, fuzz_target};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Where the reader's first look at a file ends, and with it its first piece.
const LOOK_BYTES: usize = 4096;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why text without quotes may be refused.
const REASONS: [&str; 7] = [
    ": should be text, but is ",
    ": the text is marked as ",
    ": the text looks like ",
    ": the lines end in CR alone",
    ": the row has more than ",
    ": a cell has more than ",
    ": the file is empty; not even a header is there",
];

fuzz_target!(|data: &[u8]| -> Corpus {
    let [first, second, bytes @ ..] = data else { return Corpus::Reject };
    let layout = Layout {
        delimiter: [b',', b';', b'\t', b'|'][usize::from(first & 3)],
        quote: if first & 4 == 0 { Some(b'"') } else { None },
        encoding: [UTF_8, UTF_8, WINDOWS_1251, UTF_16LE][usize::from(first >> 3 & 3)],
        header_rows: 1 + (second >> 3 & 1),
        ..Layout::default()
    };
    let most_rows = [1, 3, 16, 1000][usize::from(second & 3)];
    let padded;
    let bytes = match first >> 5 & 1 {
        1 if layout.encoding == UTF_8 => {
            padded = pad(bytes, usize::from(second >> 4));
            &padded
        }
        _ => bytes,
    };
    let read = read_one("a.csv", bytes, &layout, Opening::Raw, most_rows);
    match &read {
        Ok(read) => compare(bytes, &layout, read),
        Err(error) if layout.quote.is_none() || !bytes.contains(&b'"') => {
            let message = error.to_string();
            assert!(REASONS.iter().any(|reason| message.contains(reason)), "{}", error.chain());
        }
        Err(_) => {}
    }
    let packing = first >> 6;
    if packing > 0 {
        let (name, packed) = pack(packing, bytes);
        let unpacked = read_one(name, &packed, &layout, Opening::Raw, 7);
        match (&read, unpacked) {
            (Ok(read), Ok(unpacked)) => assert_eq!(unpacked, *read, "{name}"),
            (Err(_), Err(_)) => {}
            (read, unpacked) => panic!("{read:?}, but packed {unpacked:?}"),
        }
        // Damaged packed files as well.
        let _ = read_one(name, bytes, &layout, Opening::Raw, 7);
    }
    if layout.encoding != UTF_8 {
        compare_decoded(bytes, &layout, read.ok());
    } else if second & 4 != 0 {
        let fill_down = read.ok().and_then(|read| name_in_first_row(&read));
        let layout = Layout { fill_down: fill_down.into_iter().collect(), ..layout };
        let _ = read_one("a.csv", bytes, &layout, Opening::Header, most_rows);
    }
    Corpus::Keep
});

/// Puts rows in front, so that the first piece ends in the middle of the input.
fn pad(bytes: &[u8], back: usize) -> Vec<u8> {
    let mut padded = Vec::new();
    while padded.len() + 256 < LOOK_BYTES {
        padded.extend_from_slice(&[b'x'; 255]);
        padded.push(b'\n');
    }
    let last = LOOK_BYTES.saturating_sub(padded.len() + back + 1);
    padded.resize(padded.len() + last, b'y');
    padded.push(b'\n');
    padded.extend_from_slice(bytes);
    padded
}

fn pack(packing: u8, bytes: &[u8]) -> (&'static str, Vec<u8>) {
    match packing {
        1 => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("memory");
            ("a.csv.gz", encoder.finish().expect("memory"))
        }
        2 => ("a.csv.zst", zstd::encode_all(bytes, 1).expect("memory")),
        _ => {
            let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options =
                SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            zip.start_file("a.csv", options).expect("memory");
            zip.write_all(bytes).expect("memory");
            ("a.zip", zip.finish().expect("memory").into_inner())
        }
    }
}

type Rows = Vec<(u64, Vec<Vec<u8>>)>;

fn rows_of(read: &Read) -> Rows {
    let cells = |row: &clientbase_fuzz::delivery::Row| {
        assert!(row.cells.iter().all(|(_, kind)| *kind == CellKind::Text));
        row.cells.iter().map(|(cell, _)| cell.clone()).collect()
    };
    read.rows.iter().map(|row| (row.line, cells(row))).collect()
}

fn compare(bytes: &[u8], layout: &Layout, read: &Read) {
    if layout.encoding != UTF_8 {
        return;
    }
    // Files that were joined may have several byte order marks.
    let mut bytes = bytes;
    while let Some(rest) = bytes.strip_prefix(MARK) {
        bytes = rest;
    }
    if layout.quote.is_none() || !bytes.contains(&b'"') {
        let (rows, blank_rows) = split(bytes, layout.delimiter);
        assert_eq!(rows_of(read), rows);
        assert_eq!(read.blank_rows, blank_rows);
    }
    // To the `csv` crate a single CR ends a line.
    let ends = bytes.iter().skip(1).chain(b"\n");
    if bytes.iter().zip(ends).all(|(byte, next)| *byte != b'\r' || *next == b'\n') {
        assert_eq!(rows_of(read), read_by_csv(bytes, layout));
    }
}

/// Rows of text without quotes, and the number of blank ones.
fn split(bytes: &[u8], delimiter: u8) -> (Rows, u64) {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.pop_if(|line| line.is_empty());
    let (mut rows, mut blank_rows) = (Vec::new(), 0);
    for (place, line) in lines.into_iter().enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let cells: Vec<Vec<u8>> =
            line.split(|byte| *byte == delimiter).map(<[u8]>::to_vec).collect();
        if cells.iter().all(|cell| is_blank(cell)) {
            blank_rows += 1;
        } else {
            rows.push((place as u64 + 1, cells));
        }
    }
    (rows, blank_rows)
}

fn read_by_csv(bytes: &[u8], layout: &Layout) -> Rows {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(layout.delimiter)
        .quoting(layout.quote.is_some())
        .from_reader(bytes);
    let records = reader.byte_records().map(|record| record.expect("memory"));
    let row = |record: csv::ByteRecord| {
        let cells: Vec<Vec<u8>> = record.iter().map(<[u8]>::to_vec).collect();
        let start = record.position().expect("a position").byte() as usize;
        // Records start behind the end of the one before, or behind its CR.
        let breaks = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let line = bytes[..start + breaks].iter().filter(|byte| **byte == b'\n').count() + 1;
        (line as u64, cells)
    };
    records.map(row).filter(|(_, cells)| !cells.iter().all(|cell| is_blank(cell))).collect()
}

/// Text in another encoding is what it is when somebody else decodes it.
fn compare_decoded(bytes: &[u8], layout: &Layout, read: Option<Read>) {
    if Encoding::for_bom(bytes).is_some() {
        return;
    }
    let decoded = layout.encoding.decode_without_bom_handling(bytes).0;
    if decoded.starts_with('\u{feff}') {
        return;
    }
    let as_utf_8 = Layout { encoding: UTF_8, ..layout.clone() };
    let decoded = read_one("a.csv", decoded.as_bytes(), &as_utf_8, Opening::Raw, 5);
    if let (Some(read), Ok(decoded)) = (read, decoded) {
        assert_eq!(read, decoded);
    }
}

fn name_in_first_row(read: &Read) -> Option<String> {
    let (cell, _) = read.rows.first()?.cells.first()?;
    String::from_utf8(cell.clone()).ok()
}
