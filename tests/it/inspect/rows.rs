//! Rows that are no lines of sales, and lines that look like none; sums reckoned by hand.

use rust_xlsxwriter::Workbook;

use super::runner::inspect;

fn csv(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// A client stands in the first line of its group only; totals of groups and of all.
fn grouped() -> Vec<u8> {
    csv("Контрагент;Документ;Дата;Сумма\n\
         Ромашка;1;13.01.2024;100,50\n\
         ;2;14.01.2024;200,25\n\
         ;3;15.02.2024;0,25\n\
         Итого по Ромашка;;;301,00\n\
         Лютик;4;16.02.2024;50,00\n\
         ;5;17.02.2024;-1,00\n\
         Итого по Лютик;;;49,00\n\
         Общий итог;;;350,00\n")
}

#[test]
fn a_client_in_the_first_line_of_its_group_is_asked_about() {
    let file = [("report.csv", grouped())];
    let outcome = inspect(&file, &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.all());
    assert_eq!(
        outcome.line("?"),
        "? lines without a client: 3 of 5 lines with a date and an amount have none, revenue \
         199.50. They only follow lines with a client, and each of these names another one, as in \
         a report by groups: say --fill-down \"Контрагент\"; to leave these lines out, say \
         --no-client exclude"
    );
    assert_eq!(outcome.line("excluded no_client"), "excluded no_client: 3, revenue 199.50");
    assert_eq!(outcome.pipeline, "");

    let outcome = inspect(&file, &["--fill-down", "контрагент"]);
    assert_eq!(outcome.code, 0, "{}", outcome.all());
    assert_eq!(outcome.line("all "), "all 5 350.00 2");
    assert_eq!(outcome.line("2024-01"), "2024-01 2 300.75 1");
    assert!(outcome.pipeline.contains("fill_down = [\"Контрагент\"]"), "{}", outcome.pipeline);
    assert!(outcome.line("- the total at the end of the file, 350.00, equals").ends_with("1)"));

    let outcome = inspect(&file, &["--no-client", "exclude"]);
    assert_eq!(outcome.line("all "), "all 2 150.50 2", "{}", outcome.all());
    assert!(
        outcome.report.contains("350.00, equals accepted 150.50 and left out 199.50 together"),
        "{}",
        outcome.report
    );
    let outcome = inspect(&file, &["--no-client", "reject"]);
    assert!(outcome.report.contains("3 of 8 rows of report.csv would be rejected"));
    assert!(!outcome.staging.contains("no_client"), "{}", outcome.staging);
}

#[test]
fn retail_lines_without_a_client_are_asked_about_when_they_are_most() {
    let shop = |clients: [&str; 4]| {
        let mut text = String::from("Дата;Чек;Клиент;Сумма\n");
        for number in 0..20 {
            let client = clients[number % 4];
            text.push_str(&format!("2024-01-{:02};{number};{client};10,50\n", number + 1));
        }
        csv(&text)
    };
    let outcome = inspect(&[("shop.csv", shop(["", "", "", "Лютик"]))], &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.all());
    let question = outcome.line("? lines without a client: 15 of 20");
    assert!(question.contains("revenue 157.50. If the client stands only in the first line"));
    assert!(question.contains("--fill-down \"Клиент\"; to leave these lines out"));

    // A quarter is usual in a shop: left out, with its revenue.
    let outcome = inspect(&[("shop.csv", shop(["", "Ромашка", "Ромашка", "Лютик"]))], &[]);
    assert_eq!(outcome.line("excluded no_client"), "excluded no_client: 5, revenue 52.50");
    assert_eq!(outcome.line("all "), "all 15 157.50 2");
}

#[test]
fn a_blank_below_a_total_takes_nothing_from_it() {
    let text = String::from_utf8(grouped()).expect("text").replace("Лютик;4", ";4");
    let outcome = inspect(&[("report.csv", csv(&text))], &["--fill-down", "Контрагент"]);
    assert_eq!(outcome.code, 65);
    assert!(outcome.report.contains("blank right below a row of totals"), "{}", outcome.report);
    let outcome = inspect(&[("report.csv", csv(&text))], &["--fill-down", "Клиент"]);
    assert_eq!(outcome.code, 78);
    assert!(outcome.talk.contains("--fill-down: there is no column `Клиент`"), "{}", outcome.talk);
}

#[test]
fn a_total_that_differs_is_told() {
    let text = "Дата;Клиент;Сумма\n2024-01-02;Ромашка;10,50\n2024-01-03;Лютик;1,00\nИтого;;12,00\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    assert_eq!(outcome.line("all "), "all 2 11.50 2");
    assert!(
        outcome.report.contains(
            "the total at the end of x.csv, row 4, is 12.00, but the accepted lines have 11.50 \
             (left out: 0.00): the difference is 0.50"
        ),
        "{}",
        outcome.report
    );
}

#[test]
fn clients_called_total_are_clients() {
    let text = "Дата;Документ;Контрагент;Номенклатура;Сумма\n\
        13.01.2024;1;Total Energies;;100,00\n\
        14.01.2024;2;Итого-Сервис ООО;Чай;10,00\n\
        ;;Total Energies;Чай;1,00\n\
        15.01.2024;;Total Energies;;5,00\n\
        Итого;;;;115,00\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    assert_eq!(outcome.line("all "), "all 3 115.00 2", "{}", outcome.all());
    assert_eq!(outcome.line("5 rows ="), "5 rows = 3 accepted + 1 excluded by rules + 1 rejected");
}

#[test]
fn a_header_on_every_page_is_no_line() {
    let page = "Дата;Клиент;Сумма\n";
    let text = format!(
        "{page}2024-01-02;Ромашка;10,50\nИтого по странице;;10,50\n{page}2024-01-03;Лютик;1,25\n\
         2024-01-04;Лютик;0,25\n"
    );
    let outcome = inspect(&[("x.csv", csv(&text))], &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.all());
    assert_eq!(outcome.line("excluded repeated_header"), "excluded repeated_header: 1");
    assert_eq!(outcome.line("all "), "all 3 12.00 2");
    assert!(
        outcome.staging.contains("when trim(\"Клиент\") in ('Клиент') then 'repeated_header'"),
        "{}",
        outcome.staging
    );
}

#[test]
fn a_registrar_without_a_day_is_a_document() {
    let text = "Дата;Регистратор;Контрагент;Сумма\n\
        13.01.2024;Реализация товаров и услуг РН-000016;Ромашка;10,50\n\
        14.01.2024;Реализация товаров и услуг РН-000017;Ромашка;1,50\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    assert!(outcome.staging.contains("\"Регистратор\" as document_id"), "{}", outcome.all());
    assert!(!outcome.staging.contains("as kind"), "{}", outcome.staging);
    let text = format!("{text}15.01.2024;Возврат товаров от клиента РН-000003;Ромашка;1,50\n");
    let outcome = inspect(&[("x.csv", csv(&text))], &[]);
    assert_eq!(outcome.line("all "), "all 3 10.50 1", "{}", outcome.all());
}

