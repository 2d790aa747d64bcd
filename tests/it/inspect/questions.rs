//! What cannot be proven is asked for, and nothing is written.

use super::exports;
use super::runner::{Outcome, inspect};

fn asked(files: &[(&str, Vec<u8>)], question: &str) -> Outcome {
    let outcome = inspect(files, &[]);
    assert_eq!(outcome.code, 65, "{}\n{}", outcome.report, outcome.talk);
    assert!(outcome.line("?").contains(question), "{}", outcome.report);
    assert_eq!((outcome.pipeline.as_str(), outcome.staging.as_str()), ("", ""));
    outcome
}

fn csv(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn order_of_day_and_month() {
    let file = [("dates.csv", exports::ambiguous())];
    let outcome = asked(&file, "--date-order dmy or --date-order mdy");
    insta::assert_snapshot!("order_of_day_and_month", outcome.all());
    for (order, month) in [("dmy", "2024-02 1 10.50 1"), ("mdy", "2024-01 1 10.50 1")] {
        let outcome = inspect(&file, &["--date-order", order]);
        assert_eq!(outcome.code, 0, "{}", outcome.report);
        assert_eq!(outcome.line(&month[..7]), month);
    }
}

#[test]
fn years_of_two_digits() {
    let file =
        [("dates.csv", csv("Date,Client,Amount\n25.12.24,Acme,10.50\n26.12.24,Bolt,1.00\n"))];
    asked(&file, "years of two digits in \"Date\"");
    let outcome = inspect(&file, &["--date-order", "dmy"]);
    assert_eq!(outcome.line("2024-12"), "2024-12 2 11.50 2");
}

#[test]
fn decimal_separator() {
    let file =
        [("sums.csv", csv("Date;Client;Amount\n2024-01-02;Acme;1,234\n2024-01-03;Acme;5\n"))];
    asked(&file, "the decimal separator: 1,234 in \"Amount\", row 2");
    assert_eq!(inspect(&file, &["--decimal", ","]).line("all "), "all 2 6.234 1");
    assert_eq!(inspect(&file, &["--decimal", "."]).line("all "), "all 2 1,239.00 1");
}

#[test]
fn columns_that_are_missing() {
    let file = [("x.csv", csv("when,who,how much\n2024-01-02,Acme,1.50\n"))];
    let outcome = asked(&file, "which column is sale_date? Say --column sale_date=\"NAME\"");
    insta::assert_snapshot!("columns_that_are_missing", outcome.all());
    let columns = ["sale_date=when", "client_id=who", "revenue=how much"];
    let options: Vec<&str> = columns.iter().flat_map(|column| ["--column", column]).collect();
    assert_eq!(inspect(&file, &options).line("all "), "all 1 1.50 1");
    let outcome = inspect(&file, &["--column", "revenue=how mach"]);
    assert_eq!(outcome.code, 78);
    assert!(outcome.talk.contains("the nearest column is `how much`"), "{}", outcome.talk);
}

#[test]
fn sheets_of_other_columns() {
    let file = [("book.xlsx", exports::sheets(false))];
    asked(&file, "--sheet NAME");
    assert_eq!(inspect(&file, &["--sheet", "Январь"]).line("all "), "all 2 10.30 2");
}

#[test]
fn files_of_two_layouts() {
    let one = ("a.csv", csv("Date;Client;Amount\n2024-01-02;Acme;1.50\n2024-01-03;Acme;1.50\n"));
    let other = ("b.csv", csv("Date,Client,Amount\n2024-02-02,Acme,1.50\n2024-02-03,Acme,1.50\n"));
    asked(&[one.clone(), other], "a.csv and b.csv differ in ';' / ','");
    let other =
        ("b.csv", csv("Date;Client;Total;Note\n2024-02-02;Acme;1.50;x\n2024-02-03;Acme;1.50;x\n"));
    asked(&[one.clone(), other], "a.csv and b.csv differ in «Amount»");
    let other = ("b.csv", csv("Date;Client;Amount;Manager\n2024-02-02;Acme;1.50;x\n"));
    let outcome = inspect(&[one, other], &[]);
    assert_eq!(outcome.line("all "), "all 3 4.50 1");
    assert!(outcome.staging.contains("-- raw: Manager text optional\n"), "{}", outcome.all());
    let files = "files = [\"[folder]/a.csv\", \"[folder]/b.csv\"]";
    assert!(outcome.pipeline.contains(files), "{}", outcome.pipeline);
}

#[test]
fn files_that_overlap() {
    let one = ("a.csv", csv("Date;Client;Amount\n2024-01-02;Acme;1.50\n2024-01-13;Acme;1.50\n"));
    let other = ("b.csv", csv("Date;Client;Amount\n2024-01-13;Acme;1.50\n2024-01-15;Acme;1.50\n"));
    asked(&[one.clone(), other], "2024-01-13..2024-01-13");
    let behind = ("b.csv", csv("Date;Client;Amount\n2024-01-14;Acme;1.50\n2024-03-15;Acme;1.50\n"));
    let outcome = inspect(&[one, behind], &[]);
    assert!(outcome.pipeline.contains("period = \"days\""), "{}", outcome.all());
    assert!(outcome.report.contains("there are no lines in 2024-02"));
}

#[test]
fn encoding_of_few_letters() {
    let bytes = b"Date,Client,Amount\n2024-01-02,Kiosk \xa9,1.50\n".to_vec();
    asked(&[("x.csv", bytes)], "--encoding");
}

#[test]
fn written_files_are_not_replaced() {
    let folder = tempfile::tempdir().expect("a step of the test");
    std::fs::write(folder.path().join("koi8.csv"), exports::koi8()).expect("a step of the test");
    let run = |options: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_clientbase"))
            .current_dir(folder.path())
            .args(["inspect", "koi8.csv", "--write", "project"])
            .args(options)
            .output()
            .expect("a step of the test")
    };
    assert!(run(&[]).status.success());
    let again = run(&[]);
    assert_eq!(again.status.code(), Some(78));
    let talk = String::from_utf8(again.stderr).expect("a step of the test");
    assert!(talk.contains("project/pipelines/koi.toml: is there already"), "{talk}");
    assert!(run(&["--force"]).status.success());
}

#[test]
fn users_words_and_broken_files() {
    let folder = tempfile::tempdir().expect("a step of the test");
    let file = folder.path().join("words.toml");
    std::fs::write(&file, "[revenue]\nheaders = [\"навар\"]\n").expect("a step of the test");
    let export = [("x.csv", csv("Дата;Клиент;Навар, руб.\n2024-01-02;Ромашка;1.50\n"))];
    asked(&export, "which column is revenue?");
    let outcome = inspect(&export, &["--dictionary", file.to_str().expect("a step of the test")]);
    assert_eq!(outcome.line("all "), "all 1 1.50 1", "{}", outcome.all());
    let outcome = inspect(&[("x.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken".to_vec())], &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.talk);
    let outcome = inspect(&[("empty.csv", Vec::new())], &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.talk);
}
