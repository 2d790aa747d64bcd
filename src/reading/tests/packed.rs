use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory")
}

pub(super) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (at, (name, bytes)) in files.iter().enumerate() {
        let method =
            if at % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method);
        if let Some(folder) = name.strip_suffix('/') {
            writer.add_directory(folder, options).expect("memory");
        } else {
            writer.start_file(*name, options).expect("memory");
            writer.write_all(bytes).expect("memory");
        }
    }
    writer.finish().expect("memory").into_inner()
}

/// A table of more text than any buffer holds.
fn long_text() -> String {
    let mut text = String::from("id,name\n");
    for row in 0..50_000 {
        text += &format!("{row},name {}\n", row * 7919 % 10_007);
    }
    text
}

#[test]
fn packed_text_is_unpacked_by_its_ending() {
    for (name, bytes) in [
        ("a.csv.gz", gzip(b"id\n1\n2\n")),
        ("A.CSV.GZ", [gzip(b"id\n1\n"), gzip(b"2\n")].concat()),
        ("a.csv.zst", zstandard(b"id\n1\n2\n")),
        ("a.txt.zst", [zstandard(b"id\n1"), zstandard(b"\n2\n")].concat()),
        ("a.gz", gzip(b"\xef\xbb\xbfid\r\n1\r\n2")),
    ] {
        let read = read(&delivered(name, bytes).path, &Layout::default(), &["id"]);
        assert_eq!(read.expect("rows").rows, [["1"], ["2"]], "{name}");
    }
    let json = delivered("a.jsonl.gz", gzip(b"{\"id\":1}\n"));
    assert_eq!(read(&json.path, &Layout::default(), &["id"]).expect("rows").rows, [["n:1"]]);
    let parquet = std::fs::read(fixture("types.parquet")).expect("a fixture");
    let packed = delivered("a.parquet.zst", zstandard(&parquet));
    assert_eq!(read(&packed.path, &Layout::default(), &["int"]).expect("rows").rows.len(), 4);
}

#[test]
fn a_file_cut_off_is_an_error_and_no_end() {
    let text = long_text();
    let gz = gzip(text.as_bytes());
    let zst = zstandard(text.as_bytes());
    let zip = zip_of(&[("a.csv", text.as_bytes())]);
    for (name, bytes) in [("a.csv.gz", gz), ("a.csv.zst", zst), ("a.zip", zip)] {
        let whole = read(&delivered(name, &bytes).path, &Layout::default(), &["id"]);
        assert_eq!(whole.expect("rows").rows.len(), 50_000);
        for end in [bytes.len() - 1, bytes.len() - 9, bytes.len() / 2, 40, 11, 3] {
            let cut = read(&delivered(name, &bytes[..end]).path, &Layout::default(), &["id"]);
            let error = told(cut);
            assert!(
                error.contains("cannot be read") || error.contains("should be"),
                "{name} {end}: {error}"
            );
        }
    }
    // Text that is broken inside: the checksum tells.
    let mut bytes = zip_of(&[("a.csv", b"id\n1\n"), ("b.csv", b"id\n12345678\n")]);
    let at = bytes.windows(8).position(|window| window == b"12345678").expect("stored text");
    bytes[at] = b'9';
    let file = delivered("a.zip", bytes);
    let members = tables(&file.path, &Layout::default()).expect("tables");
    let limits = ReadLimits::default();
    let read = |member| read_member(&file.path, member, &Layout::default(), &limits, Some(&["id"]));
    assert!(read(&members[0]).is_ok());
    let error = told(read(&members[1]));
    assert!(
        error.starts_with(
            "a.zip/b.csv: the file cannot be read to its end: the zip entry's checksum"
        ),
        "{error}"
    );
}

#[test]
fn the_files_of_a_zip_are_tables() {
    let book = super::workbooks::simple_book();
    let bytes = zip_of(&[
        ("2024/", b""),
        ("2024/b.csv", b"id\n1\n"),
        ("__MACOSX/2024/._b.csv", b"\x00\x05\x16\x07"),
        ("a.csv.gz", &gzip(b"id\n2\n")),
        ("book.xlsx", &book),
        ("lines.jsonl", b"{\"id\":3}\n"),
    ]);
    let file = delivered("X.ZIP", bytes);
    let layout = Layout::default();
    let labels = labels(&file.path, &layout);
    assert_eq!(labels, ["2024/b.csv", "a.csv.gz", "book.xlsx/Sales", "lines.jsonl"]);
    let rows: Vec<_> = tables(&file.path, &layout)
        .expect("tables")
        .iter()
        .map(|member| {
            let limits = ReadLimits::default();
            read_member(&file.path, member, &layout, &limits, Some(&["id"])).expect("rows").rows
        })
        .collect();
    assert_eq!(rows, [[["1"]], [["2"]], [["n:7"]], [["n:3"]]]);
}

