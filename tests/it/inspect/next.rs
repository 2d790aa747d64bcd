//! The commands that the report ends with, and where the written project looks for files.

use std::path::Path;
use std::process::Command;

const LINES: &str = "Date,Client,Amount\n2024-01-13,Acme,10.50\n2024-01-14,Bolt,20.00\n";

/// Exit code, report and talk of `clientbase inspect` in a folder.
fn call(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let called = Command::new(env!("CARGO_BIN_EXE_clientbase"))
        .current_dir(folder)
        .arg("inspect")
        .args(arguments)
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (called.status.code(), text(called.stdout), text(called.stderr))
}

/// The commands below «Next».
fn next(report: &str) -> Vec<&str> {
    let (_, next) = report.split_once("\nNext\n").expect("what is next");
    next.lines().map(str::trim).filter(|line| line.starts_with("clientbase ")).collect()
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn every_outcome_names_the_next_command() {
    let ambiguous = "Date,Client,Amount\n01/02/2024,Acme,10.50\n";
    let unknown = "when,who,Amount\n2024-01-02,Acme,1.50\n";
    let broken = "Date,Client,Amount\n13.02.2024,Acme,10.50\n02.13.2024,Acme,10.50\n";
    let folder = folder_with(&[
        ("my sales.csv", LINES),
        ("x.csv", ambiguous),
        ("y.csv", unknown),
        ("z.csv", broken),
    ]);
    let (code, report, _) = call(folder.path(), &["my sales.csv"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        next(&report),
        [
            "clientbase inspect 'my sales.csv' --write my-project",
            "clientbase --project my-project run my_sales"
        ]
    );
    let (code, report, talk) = call(folder.path(), &["my sales.csv", "--write", "a b"]);
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(next(&report), ["clientbase --project 'a b' run my_sales"]);
    let (code, report, _) = call(folder.path(), &["x.csv", "--language", "ru"]);
    assert_eq!(code, Some(65));
    let report = report.replace("\nДальше\n", "\nNext\n");
    assert_eq!(
        next(&report),
        [
            "clientbase inspect x.csv --language ru --date-order dmy",
            "clientbase inspect x.csv --language ru --date-order mdy"
        ]
    );
    // Each command works as it stands: the first question is answered, the next one asked.
    let (_, report, _) = call(folder.path(), &["y.csv"]);
    let command = "clientbase inspect y.csv --column sale_date=when";
    assert_eq!(next(&report), [command]);
    let (_, report, _) = call(folder.path(), &["y.csv", "--column", "sale_date=when"]);
    assert_eq!(next(&report), [format!("{command} --column client_id=who")]);
    let (code, report, _) = call(folder.path(), &["z.csv"]);
    assert_eq!(code, Some(65));
    assert!(report.contains("correct the export as said above"), "{report}");
    assert_eq!(next(&report), ["clientbase inspect z.csv"]);
}

#[test]
fn files_below_the_project_are_named_from_there() {
    let folder = folder_with(&[("project/in/sales.csv", LINES), ("else/sales.csv", LINES)]);
    let files = |arguments: &[&str]| {
        let (code, report, talk) = call(folder.path(), arguments);
        assert_eq!(code, Some(0), "{report}{talk}");
        let written = folder.path().join("project/pipelines/sales.toml");
        let text = std::fs::read_to_string(written).expect("a pipeline file");
        let line = text.lines().find(|line| line.starts_with("files =")).map(str::to_owned);
        line.expect("files")
    };
    let write = ["--write", "project", "--force"];
    let relative = files(&[&["project/in/sales.csv"], &write[..]].concat());
    assert_eq!(relative, "files = \"in/sales.csv\"");
    let relative = files(&[&["./else/../project/in/sales.csv"], &write[..]].concat());
    assert_eq!(relative, "files = \"in/sales.csv\"");
    let absolute = files(&[&["else/sales.csv"], &write[..]].concat());
    let expected = folder.path().join("else/sales.csv").display().to_string();
    assert_eq!(absolute, format!("files = {:?}", expected));
}

#[test]
fn other_months_beside_one_file_are_told() {
    let folder = folder_with(&[
        ("project/in/sales_2024-01.csv", LINES),
        ("project/in/sales_2024-02.csv", LINES),
        ("project/in/clients_2024-02.csv", LINES),
        ("project/in/sales_plan.csv", LINES),
    ]);
    let january = "project/in/sales_2024-01.csv";
    let (_, report, _) = call(folder.path(), &[january, "--write", "project"]);
    assert!(
        report.contains("lie beside it (1): sales_2024-02.csv.")
            && report.contains("files = \"in/sales_*.csv\""),
        "{report}"
    );
    let both = [january, "project/in/sales_2024-02.csv"];
    let (_, report, _) = call(folder.path(), &both);
    assert!(!report.contains("lie beside it"), "{report}");
}
