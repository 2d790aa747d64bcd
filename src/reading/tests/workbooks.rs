use super::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

/// A workbook with one sheet, `Sales`, of one column `id` and one row.
pub(super) fn simple_book() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Sales").expect("a name");
    sheet.write(0, 0, "id").expect("a cell");
    sheet.write(1, 0, 7).expect("a cell");
    book.save_to_buffer().expect("a workbook")
}

fn book(fill: impl FnOnce(&mut Workbook)) -> Delivered {
    let mut book = Workbook::new();
    fill(&mut book);
    delivered("book.xlsx", book.save_to_buffer().expect("a workbook"))
}

#[test]
fn every_kind_of_cell_is_read() {
    let file = book(|book| {
        let date = Format::new().set_num_format("dd.mm.yyyy");
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let time = Format::new().set_num_format("hh:mm");
        let hours = Format::new().set_num_format("[h]:mm");
        let money = Format::new().set_num_format("# ##0.00\" руб.\"");
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "ООО «Ромашка»").expect("a cell");
        for (column, name) in ["Дата", "Код", "Сумма", "", "Да"].iter().enumerate() {
            sheet.write(2, column as u16, *name).expect("a cell");
        }
        let day = ExcelDateTime::from_ymd(2024, 12, 31).expect("a date");
        let late = day.clone().and_hms(23, 59, 59).expect("a time");
        sheet.write_with_format(3, 0, &day, &date).expect("a cell");
        sheet.write(3, 1, "00017").expect("a cell");
        sheet.write_with_format(3, 2, 0.1 + 0.2, &money).expect("a cell");
        sheet.write(3, 4, true).expect("a cell");
        sheet.write_with_format(4, 0, &late, &moment).expect("a cell");
        sheet.write(4, 1, 17).expect("a cell");
        sheet.write(4, 2, Formula::new("=1/0").set_result("#DIV/0!")).expect("a cell");
        sheet.write(4, 4, Formula::new("=A1").set_result("x")).expect("a cell");
        sheet.write_blank(5, 0, &date).expect("a cell");
        sheet.write(6, 0, 45657).expect("a cell");
        sheet.write_with_format(6, 1, 0.5, &time).expect("a cell");
        sheet.write_with_format(6, 2, 1.5, &hours).expect("a cell");
        sheet.write_with_format(6, 3, -1.5, &date).expect("a cell");
        sheet.write(7, 4, "  ").expect("a cell");
        sheet.write(8, 0, "Итого").expect("a cell");
        sheet.write(8, 2, 1e-7).expect("a cell");
        sheet.write(8, 6, "a note beside the table").expect("a cell");
    });
    assert_eq!(labels(&file.path, &Layout::default()), ["Sheet1"]);
    let read = read(&file.path, &Layout::default(), &["Дата", "Сумма"]).expect("rows");
    assert_eq!(read.header, ["Дата", "Код", "Сумма", "", "Да"]);
    assert_eq!((read.header_line, read.rows_above), (3, 1));
    assert_eq!(read.row(0), ["d:2024-12-31", "00017", "n:0.3", "", "b:true"]);
    assert_eq!(read.row(1), ["d:2024-12-31 23:59:59", "n:17", "e:#DIV/0!", "", "x"]);
    assert_eq!(read.row(2), ["n:45657", "12:00:00", "n:1.5", "n:-1.5", ""]);
    assert_eq!(read.row(3), ["Итого", "", "n:0.0000001", "", ""]);
    assert_eq!(read.lines, [4, 5, 7, 9]);
    assert_eq!(read.blank_rows, 3);
    assert_eq!(read.texts[3], "Итого,,0.0000001,,,,a note beside the table");
}

