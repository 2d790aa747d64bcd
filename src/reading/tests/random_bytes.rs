//! Whatever the bytes are, there are rows or an error, and no end of the program.

use super::*;
use proptest::prelude::*;

fn read_all(name: &str, bytes: &[u8], layout: &Layout) {
    let file = delivered(name, bytes);
    let limits = ReadLimits { header_search_rows: 5, ..ReadLimits::default() };
    let Ok(members) = members(&file.path, name, layout, &limits) else { return };
    for member in &members {
        for wanted in [None, Some(&[][..]), Some(&["a"][..])] {
            let _ = read_member(&file.path, member, layout, &limits, wanted);
        }
    }
}

/// Text of the characters that matter to the parsers.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop_oneof![
        proptest::sample::select(b"a,;\"'\r\n \t\x00{}[]:0123eE.-tn\\".to_vec()),
        any::<u8>()
    ];
    proptest::collection::vec(letter, 0..200)
}

/// Rows as `csv` would write them, for the simple case of no line breaks.
fn grid() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = "[a-z\", я]{0,6}|[\r\n]?x[\n]{0,3}";
    proptest::collection::vec(proptest::collection::vec(cell, 3), 1..20)
}

proptest! {
    #[test]
    fn text_of_any_bytes_is_read(bytes in bytes()) {
        read_all("a.csv", &bytes, &Layout::default());
        let layout = Layout {
            encoding: encoding_rs::UTF_16LE,
            delimiter: b';',
            quote: None,
            header_rows: 2,
            fill_down: vec!["a".to_owned()],
            ..Layout::default()
        };
        read_all("a.csv", &bytes, &layout);
        read_all("a.jsonl", &bytes, &Layout::default());
    }

    #[test]
    fn packed_files_of_any_bytes_are_read(bytes in bytes(), mark in 0..4_usize) {
        let marks: [&[u8]; 4] =
            [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];
        let bytes = [marks[mark], &bytes].concat();
        for name in ["a.csv.gz", "a.csv.zst", "a.zip", "a.xlsx", "a.xls"] {
            read_all(name, &bytes, &Layout::default());
        }
    }

    #[test]
    fn damaged_workbooks_are_read(at in 0..5_632_usize, value in any::<u8>(), file in 0..4_usize) {
        let name = ["report.xls", "sales.ods", "sales.xlsb", "dates_1904.xls"][file];
        let mut bytes = std::fs::read(fixture(name)).expect("a fixture");
        let length = bytes.len();
        bytes[at % length] = value;
        read_all(name, &bytes, &Layout::default());
    }

    #[test]
    fn written_rows_are_read_back(grid in grid()) {
        let mut text = String::from("a,b,c\r\n");
        for row in &grid {
            let cells: Vec<String> =
                row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            text += &(cells.join(",") + "\r\n");
        }
        let read = read_text(&text, &Layout::default(), &["a"]).expect("rows");
        let expected: Vec<_> = grid
            .into_iter()
            .filter(|row| row.iter().any(|cell| !cell.trim().is_empty()))
            .collect();
        prop_assert_eq!(read.rows, expected);
    }
}
