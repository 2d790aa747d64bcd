//! From one unknown file to results in two commands: what `inspect` wrote runs as it is, and the
//! sums are those that were reckoned by hand.

use std::process::Command;

use super::exports;
use crate::support::repository;

fn call(folder: &std::path::Path, arguments: &[&str]) -> String {
    let called = Command::new(env!("CARGO_BIN_EXE_clientbase"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the binary runs");
    let (out, talk) =
        (String::from_utf8_lossy(&called.stdout), String::from_utf8_lossy(&called.stderr));
    assert!(called.status.success(), "{arguments:?}\n{out}\n{talk}");
    out.into_owned()
}

/// Lines and revenue of the history that the two commands give.
fn results(name: &str, bytes: &[u8]) -> String {
    results_with(name, bytes, &[])
}

fn results_with(name: &str, bytes: &[u8], options: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), bytes).expect("a file");
    call(folder.path(), &[&["inspect", name, "--write", "project"], options].concat());
    call(folder.path(), &["--project", "project", "run"]);
    let sql = "select count(*), sum(revenue) from sales";
    let rows = call(folder.path(), &["--project", "project", "query", "--format", "csv", sql]);
    rows.lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_trade_report_in_windows_1251() {
    assert_eq!(results("Продажи.csv", &exports::trade_report()), "4,16714.5600");
}

#[test]
fn a_workbook_with_groups_and_two_header_rows() {
    assert_eq!(results("Ведомость.xlsx", &exports::grouped_workbook()), "3,601.2400");
}

#[test]
fn json_lines_parquet_and_an_archive() {
    // One order of three has no client, behind one that has: that is asked about.
    let orders = results_with("orders.jsonl", &exports::json_lines(), &["--no-client", "exclude"]);
    assert_eq!(orders, "2,20.0000");
    assert_eq!(results("lines.parquet", &exports::parquet()), "3,1007.9900");
    assert_eq!(results("2024.zip", &exports::zipped_months()), "4,32.7500");
}

#[test]
fn months_with_russian_names_and_words_for_no_value() {
    let text = "Дата;Клиент;Сумма;Себестоимость\n\
        31 декабря 2024 г.;Ромашка;10,50;-;\n\
        1 января 2025 г.;Лютик;20,00;8,25;\n\
        2 января 2025 г.;<не указан>;5,00;1,00;\n";
    assert_eq!(results("x.csv", text.as_bytes()), "2,30.5000");
}

#[test]
fn amounts_with_digits_of_binary_fractions() {
    // 1234.56 + 20.10 + 0.30
    let text = "Date,Client,Amount\n2024-01-02,Acme,1234.5600000000002\n\
        2024-01-03,Bolt,20.1\n2024-01-04,Bolt,0.30000000000000004\n";
    assert_eq!(results("x.csv", text.as_bytes()), "3,1254.9600");
}

#[test]
fn a_month_of_online_retail() {
    let path = repository().join("../shared/data/online_retail_ii/sales_2010-01.csv.gz");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    // By DuckDB over the same file: known clients have 22,439 lines, 3 of them without a price.
    assert_eq!(results("sales_2010-01.csv.gz", &bytes), "22436,531952.9020");
}
