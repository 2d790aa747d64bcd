use super::*;

#[test]
fn the_header_is_the_first_row_with_all_names() {
    let text = "ООО «Ромашка»\nОтчёт по продажам,,\n\nДата,Код,Сумма\n1,2,3\nДата,Код,Сумма\n";
    let read = read_text(text, &Layout::default(), &["Сумма", "Код"]).expect("rows");
    assert_eq!(read.header, ["Дата", "Код", "Сумма"]);
    assert_eq!((read.header_line, read.rows_above, read.blank_rows), (4, 2, 1));
    assert_eq!(read.lines, [5, 6]);
    // Without wanted names it is the first row that is not blank.
    let read = read_text(text, &Layout::default(), &[]).expect("rows");
    assert_eq!(read.header, ["ООО «Ромашка»"]);
}

#[test]
fn names_are_compared_without_stray_white_space() {
    let text = "\" Код \n клиента\",Сумма\u{a0}\n1,2\n";
    let read = read_text(text, &Layout::default(), &["Код клиента", " Сумма"]).expect("rows");
    assert_eq!(read.header, ["Код клиента", "Сумма"]);
    assert_eq!(read.lines, [3]);
}

#[test]
fn a_missing_column_is_explained_at_the_nearest_row() {
    let text = "Report\nDate,Client,Amout\n1,2,3\n";
    assert_eq!(
        told(read_text(text, &Layout::default(), &["Date", "Amount", "Branch"])),
        "sales.csv:2: the header has no columns `Amount`, `Branch` | the nearest to `Amount` is \
         `Amout`; the columns are: Date, Client, Amout"
    );
    assert_eq!(
        told(read_text("x,y\n1,2\n", &Layout::default(), &["Date"])),
        "sales.csv: no header is found: none of the first 2 rows has any of the columns `Date` \
         | row 1 is: x, y"
    );
    let far = format!("{}Date\n", "x\n".repeat(100));
    assert!(told(read_text(far, &Layout::default(), &["Date"])).contains("the first 100 rows"));
    let near = format!("{}Date\n", "x\n".repeat(99));
    assert!(read_text(near, &Layout::default(), &["Date"]).is_ok());
}

#[test]
fn a_wanted_name_stands_once() {
    assert_eq!(
        told(read_text("a,b,a\n", &Layout::default(), &["a"])),
        "sales.csv:1: the header has the column `a` twice | rename one of the two columns"
    );
    let read = read_text("a,b,a,\n1,2,3,4\n", &Layout::default(), &["b"]).expect("rows");
    assert_eq!(read.header, ["a", "b", "a", ""]);
}

#[test]
fn a_declared_row_is_the_header() {
    let layout = |row| Layout { header_row: Some(row), ..Layout::default() };
    let text = "a,b\n\nb,a\n1,2\n";
    let read = read_text(text, &layout(3), &["a"]).expect("rows");
    assert_eq!(
        (read.header, read.header_line, read.rows_above),
        (vec!["b".into(), "a".into()], 3, 1)
    );
    assert_eq!(read.lines, [4]);
    assert!(
        told(read_text(text, &layout(4), &["a"]))
            .starts_with("sales.csv:4: the header has no column `a`")
    );
    for row in [2, 5] {
        assert_eq!(
            told(read_text(text, &layout(row), &["a"])),
            format!(
                "sales.csv:{row}: no header is there: the row is blank or behind the end | check \
                 `header_row` and `header_rows` of the source"
            )
        );
    }
}

#[test]
fn two_rows_make_one_header() {
    let layout = Layout { header_rows: 2, delimiter: b';', ..Layout::default() };
    let text = "Report;;\nCode;Sales;\n;Amount;Cost\n7;1;2\n";
    let read = read_text(text, &layout, &["Code", "Sales / Amount", "Cost"]).expect("rows");
    assert_eq!(read.header, ["Code", "Sales / Amount", "Cost"]);
    assert_eq!((read.header_line, read.rows_above), (3, 1));
    assert_eq!(read.rows, [["7", "1", "2"]]);
    let fixed = Layout { header_row: Some(2), ..layout };
    assert_eq!(read_text(text, &fixed, &["Code"]).expect("rows").header, read.header);
}

#[test]
fn blank_cells_take_the_value_above() {
    let layout = Layout { fill_down: vec!["b".into(), "a".into()], ..Layout::default() };
    let text = "a,b,c\n,,0\nx,1,1\n ,,2\n,2\n,,,\n,2,3\ny,,4\n";
    let read = read_text(text, &layout, &["c"]).expect("rows");
    assert_eq!(read.row(0), ["", "", "0"]);
    assert_eq!(read.row(1), ["x", "1", "1"]);
    assert_eq!(read.row(2), ["x", "1", "2"]);
    // Of another width: its cells are in unknown places.
    assert_eq!(read.row(3), ["", "2"]);
    assert_eq!(read.row(4), ["x", "2", "3"]);
    assert_eq!(read.row(5), ["y", "2", "4"]);
    assert_eq!(read.rows.len(), 6);
    let missing = Layout { fill_down: vec!["d".into()], ..Layout::default() };
    assert!(told(read_text(text, &missing, &["c"])).contains("no column `d`"));
}

#[test]
fn raw_rows_come_from_the_top() {
    let file = delivered("sales.csv", "Report\n\na,b\n1,2\n");
    let members = tables(&file.path, &Layout::default()).expect("a table");
    let read =
        read_member(&file.path, &members[0], &Layout::default(), &ReadLimits::default(), None)
            .expect("rows");
    assert!(read.header.is_empty());
    assert_eq!(read.rows, [vec!["Report"], vec!["a", "b"], vec!["1", "2"]]);
    assert_eq!(read.lines, [1, 3, 4]);
}