#[test]
fn known_headers_that_are_not_used_stand_among_the_choices() {
    let text = "Дата;Клиент;Сумма;Себестоимость\n2024-01-02;Ромашка;1,50;нет\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    let choices = outcome.report.split("Choices made").nth(1).expect("choices");
    let choices = choices.split("The first lines").next().expect("choices");
    assert!(choices.contains("\"Себестоимость\" is called like cost"), "{choices}");
}

#[test]
fn a_sheet_of_notes_is_left_out() {
    let mut workbook = Workbook::new();
    let notes = workbook.add_worksheet().set_name("Описание").expect("a sheet");
    notes.write(0, 0, "Продажи по месяцам").expect("a cell");
    notes.write(1, 0, "Вопросы: Иванова").expect("a cell");
    for (name, day, amount) in [("Январь", "2024-01-15", 10.25), ("Февраль", "2024-02-15", 0.5)]
    {
        let sheet = workbook.add_worksheet().set_name(name).expect("a sheet");
        for (column, header) in ["Дата", "Клиент", "Сумма"].iter().enumerate() {
            sheet.write(0, column as u16, *header).expect("a cell");
        }
        sheet.write(1, 0, day).expect("a cell");
        sheet.write(1, 1, "Ромашка").expect("a cell").write(1, 2, amount).expect("a cell");
    }
    let file = [("book.xlsx", workbook.save_to_buffer().expect("a workbook"))];
    let outcome = inspect(&file, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.all());
    assert_eq!(outcome.line("all "), "all 2 10.75 1");
    assert!(outcome.pipeline.contains("sheets = [\"Январь\", \"Февраль\"]"), "{}", outcome.all());
    assert!(outcome.line("- the sheet book.xlsx/Описание").contains("is not read"));
    let outcome = inspect(&file, &["--sheet", "Описание"]);
    assert!(outcome.line("?").contains("--sheet NAME"), "{}", outcome.report);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let outcome = inspect(&[("empty.csv", Vec::new())], &[]);
    assert!(outcome.line("?").starts_with("? empty.csv is empty"), "{}", outcome.report);
    let full = ("a.csv", csv("Дата;Клиент;Сумма\n2024-01-02;Ромашка;1,50\n"));
    let outcome = inspect(&[full, ("empty.csv", Vec::new())], &[]);
    assert_eq!(outcome.line("all "), "all 1 1.50 1", "{}", outcome.all());
    let text = "Дата;Клиент;Сумма\r2024-01-02;Ромашка;1,50\r";
    let outcome = inspect(&[("mac.csv", csv(text))], &[]);
    assert!(outcome.line("?").starts_with("? the line ends of mac.csv: they are CR alone"));
    let text = "Дата;Клиент;Сумма\n13.01.2024;Ромашка;1,50\n";
    let outcome = inspect(&[("x.csv", csv(text))], &["--date-order", "mdy"]);
    assert_eq!(
        outcome.line("?"),
        "? --date-order mdy contradicts 13.01.2024 in \"Дата\", row 2: the dates are dmy. Leave the \
         option out"
    );
}

