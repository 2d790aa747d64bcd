use super::*;

fn read_json(text: &str, wanted: &[&str]) -> Result<Read> {
    read(&delivered("sales.jsonl", text).path, &Layout::default(), wanted)
}

#[test]
fn keys_are_columns_in_their_first_order() {
    let text =
        "{\"b\": \"x\", \"a\": 1}\r\n\n{\"a\":null,\"c\":true}\n  {\"c\":false , \"b\":\"\"}\n{}";
    let read = read_json(text, &["a"]).expect("rows");
    assert_eq!(read.header, ["b", "a", "c"]);
    assert_eq!(read.row(0), ["x", "n:1", ""]);
    assert_eq!(read.row(1), ["", "", "b:true"]);
    assert_eq!(read.row(2), ["", "", "b:false"]);
    assert_eq!(read.lines, [1, 3, 4]);
    assert_eq!((read.header_line, read.blank_rows), (0, 2));
}

#[test]
fn values_keep_their_text() {
    let text = r#"{"n":12345678901234567890.123456789012345678901,"e":1.50E+3,"z":-0.0,"s":"\u0416\n\"q\" \ud83d\ude00","o":{"x":[1, 2]},"l":[],"k\u0065y":"я"}"#;
    let read = read_json(text, &["key"]).expect("rows");
    assert_eq!(
        read.row(0),
        [
            "n:12345678901234567890.123456789012345678901",
            "n:1.50E+3",
            "n:-0.0",
            "Ж\n\"q\" 😀",
            "e:{\"x\":[1, 2]}",
            "e:[]",
            "я"
        ]
    );
}

#[test]
fn what_is_no_object_is_a_row_without_cells() {
    let lines = [
        "{\"a\":1}",
        "[1]",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":1} {\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":01}",
        "{\"a\":\"\\ud800\"}",
        "{'a':1}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{1:1}",
        "word",
        "{\"a\":\"\t\"}",
        "{\"a\":2}",
    ];
    let read = read_json(&lines.join("\n"), &["a"]).expect("rows");
    assert_eq!(read.rows.len(), lines.len());
    for (row, line) in lines.iter().enumerate() {
        let is_good = row == 0 || row == lines.len() - 1;
        assert_eq!(read.rows[row].len(), usize::from(is_good), "{line}");
        if !is_good {
            assert_eq!(read.texts[row], *line);
        }
        assert_eq!(read.lines[row], row as u64 + 1);
    }
}

#[test]
fn broken_utf8_breaks_its_line_alone() {
    let file = delivered("sales.ndjson", b"{\"a\":\"x\"}\n{\"a\":\"\xff\"}\n{\"a\":\"y\"}\n");
    let read = read(&file.path, &Layout::default(), &["a"]).expect("rows");
    assert_eq!(read.rows, [vec!["x"], vec![], vec!["y"]]);
}

#[test]
fn a_missing_key_and_an_empty_file_are_told() {
    assert_eq!(
        told(read_json("{\"amount\":1}\n", &["amout"])),
        "sales.jsonl: the header has no column `amout` | the nearest to `amout` is `amount`; the \
         columns are: amount"
    );
    assert!(told(read_json("", &["a"])).starts_with("sales.jsonl: the file is empty"));
}

#[test]
fn cells_are_filled_down() {
    let layout = Layout { fill_down: vec!["b".into()], ..Layout::default() };
    let file = delivered("x.jsonl", "{\"a\":1,\"b\":2}\n{\"a\":3}\nword\n{\"a\":4,\"b\":null}\n");
    let read = read(&file.path, &layout, &[]).expect("rows");
    assert_eq!(read.rows, [vec!["n:1", "n:2"], vec!["n:3", "n:2"], vec![], vec!["n:4", "n:2"]]);
}

#[test]
fn only_white_space_of_json_may_stand_behind_an_object() {
    let file = delivered("x.jsonl", "{\"a\":1} \t\r\n{\"a\":2}\x0c\n{}\x0c\n");
    let read = read(&file.path, &Layout::default(), &["a"]).expect("rows");
    assert_eq!(read.rows, [vec!["n:1"], vec![], vec![]]);
    assert_eq!(read.lines, [1, 2, 3]);
}

#[test]
fn a_line_with_a_key_that_is_no_text_makes_no_column() {
    let text = "{\"a\":1}\n{\"b\":1,\"\\ud800\":2}\n{\"a\":3}\n";
    let file = delivered("x.jsonl", text);
    let read = read(&file.path, &Layout::default(), &["a"]).expect("rows");
    assert_eq!(read.header, ["a"]);
    assert_eq!(read.rows, [vec!["n:1"], vec![], vec!["n:3"]]);
}