#[test]
fn visible_sheets_with_cells_are_tables() {
    let file = book(|book| {
        for (name, cell) in [("2024", "id"), ("Empty", ""), ("Q1 [old]", "id"), ("Lists", "x")] {
            let sheet = book.add_worksheet();
            sheet.set_name(name.replace('[', "(").replace(']', ")")).expect("a name");
            if !cell.is_empty() {
                sheet.write(1, 1, cell).expect("a cell");
            }
            if name == "Lists" {
                sheet.set_hidden(true);
            }
        }
    });
    let with = |globs: &[&str]| Layout {
        sheets: Some(globs.iter().map(|&glob| glob.to_owned()).collect()),
        ..Layout::default()
    };
    assert_eq!(labels(&file.path, &Layout::default()), ["2024", "Q1 (old)"]);
    assert_eq!(labels(&file.path, &with(&["Q*", "20??"])), ["2024", "Q1 (old)"]);
    assert_eq!(labels(&file.path, &with(&["*"])), ["2024", "Empty", "Q1 (old)"]);
    assert_eq!(labels(&file.path, &with(&["Lists"])), ["Lists"]);
    assert_eq!(
        told(tables(&file.path, &with(&["2024", "2025"]))),
        "book.xlsx: no sheet is called `2025` | there are: 2024, Empty, Q1 (old), Lists"
    );
    let layout = with(&["Empty"]);
    let members = tables(&file.path, &layout).expect("a table");
    let limits = ReadLimits::default();
    let error = told(read_member(&file.path, &members[0], &layout, &limits, Some(&["id"])));
    assert!(error.starts_with("book.xlsx/Empty: the file is empty"), "{error}");
    let none = book(|book| {
        book.add_worksheet();
    });
    assert!(
        told(tables(&none.path, &Layout::default())).starts_with("book.xlsx: no visible sheet")
    );
}

#[test]
fn merged_cells_of_a_header_stand_for_their_range() {
    let file = book(|book| {
        let plain = Format::new();
        let sheet = book.add_worksheet();
        sheet.merge_range(0, 0, 0, 5, "Sales of the year", &plain).expect("a range");
        sheet.merge_range(1, 0, 2, 0, "Code", &plain).expect("a range");
        sheet.merge_range(1, 1, 1, 2, "January", &plain).expect("a range");
        sheet.merge_range(1, 3, 1, 4, "February", &plain).expect("a range");
        sheet.merge_range(1, 5, 2, 6, "Note", &plain).expect("a range");
        for (column, name) in [(1, "Sum"), (2, "Cost"), (3, "Sum"), (4, "Cost")] {
            sheet.write(2, column, name).expect("a cell");
        }
        for column in 0..6 {
            sheet.write(3, column, column).expect("a cell");
        }
    });
    let layout = Layout { header_rows: 2, ..Layout::default() };
    let read = read(&file.path, &layout, &["Code", "February / Sum"]).expect("rows");
    assert_eq!(
        read.header,
        ["Code", "January / Sum", "January / Cost", "February / Sum", "February / Cost", "Note"]
    );
    assert_eq!((read.header_line, read.rows_above), (3, 1));
    assert_eq!(read.row(0), ["n:0", "n:1", "n:2", "n:3", "n:4", "n:5"]);
}

#[test]
fn a_cell_in_the_last_corner_costs_nothing() {
    let file = book(|book| {
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "id").expect("a cell");
        sheet.write(1, 0, 1).expect("a cell");
        sheet.write(1_048_575, 16_383, "far").expect("a cell");
    });
    let read = read(&file.path, &Layout::default(), &["id"]).expect("rows");
    assert_eq!(read.rows, [["n:1"], [""]]);
    assert_eq!(read.lines, [2, 1_048_576]);
    assert_eq!(read.blank_rows, 1_048_573);
    assert!(read.texts[1].ends_with(",far"));
}

