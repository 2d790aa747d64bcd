//! Exports that are read without a question: report and written project as snapshots, sums
//! reckoned by hand.

use super::exports;
use super::runner::{Outcome, inspect};

fn decided(name: &str, file: &str, bytes: Vec<u8>, all: &str) -> Outcome {
    decided_with(name, file, bytes, &[], all)
}

fn decided_with(name: &str, file: &str, bytes: Vec<u8>, options: &[&str], all: &str) -> Outcome {
    let outcome = inspect(&[(file, bytes)], options);
    insta::assert_snapshot!(name, outcome.all());
    assert_eq!(outcome.code, 0, "{}", outcome.talk);
    assert_eq!(outcome.line("all "), all);
    outcome
}

#[test]
fn trade_report() {
    decided("trade_report", "Продажи.csv", exports::trade_report(), "all 4 16,714.56 2");
}

#[test]
fn grouped_workbook() {
    decided("grouped_workbook", "Ведомость.xlsx", exports::grouped_workbook(), "all 3 601.24 2");
}

#[test]
fn crm_deals() {
    decided("crm_deals", "deals.csv", exports::crm_deals(), "all 2 27,000.25 2");
}

#[test]
fn shop_orders() {
    decided("shop_orders", "orders_export.csv", exports::shop_orders(), "all 3 45.00 2");
}

#[test]
fn english_days_first() {
    let outcome = decided(
        "english_days_first",
        "invoices.csv",
        exports::english(true),
        "all 3 1,001,349.95 1",
    );
    assert!(outcome.pipeline.contains("[\"%d/%m/%Y\"]"));
}

#[test]
fn english_months_first() {
    let outcome = decided(
        "english_months_first",
        "invoices.csv",
        exports::english(false),
        "all 3 1,001,349.95 1",
    );
    assert!(outcome.pipeline.contains("[\"%m/%d/%Y %I:%M:%S %p\"]"));
}

#[test]
fn json_lines() {
    let options = ["--no-client", "exclude"];
    decided_with("json_lines", "orders.jsonl", exports::json_lines(), &options, "all 2 20.00 2");
}

#[test]
fn parquet() {
    decided("parquet", "lines.parquet", exports::parquet(), "all 3 1,007.99 2");
}

#[test]
fn zipped_months() {
    decided("zipped_months", "2024.zip", exports::zipped_months(), "all 4 32.75 2");
}

#[test]
fn unicode_text() {
    decided("unicode_text", "export.txt", exports::unicode_text(), "all 2 1,244.50 2");
}

#[test]
fn koi8() {
    decided("koi8", "sales.csv", exports::koi8(), "all 2 120.50 2");
}

#[test]
fn prices() {
    let options = ["--no-client", "exclude"];
    decided_with("prices", "orders.csv", exports::prices(), &options, "all 2 36.25 2");
}

#[test]
fn no_break_spaces() {
    decided("no_break_spaces", "report.csv", exports::no_break_spaces(), "all 2 1,010,500.50 2");
}

#[test]
fn registrars() {
    decided("registrars", "movements.csv", exports::registrars(), "all 3 1,400.00 2");
}

#[test]
fn sheets_of_one_kind() {
    decided("sheets_of_one_kind", "book.xlsx", exports::sheets(true), "all 4 20.60 2");
}

#[test]
fn russian_report() {
    let outcome = inspect(&[("Продажи.csv", exports::trade_report())], &["--language", "ru"]);
    insta::assert_snapshot!("russian_report", outcome.all());
}

#[test]
fn json_report() {
    let outcome =
        inspect(&[("prices.csv", exports::prices())], &["--json", "--no-client", "exclude"]);
    insta::assert_snapshot!("json_report", outcome.report);
    let report: serde_json::Value =
        serde_json::from_str(&outcome.report).expect("a step of the test");
    assert_eq!(report["preview"]["accepted"], 2);
    assert_eq!(report["preview"]["months"][0]["revenue"], "36.25");
    assert_eq!(report["decided"], true);
}
