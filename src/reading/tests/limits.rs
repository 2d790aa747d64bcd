use super::packed::{gzip, zip_of};
use super::*;

fn read_within(name: &str, bytes: &[u8], limits: &ReadLimits) -> Result<Read> {
    let file = delivered(name, bytes);
    let layout = Layout::default();
    let members = members(&file.path, shown(&file.path), &layout, limits)?;
    read_member(&file.path, &members[0], &layout, limits, Some(&["id"]))
}

#[test]
fn wide_rows_and_long_cells_are_refused() {
    let limits = ReadLimits::default();
    let columns = |count: usize| format!("id{}\n", ",x".repeat(count - 1));
    assert!(read_within("a.csv", columns(16_384).as_bytes(), &limits).is_ok());
    let error = told(read_within("a.csv", columns(16_385).as_bytes(), &limits));
    assert!(error.starts_with("a.csv:1: the row has more than 16384 cells"), "{error}");
    let cell = |bytes: usize| format!("id\n1\n{}\n2\n", "x".repeat(bytes));
    assert_eq!(
        read_within("a.csv", cell(1 << 20).as_bytes(), &limits).expect("rows").rows.len(),
        3
    );
    let error = told(read_within("a.csv", cell((1 << 20) + 1).as_bytes(), &limits));
    assert!(error.starts_with("a.csv:3: a cell has more than 1048576 bytes"), "{error}");
    let many = format!("id\n{}\n", "x,".repeat(9 << 20));
    let error = told(read_within("a.csv", many.as_bytes(), &limits));
    assert!(error.starts_with("a.csv:2: the row has more than"), "{error}");
    let json = format!("{{\"id\":\"{}\"}}\n", "x".repeat((1 << 20) + 1));
    let error = told(read_within("a.jsonl", json.as_bytes(), &limits));
    assert!(error.starts_with("a.jsonl:1: a value has more than"), "{error}");
    let line = "x".repeat((16 << 20) + 1);
    let error = told(read_within("a.jsonl", line.as_bytes(), &limits));
    assert!(error.starts_with("a.jsonl:1: the line has more than"), "{error}");
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let zeros = vec![b'x'; 101 << 20];
    let error = told(read_within("a.zip", &zip_of(&[("a.csv", &zeros)]), &ReadLimits::default()));
    assert!(error.starts_with("a.zip/a.csv: unpacks to 105906176 bytes, "), "{error}");
    // A gzip bomb has no directory: its rows are what is bounded, and all they unpack to.
    let error = told(read_within("a.csv.gz", &gzip(&zeros), &ReadLimits::default()));
    assert!(error.starts_with("a.csv.gz:1: a cell has more than"), "{error}");
    let lines = b"id\n1\n".repeat(400_000);
    let believable = ReadLimits { packed_ratio_from_bytes: 1_000, ..ReadLimits::default() };
    for (name, packed) in
        [("a.csv.gz", gzip(&lines)), ("a.csv.zst", zstd::encode_all(&lines[..], 3).expect("bytes"))]
    {
        let read = read_within(name, &packed, &believable);
        let error = told(read.map(|read| read.rows.len()));
        assert!(error.contains("it unpacks to more than 200 times its size"), "{error}");
        assert!(
            read_within(name, &packed, &ReadLimits::default()).is_ok(),
            "few bytes may be alike"
        );
    }
    let few = ReadLimits { zip_entries: 1, ..ReadLimits::default() };
    let error = told(read_within("a.zip", &zip_of(&[("a.csv", b""), ("b.csv", b"")]), &few));
    assert!(error.starts_with("a.zip: the zip file has 2 entries; at most 1 are read"), "{error}");
    let small = ReadLimits { zip_entry_bytes: 10, ..ReadLimits::default() };
    let error = told(read_within("a.zip", &zip_of(&[("a.csv", b"id\n12345678")]), &small));
    assert!(error.starts_with("a.zip/a.csv: unpacks to 11 bytes; at most 10"), "{error}");
}

#[test]
fn a_zip_that_lies_about_its_sizes_is_refused() {
    for (add, says) in [(-1_i32, "is longer than"), (1, "is cut off")] {
        let mut bytes = zip_of(&[("a.csv", b"id\n12345678\n")]);
        let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
        bytes[at + 24] = bytes[at + 24].wrapping_add_signed(add as i8);
        let error = told(read_within("a.zip", &bytes, &ReadLimits::default()));
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn sheets_are_bounded_before_they_are_in_memory() {
    let bomb = std::fs::read(fixture("bomb.ods")).expect("a fixture");
    let error = told(read_within("bomb.ods", &bomb, &ReadLimits::default()));
    assert!(error.starts_with("bomb.ods: has more than 10000000 cells"), "{error}");
    let far = std::fs::read(fixture("far_cell.xls")).expect("a fixture");
    let error = told(read_within("far_cell.xls", &far, &ReadLimits::default()));
    assert!(error.starts_with("far_cell.xls: has more than 10000000 cells"), "{error}");
    let small = ReadLimits { workbook_bytes: 100, ..ReadLimits::default() };
    let error = told(read_within("a.xlsx", &super::workbooks::simple_book(), &small));
    assert!(error.starts_with("a.xlsx: has more than 100 bytes of texts and formats"), "{error}");
    let few = ReadLimits { sheet_cells: 1, ..ReadLimits::default() };
    let error = told(read_within("a.xlsx", &super::workbooks::simple_book(), &few));
    assert!(error.starts_with("a.xlsx/Sales:2: the sheet has more than 1 cells"), "{error}");
}