#[test]
fn many_rows_come_in_their_order() {
    let file = book(|book| {
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "id").expect("a cell");
        for row in 1..5_000 {
            sheet.write(row, 0, row).expect("a cell");
            sheet.write(row, 1, format!("text {row} {}", "x".repeat(100))).expect("a cell");
        }
    });
    let read = read(&file.path, &Layout::default(), &["id"]).expect("rows");
    let expected: Vec<Vec<String>> = (1..5_000).map(|row| vec![format!("n:{row}")]).collect();
    assert_eq!(read.rows, expected);
    assert_eq!(read.lines.last(), Some(&5_000));
}

#[test]
fn a_table_may_be_left_before_its_end() {
    let file = book(|book| {
        let sheet = book.add_worksheet();
        for row in 0..60_000 {
            sheet.write(row, 0, "id").expect("a cell");
        }
    });
    let members = tables(&file.path, &Layout::default()).expect("a table");
    for _ in 0..3 {
        let read = Table::open(
            &file.path,
            "book.xlsx",
            &members[0],
            &Layout::default(),
            &ReadLimits::default(),
            &["id"],
        );
        drop(read.expect("a table"));
    }
}

#[test]
fn old_excel_is_read() {
    let path = fixture("report.xls");
    assert_eq!(labels(&path, &Layout::default()), ["Лист1"]);
    let layout = Layout { fill_down: vec!["Контрагент".into()], ..Layout::default() };
    let read = read(&path, &layout, &["Дата", "Сумма"]).expect("rows");
    assert_eq!(read.header, ["Дата", "Код", "Контрагент", "Сумма", "Проведён", "Итог"]);
    assert_eq!((read.header_line, read.rows_above), (4, 2));
    assert_eq!(
        read.row(0)[..5],
        ["d:2024-01-15", "00017", "ИП Иванов А. А.", "n:1234.56", "b:true"]
    );
    assert_eq!(
        read.row(1)[..5],
        ["d:2024-01-31 23:59:59", "n:17", "ИП Иванов А. А.", "n:0.3", "b:false"]
    );
    assert_eq!(read.row(2)[..4], ["Итого", "", "ИП Иванов А. А.", "n:-7"]);
    assert_eq!(read.lines, [5, 6, 8]);
    let hidden = Layout { sheets: Some(vec!["Служебный".into()]), ..Layout::default() };
    assert_eq!(labels(&path, &hidden), ["Служебный"]);
    let read = super::read(&fixture("dates_1904.xls"), &Layout::default(), &["Date"]);
    assert_eq!(read.expect("rows").rows, [["d:2024-12-31"]]);
}

#[test]
fn open_document_is_read() {
    let path = fixture("sales.ods");
    assert_eq!(labels(&path, &Layout::default()), ["Sales"]);
    let read = read(&path, &Layout::default(), &["Date", "Amount"]).expect("rows");
    assert_eq!(read.header, ["Date", "Client", "Amount", "Paid", "Sum"]);
    assert_eq!((read.header_line, read.rows_above), (4, 1));
    assert_eq!(read.row(0), ["d:2024-01-31", "А-17", "n:1234.5", "b:true", "e:(not computed)"]);
    assert_eq!(read.row(1), ["d:2024-02-01 10:20:30", "Б-2", "n:-7", "", "e:#N/A"]);
    assert_eq!(read.lines, [5, 6, 7]);
}

#[test]
fn binary_excel_is_read() {
    let read = read(&fixture("sales.xlsb"), &Layout::default(), &["Date", "Amount"]).expect("rows");
    assert_eq!(read.row(0), ["d:2024-01-31", "А-17", "n:1234.5"]);
    assert_eq!(read.row(1), ["d:2024-02-01", "n:17", "e:#N/A"]);
    assert_eq!(read.lines, [2, 3]);
}

#[test]
fn encrypted_workbooks_are_told() {
    for name in ["encrypted.xlsx", "encrypted.xls"] {
        let error = told(read(&fixture(name), &Layout::default(), &["Date"]));
        let expected = format!("{name}: the workbook is encrypted | save it without a password");
        assert_eq!(error, expected);
    }
}
