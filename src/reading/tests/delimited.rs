use super::*;

const SEMICOLON: fn() -> Layout = || Layout { delimiter: b';', ..Layout::default() };

#[test]
fn rows_end_in_lf_or_cr_lf_or_not_at_all() {
    for text in [
        "id;name\n1;a\n2;b\n",
        "id;name\r\n1;a\r\n2;b\r\n",
        "id;name\r\n1;a\n2;b",
        "id;name\n1;a\n2;b\r",
        "\u{feff}id;name\n1;a\n2;b\n",
        "\"id\";\"name\"\r\n\"1\";\"a\"\r\n\"2\";\"b\"\r\n",
    ] {
        let read = read_text(text, &SEMICOLON(), &["id", "name"]).expect("rows");
        assert_eq!(read.rows, [["1", "a"], ["2", "b"]], "{text:?}");
        assert_eq!((read.header_line, read.lines.as_slice()), (1, &[2, 3][..]), "{text:?}");
    }
}

#[test]
fn lines_are_counted_across_breaks_in_quotes_and_blank_lines() {
    for end in ["\n", "\r\n"] {
        let text =
            ["id,name", "", "1,\"a", "", "b\"", "  ", ",", "2,\"x\"\"y,z\"", "", "3,c"].join(end);
        let read = read_text(&text, &Layout::default(), &["id"]).expect("rows");
        assert_eq!(read.lines, [3, 8, 10], "{end:?}");
        assert_eq!(read.rows[0], ["1", &format!("a{end}{end}b")]);
        assert_eq!(read.rows[1], ["2", "x\"y,z"]);
        assert_eq!(read.blank_rows, 4);
        assert_eq!(read.texts[1], "2,\"x\"\"y,z\"");
    }
}

#[test]
fn only_the_carriage_return_of_the_line_end_is_dropped() {
    let read = read_text("a,b\r\n1,\"x\r\"\n2,y\r\r\n", &Layout::default(), &["a"]).expect("rows");
    assert_eq!(read.rows, [["1", "x\r"], ["2", "y\r"]]);
}

#[test]
fn a_file_may_use_no_quotes_or_others() {
    let bare = Layout { quote: None, delimiter: b'|', ..Layout::default() };
    let read = read_text("id|size\n1|5\"\n2|\"7\n", &bare, &["size"]).expect("rows");
    assert_eq!(read.rows, [["1", "5\""], ["2", "\"7"]]);
    let single = Layout { quote: Some(b'\''), delimiter: b'\t', ..Layout::default() };
    let read = read_text("id\tname\n1\t'a\tb'\n", &single, &["name"]).expect("rows");
    assert_eq!(read.rows, [["1", "a\tb"]]);
    assert_eq!(read.texts, ["1\t\"a\tb\""]);
}

#[test]
fn rows_are_as_wide_as_they_are() {
    let read = read_text("a,b,c\n1,2\n1,2,3,4\n1,,\n", &Layout::default(), &["a"]).expect("rows");
    let widths: Vec<usize> = read.rows.iter().map(Vec::len).collect();
    assert_eq!(widths, [2, 4, 3]);
}

#[test]
fn lines_may_end_in_a_delimiter() {
    let rows = |text: &str| read_text(text, &SEMICOLON(), &["a"]).expect("rows").rows;
    assert_eq!(rows("a;b\n1;2;\n3;;\n\n5;\"x\ny\";\n"), [["1", "2"], ["3", ""], ["5", "x\ny"]]);
    assert_eq!(rows("a;b\r\n1;2;\r\n3;4;\r\n"), [["1", "2"], ["3", "4"]]);
    assert_eq!(rows("a;b;\n1;2\n3;\n"), [["1", "2", ""], ["3", "", ""]]);
    assert_eq!(rows("a;b;\n1;2;\n3;4;\n"), [["1", "2", ""], ["3", "4", ""]]);
    // A row of another width stays what it is: here a cell lacks, there one is too many.
    let widths = |text: &str| rows(text).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(widths("a;b\n1;2;\n3;4;5\n6\n7;8;;\n"), [2, 3, 1, 4]);
    assert_eq!(widths("a;b\n1;2\n3;4;\n"), [2, 3]);
    assert_eq!(widths("a;b;\n1;2;\n3;4\n"), [3, 2]);
    assert_eq!(widths("a;b;c\n1;2\n"), [2]);
}

#[test]
fn cells_keep_their_bytes() {
    let file = delivered("sales.csv", b"a,b\n\x00x, \xff\xfe\n");
    let members = tables(&file.path, &Layout::default()).expect("a table");
    let (layout, limits) = (Layout::default(), ReadLimits::default());
    let mut table =
        Table::open(&file.path, "sales.csv", &members[0], &layout, &limits, &["a"]).expect("open");
    let mut block = RowBlock::new();
    assert!(table.next_block(&mut block, 10).expect("rows"));
    assert_eq!(block.cell(0, 0).expect("a cell").bytes, b"\x00x");
    let broken = block.cell(0, 1).expect("a cell");
    assert_eq!((broken.bytes, broken.text()), (&b" \xff\xfe"[..], None));
}