#[test]
fn files_of_a_zip_may_be_chosen_by_name() {
    let bytes = zip_of(&[("2024/b.csv", b"id\n1\n"), ("a.csv", b"id\n2\n"), ("readme.txt", b"Hi")]);
    let file = delivered("a.zip", bytes);
    let only = |globs: &[&str]| {
        let globs = globs.iter().map(|glob| (*glob).to_owned()).collect();
        Layout { zip_files: Some(globs), ..Layout::default() }
    };
    assert_eq!(labels(&file.path, &only(&["*.csv"])), ["2024/b.csv", "a.csv"]);
    assert_eq!(labels(&file.path, &only(&["a.csv"])), ["a.csv"]);
    let layout = only(&["*.csv", "*.tsv"]);
    let error = members(&file.path, "a.zip", &layout, &ReadLimits::default()).expect_err("no .tsv");
    assert_eq!(error.to_string(), "a.zip: no file in it is called `*.tsv`");
    assert_eq!(error.hint_text(), Some("there are: 2024/b.csv, a.csv, readme.txt"));
}

#[test]
fn names_in_a_zip_may_be_in_the_old_russian_code_page() {
    // "продажи.csv" in code page 866, by Python.
    let mut bytes = zip_of(&[("12345678.csv", b"id\n1\n")]);
    let name = b"\xaf\xe0\xae\xa4\xa0\xa6\xa8_.csv";
    while let Some(at) = bytes.windows(12).position(|window| window == b"12345678.csv") {
        bytes[at..at + 12].copy_from_slice(name);
    }
    let file = delivered("a.zip", bytes);
    assert_eq!(labels(&file.path, &Layout::default()), ["продажи_.csv"]);
    assert_eq!(read(&file.path, &Layout::default(), &["id"]).expect("rows").rows, [["1"]]);
}

#[test]
fn content_that_contradicts_the_name_is_told() {
    let book = super::workbooks::simple_book();
    let zip = zip_of(&[("a.csv", b"id\n1\n")]);
    let html = b"<html><table><tr><td>id</td></tr></table></html>";
    let old = std::fs::read(fixture("report.xls")).expect("a fixture");
    for (name, bytes, is) in [
        ("a.xls", &html[..], "should be an old Excel workbook (.xls), but is an HTML page"),
        ("a.xls", b"id;name\n", "should be an old Excel workbook (.xls), but is delimited text"),
        (
            "a.xls",
            &book,
            "should be an old Excel workbook (.xls), but is an Excel workbook (.xlsx)",
        ),
        ("a.xlsx", &old, "should be an Excel workbook (.xlsx), but is an old Excel workbook"),
        ("a.xlsx", &zip, "should be an Excel workbook (.xlsx), but is a zip file"),
        ("a.xlsx", b"", "should be an Excel workbook (.xlsx), but is an empty file"),
        ("a.csv", &book, "should be text, but is an Excel workbook (.xlsx)"),
        ("a.csv", &zip, "should be text, but is a zip file"),
        ("a.csv", &gzip(b"id\n"), "should be text, but is a gzip file"),
        ("a.csv", html, "should be text, but is an HTML page"),
        ("a.csv.gz", b"id\n1\n", "should be a gzip file, but is something else"),
        ("a.csv.gz", b"", "should be a gzip file, but is an empty file"),
        ("a.csv.gz", &gzip(&zip), "should be text, but is a zip file"),
        ("a.csv.zst", &gzip(b"id\n"), "should be a Zstandard file, but is a gzip file"),
        ("a.zip", &book, "should be a zip file of tables, but is an Excel workbook (.xlsx)"),
        ("a.zip", b"id\n", "should be a zip file, but is something else"),
        ("a.jsonl", b"%PDF-1.7", "should be text, but is a PDF document"),
        ("a.parquet", b"id,x\n", "should be a Parquet file, but is delimited text"),
        ("a.ods", &book, "should be an OpenDocument spreadsheet (.ods), but is an Excel"),
    ] {
        let error = told(read(&delivered(name, bytes).path, &Layout::default(), &["id"]));
        assert!(error.starts_with(&format!("{name}: {is}")), "{error}");
    }
}

#[test]
fn what_a_zip_must_not_hold_is_told() {
    let inner = zip_of(&[("a.csv", b"id\n1\n")]);
    let nested = delivered("a.zip", zip_of(&[("b.zip", &inner)]));
    assert!(told(tables(&nested.path, &Layout::default())).contains("is a zip file in a zip file"));
    let empty = delivered("a.zip", zip_of(&[("folder/", b"")]));
    assert!(told(tables(&empty.path, &Layout::default())).contains("has no files in it"));
    let mut twice = zip_of(&[("1.csv", b"id\n1\n"), ("2.csv", b"id\n2\n")]);
    while let Some(at) = twice.windows(5).position(|window| window == b"2.csv") {
        twice[at] = b'1';
    }
    let twice = delivered("a.zip", twice);
    assert!(told(tables(&twice.path, &Layout::default())).contains("two entries of one name"));
    // Bit 0 of the flags: encrypted. The directory at the end decides.
    let mut bytes = inner;
    let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    bytes[at + 8] |= 1;
    let encrypted = delivered("a.zip", bytes);
    assert!(
        told(tables(&encrypted.path, &Layout::default()))
            .contains("a.zip/a.csv: the zip entry is encrypted")
    );
}
