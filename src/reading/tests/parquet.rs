use super::*;

#[test]
fn every_flat_type_is_text() {
    let path = fixture("types.parquet");
    let read = read(&path, &Layout::default(), &["text", "utc"]).expect("rows");
    assert_eq!(
        read.row(0),
        [
            "А-17",
            "a",
            "n:1",
            "n:1",
            "n:1.50",
            "n:0.1",
            "n:0.1",
            "d:2024-12-31",
            // 23:59:59 in UTC, in a column whose clock is three hours ahead.
            "d:2025-01-01 02:59:59",
            "d:2024-12-31 23:59:59",
            "b:true",
            "e:(nested)"
        ]
    );
    assert_eq!(
        read.row(1)[..7],
        ["", "b", "n:-2", "n:2", "n:-0.05", "n:1000000000000000000000", "n:2.5"]
    );
    assert_eq!(read.row(2)[..8], ["x,y", "", "", "n:3", "", "", "", "d:1969-12-31"]);
    assert_eq!(
        read.row(3)[2..],
        [
            "n:9223372036854775807",
            "n:255",
            "n:12345678901234567890.12",
            "e:NaN",
            "n:1",
            "d:2024-01-01",
            "",
            "",
            "b:true",
            "e:(nested)"
        ]
    );
    assert_eq!(read.lines, [1, 2, 3, 4]);
    assert!(read.texts[2].starts_with("\"x,y\",,,3,"));
}

#[test]
fn a_nested_column_cannot_be_wanted() {
    let path = fixture("types.parquet");
    assert!(
        told(read(&path, &Layout::default(), &["nested"]))
            .starts_with("types.parquet: the column `nested` is nested or binary")
    );
}

#[test]
fn a_damaged_file_is_told() {
    let bytes = std::fs::read(fixture("types.parquet")).expect("a fixture");
    for end in [4, 100, bytes.len() / 2, bytes.len() - 1] {
        let file = delivered("cut.parquet", &bytes[..end]);
        let error = told(read(&file.path, &Layout::default(), &["text"]));
        assert!(error.starts_with("cut.parquet: the Parquet file cannot be read"), "{error}");
    }
    for at in (0..bytes.len()).step_by(13) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x55;
        // Whatever it is now, it is an error or rows, and no end of the program.
        let _ = read(&delivered("bad.parquet", bytes).path, &Layout::default(), &[]);
    }
}