#[test]
fn an_open_quote_is_refused() {
    // It swallows whole lines: the row has another width, or a quote without its pair.
    let text = "a,b\n1,\"open\n2,x\n3,\"y\",z\n";
    assert!(
        told(read_text(text, &Layout::default(), &["a"]))
            .starts_with("sales.csv:2: one row spans 3 lines")
    );
    let text = "a,b\n1,\"open\n2,x\n3,\"y\"\n";
    assert_eq!(
        told(read_text(text, &Layout::default(), &["a"])),
        "sales.csv:2: one row spans 3 lines; a quote is probably not closed | correct the \
         quotes in that line, or set `quote` of the source if the files use none"
    );
    // It swallows the rest of the file.
    let text = "a,b\n1,x\n2,\"open\n3,y\n";
    assert!(
        told(read_text(text, &Layout::default(), &["a"]))
            .starts_with("sales.csv:3: the file ends inside a quoted cell |")
    );
    // Also in the last line, where the file may be cut off.
    assert!(
        told(read_text("a,b\n1,\"x", &Layout::default(), &["a"]))
            .starts_with("sales.csv:2: the file ends inside a quoted cell |")
    );
    // It goes on for more lines than any cell has.
    let long = format!("a,b\n1,\"{}\n", "2,x\n".repeat(1_000_000));
    assert!(
        told(read_text(long, &Layout::default(), &["a"])).starts_with("sales.csv:2: one row spans")
    );
    // Twenty lines are fine.
    let text = format!("a,b\n1,\"{}\"\n2,x\n", "\n".repeat(19));
    let read = read_text(text, &Layout::default(), &["a"]).expect("rows");
    assert_eq!(read.lines, [2, 22]);
}

#[test]
fn any_split_of_the_input_gives_the_same_rows() {
    // Rows of all sizes around the sizes of the buffers.
    let mut text = String::from("id,name\r\n");
    let mut expected = Vec::new();
    for row in 0..400 {
        let name = "я\"x, ".repeat(row % 101 * 7);
        expected.push(vec![row.to_string(), name.clone()]);
        text += &format!("{row},\"{}\"\r\n", name.replace('"', "\"\""));
    }
    assert!(text.len() > 400_000);
    let read = read_text(&text, &Layout::default(), &["id"]).expect("rows");
    assert_eq!(read.rows, expected);
    assert_eq!(read.lines.last(), Some(&401));
}

#[test]
fn an_empty_file_is_an_error() {
    for text in ["", "\n\n", "\u{feff}", " \r\n"] {
        assert_eq!(
            told(read_text(text, &Layout::default(), &["a"])),
            "sales.csv: the file is empty; not even a header is there | deliver the file \
             again; nothing was changed"
        );
    }
    let read = read_text("a,b\n", &Layout::default(), &["a"]).expect("a header alone");
    assert!(read.rows.is_empty());
}

#[test]
fn lines_that_end_in_cr_alone_are_refused() {
    let error = told(read_text("a,b\r1,2\r3,4\r", &Layout::default(), &["a"]));
    assert!(error.starts_with("sales.csv: the lines end in CR alone"), "{error}");
    assert!(read_text("a,b\r", &Layout::default(), &["b"]).is_ok());
}

#[test]
fn a_row_that_lacks_a_cell_does_not_pass_for_a_whole_one_by_its_last_delimiter() {
    let text = "a,b,c\n1,2,3,\n4,5,\n6,7,8\n9,10,11,\n";
    let read = read_text(text, &Layout::default(), &["a"]).expect("rows");
    assert_eq!(
        read.rows,
        [vec!["1", "2", "3"], vec!["4", "5"], vec!["6", "7", "8"], vec!["9", "10", "11"]]
    );
}

#[test]
fn a_table_can_be_read_on_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Table>();
    is_send::<RowBlock>();
}

#[test]
fn bytes_that_are_white_space_only_together_are_kept() {
    // C2 A0 is a no-break space; each byte alone is invalid.
    let read = read_text(
        b"a,b\n\xc2,\xa0\n\x0b,\xc2\xa0\n\xc2\xa0\x0b,\n1,2\n",
        &Layout::default(),
        &["a"],
    );
    let read = read.expect("rows");
    assert_eq!(read.lines, [2, 5]);
    assert_eq!(read.blank_rows, 2);
}

#[test]
fn byte_order_marks_count_at_the_beginning_alone() {
    let joined = read_text(b"\xef\xbb\xbf\xef\xbb\xbfid\n1\n", &Layout::default(), &["id"]);
    assert_eq!(joined.expect("rows").rows, [["1"]]);
    let below = b"\n\xef\xbb\xbf\n\n\nid\n1\n";
    let read = read_text(below, &Layout::default(), &["id"]).expect("rows");
    assert_eq!((read.header_line, read.rows_above, read.blank_rows), (5, 1, 3));
    assert_eq!(read.lines, [6]);
}