#[test]
fn quoted_globs_are_taken_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, day) in
        [("sales_1.csv", "2024-01-02"), ("sales_2.csv", "2024-02-02"), ("x.csv", "-")]
    {
        let text = format!("Дата;Клиент;Сумма\n{day};Ромашка;1,50\n");
        std::fs::create_dir_all(folder.path().join("in/deep")).expect("a folder");
        std::fs::write(folder.path().join("in").join(name), text).expect("a file");
    }
    let deep = "Дата;Клиент;Сумма\n2024-03-02;Ромашка;0,50\n";
    std::fs::write(folder.path().join("in/deep/sales_3.csv"), deep).expect("a file");
    let root = folder.path().display().to_string();
    let run = |glob: &str| super::runner::run(folder.path(), &[glob], &[]);
    assert_eq!(run("in/sales_*.csv").line("all "), "all 2 3.00 1");
    assert_eq!(run(&format!("{root}/in/sales_?.csv")).line("all "), "all 2 3.00 1");
    assert_eq!(run("in/**/sales_*.csv").line("all "), "all 3 3.50 1");
    let outcome = run("in/none_*.csv");
    assert_eq!((outcome.code, outcome.talk.contains("in/none_*.csv: no file matches")), (78, true));
    let outcome = run("s3://bucket/sales_*.csv");
    assert_eq!(outcome.code, 78);
    assert!(outcome.talk.contains("inspect reads local files only, not s3://"), "{}", outcome.talk);
}
