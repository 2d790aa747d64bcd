//! Whole commands as a user sees them: standard output, standard error and exit code.
//!
//! After a wanted change: `INSTA_UPDATE=always cargo test`, then read the difference.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Called, TestProject, finished};

const BY_NAME: &str = "period = \"file_name\"\n";
const MONTHS: [&str; 4] = ["2024-01", "2024-02", "2024-03", "2024-04"];

fn shop() -> TestProject {
    let project = TestProject::new(BY_NAME);
    project.deliver_months(&MONTHS);
    project
}

/// Compares a call with its snapshot; what differs from run to run is named instead.
pub fn check(name: &str, project: &TestProject, called: &Called) {
    let text = format!(
        "exit code: {}\n--- stdout\n{}\n--- stderr\n{}",
        called.code,
        called.stdout.trim_end(),
        called.stderr.trim_end()
    );
    let filters = [
        (r"\d{8}-\d{6}-\d{3}", "[run]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]"),
        (r"\d+\.\d\d s\b", "[seconds]"),
        (r"(?m) +\d+\.\d\d$", " [seconds]"),
        (r"(?m) +\d+\.\d\d +(\d+\.\d+\.\d+)$", " [seconds] [version]"),
        (r"process \d+", "process [id]"),
        (r"clientbase \d+\.\d+\.\d+", "clientbase [version]"),
    ];
    insta::with_settings!({ filters => filters, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, project.redact(&text));
    });
}

#[test]
fn help() {
    let project = TestProject::new("");
    check("help", &project, &project.call(&["--help"]));
    for command in [
        "run",
        "plan",
        "check",
        "query",
        "diff",
        "maintain",
        "export",
        "suggest",
        "backtest",
        "tables",
        "runs",
        "completions",
        "man",
    ] {
        check(&format!("help_{command}"), &project, &project.call(&[command, "--help"]));
    }
}

#[test]
fn run_and_run_again() {
    let project = shop();
    check("run", &project, &project.call(&["run", "shop"]));
    check("run_again", &project, &project.call(&["run", "shop"]));
    check("runs", &project, &project.call(&["runs"]));
    check("runs_last", &project, &project.call(&["runs", "last"]));
    check("runs_unknown", &project, &project.call(&["runs", "19990101-000000-000"]));
}

#[test]
fn plan() {
    let project = shop();
    check("plan_first", &project, &project.call(&["plan"]));
    project.run();
    check("plan_nothing", &project, &project.call(&["plan"]));
    project.deliver_months(&["2024-05"]);
    check("plan_new_month", &project, &project.call(&["plan"]));
}

#[test]
fn check_a_project() {
    let project = shop();
    check("check", &project, &project.call(&["check"]));
}

#[test]
fn query() {
    let project = shop();
    check("query_before_run", &project, &project.call(&["query", "select 1"]));
    project.run();
    let sql = "select month, revenue, purchases from entity_month \
               where dimension = 'client' and entity_id = 'C3' order by month";
    for format in ["table", "csv", "json"] {
        let called = project.call(&["query", "--format", format, sql]);
        check(&format!("query_{format}"), &project, &called);
    }
    let file = project.path("out.parquet");
    let called = project.call(&[
        "query",
        "--format",
        "parquet",
        "--output",
        &file.display().to_string(),
        sql,
    ]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let bytes = bytes::Bytes::from(std::fs::read(&file).expect("written"));
    let reader = parquet::file::metadata::ParquetMetaDataReader::new()
        .parse_and_finish(&bytes)
        .expect("Parquet");
    assert_eq!(reader.file_metadata().num_rows(), 2);
    check("query_wrong", &project, &project.call(&["query", "select revenu from sales"]));
    check("query_writes", &project, &project.call(&["query", "create table t as select 1"]));
    let none = project.call(&["query", "--format", "csv", "select month from sales where false"]);
    assert_eq!(none.stdout, "month\n");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = shop();
    project.run();
    let mut child = project
        .command(&[
            "query",
            "--format",
            "csv",
            "select a.* from sales a cross join sales b cross join sales c",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let called = finished(child.wait_with_output().expect("a child"));
    assert_eq!((called.code, called.stderr.as_str()), (0, ""));
}

#[test]
fn tables() {
    let project = shop();
    check("tables", &project, &project.call(&["tables"]));
    check("tables_abc_xyz", &project, &project.call(&["tables", "abc_xyz"]));
    check("tables_unknown", &project, &project.call(&["tables", "abc"]));
    let called = project.call(&["tables", "--json"]);
    let catalogue: serde_json::Value = serde_json::from_str(&called.stdout).expect("JSON");
    let tables = catalogue["tables"].as_array().expect("tables");
    for table in tables {
        for column in table["columns"].as_array().expect("columns") {
            assert_ne!(column["meaning"], "", "{} of {}", column["name"], table["name"]);
        }
    }
}

#[test]
fn scripts_for_shells_and_manual_pages() {
    let project = TestProject::new("");
    for shell in ["bash", "zsh", "fish"] {
        let called = project.call(&["completions", shell]);
        assert!(called.code == 0 && called.stdout.contains("clientbase"), "{shell}");
    }
    let page = project.call(&["man"]);
    assert!(
        page.stdout.starts_with(".ie") && page.stdout.contains("clientbase"),
        "{}",
        page.stdout
    );
    let folder = project.path("man");
    let called = project.call(&["man", "--output", &folder.display().to_string()]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert!(folder.join("clientbase-run.1").is_file());
}

#[test]
fn wrong_arguments_exit_2() {
    let project = TestProject::new("");
    check("wrong_command", &project, &project.call(&["rum"]));
    check("wrong_date", &project, &project.call(&["run", "--as-of", "31.12.2024"]));
}

/// Everything a person can write wrong in a pipeline file, with the place and the reason.
#[test]
fn wrong_pipeline_files_exit_78() {
    let cases = [
        ("unknown_key", "treshold = 1\n"),
        ("no_toml", "period = file_name\n"),
        ("wrong_type", "[parameters.abc]\na_share = \"80 %\"\n"),
        ("shares_cross", "[parameters.abc]\na_share = 0.95\nb_share = 0.8\n"),
        ("share_above_one", "[parameters.abc]\na_share = 80\n"),
        ("unknown_word", "[parameters.xyz]\npreset = \"clasic\"\n"),
        ("unknown_measure", "[parameters.abc]\nmeasures = [\"margin\"]\n"),
        ("borders_cross", "[parameters.lifecycle]\nactive_days = 200\n"),
        ("no_months", "[parameters.churn]\nlost_after_months = []\n"),
        ("unknown_setting", "[parameters.warnings]\noverdue = 3\n"),
        ("too_long", "[parameters.movements]\nmonths = 13\n"),
        ("too_few", "[parameters.rfm]\nrecency_days = [30, 60]\n"),
        ("must_fall", "[parameters.rfm]\npurchases = [2, 4, 8, 12]\n"),
        ("outside", "[parameters.rfm]\npurchases = [8, 4, 2, 0]\n"),
        ("three_norms", "[parameters.norms]\nregular_share = [0.1, 0.2, 0.3]\n"),
        ("norms_cross", "[parameters.norms]\nregular_share = [0.3, 0.2]\n"),
        ("norm_in_percent", "[parameters.norms]\nregular_share = [25, 30]\n"),
        ("bands_cross", "[parameters.successors]\nprobable_probability = 0.2\n"),
        ("no_probability", "[parameters.dealers]\nshare = 1.0\n"),
        ("no_flag", "[parameters.winback]\nincludes_class_c = \"yes\"\n"),
        ("decimals", "[parameters.whatif]\nchurn_points = 0.0000001\n"),
        ("endless", "[parameters.warnings]\noverdue_ratio = inf\n"),
        ("memory", "[limits]\nmemory_limit = \"2\"\n"),
        ("spill", "[limits]\nspill_limit = \"2\"\n"),
        ("borders_of_a_type_cross", "[parameters.lifecycle.b2b]\nactive_days = 200\n"),
        ("no_such_type", "[parameters.lifecycle.b2x]\nactive_days = 30\n"),
        ("counts_of_a_type_cross", "[parameters.lifecycle.b2c]\nprospective_purchases = 1\n"),
        ("delimiter", "delimiter = \"tab\"\n"),
        ("encoding", "encoding = \"cp-1\"\n"),
    ];
    let mut texts = String::new();
    for (name, extra) in cases {
        let project = TestProject::new(extra);
        let called = project.call(&["check", "shop"]);
        assert_eq!(called.code, 78, "{name}: {}", called.stderr);
        texts.push_str(&format!("{name}\n{}\n", project.redact(&called.stderr)));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("wrong_pipeline_files", texts);
    });
}

/// Everything a person can write wrong in a SQL file.
#[test]
fn wrong_sql_files_exit_78() {
    const HEAD: &str = "-- Sales a month.\n-- grain: month\n-- reads: sales[0]\n\
                        -- column: month date not null -- Month\n-- column: lines bigint -- Lines\n";
    const SELECT: &str = "select month, count(*) as lines from sales\n\
                          where month between $first_month and $last_month group by month\n";
    let model = |head: &str, sql: &str| ("sql/marts/mine.sql", format!("{head}{sql}"));
    let cases = [
        ("good", model(HEAD, SELECT)),
        ("no_sql", model(HEAD, "selec month\n")),
        ("no_header", model("", SELECT)),
        ("unknown_key", model("-- Sales.\n-- grains: month\n", SELECT)),
        ("unknown_type", model(&HEAD.replace("bigint", "int"), SELECT)),
        ("unknown_column", model(HEAD, "select month, count(amount) as lines from sales group by month\n")),
        ("undeclared_table", model(HEAD, "select month, count(*) as lines from rejects group by month\n")),
        ("unknown_table", model(&HEAD.replace("sales[0]", "sale[0]"), &SELECT.replace("from sales", "from sale"))),
        ("no_order", model(&HEAD.replace("sales[0]", "sales[0] ordered"), SELECT)),
        ("later_months", model(&HEAD.replace("sales[0]", "sales[0..1]"), SELECT)),
        ("other_type", model(HEAD, &SELECT.replace("count(*)", "sum(revenue)"))),
        ("other_name", model(HEAD, &SELECT.replace("as lines", "as rows"))),
        ("undeclared_parameter", model(HEAD, &SELECT.replace("$last_month", "$as_of_date"))),
        ("unknown_parameter", model(&format!("{HEAD}-- param: a_share decimal(5,4)\n"), SELECT)),
        ("writes", model(HEAD, "create table t as select 1\n")),
        ("two_statements", model(HEAD, &format!("{SELECT};\n{SELECT}"))),
        ("reserved", ("sql/marts/snapshots.sql", format!("{HEAD}{SELECT}"))),
        ("wall_clock", model(HEAD, &SELECT.replace("count(*)", "count(*) + cast(date_part('day', now()) as bigint)"))),
        ("staging_filters", ("sql/staging/test_sales.sql", "-- Sales.\n-- raw: date date\nselect date as sale_date from raw where date is not null\n".to_owned())),
        ("staging_lacks", ("sql/staging/test_sales.sql", "-- Sales.\n-- raw: date date\nselect date as sale_date from raw\n".to_owned())),
        ("staging_float", ("sql/staging/test_sales.sql", "-- Sales.\n-- raw: date date\n-- raw: client text\n-- raw: amount text\nselect date as sale_date, client as client_id, cast(amount as double) as revenue from raw\n".to_owned())),
    ];
    let mut texts = String::new();
    for (name, (path, text)) in cases {
        let project = TestProject::new("");
        project.write(path, &text);
        if path.ends_with("/mine.sql") {
            project.compute("mine", true);
        }
        let called = project.call(&["check", "shop"]);
        assert_eq!(called.code, if name == "good" { 0 } else { 78 }, "{name}: {}", called.stderr);
        texts.push_str(&format!("{name}\n{}\n", project.redact(&called.stderr)));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("wrong_sql_files", texts);
    });
}

#[test]
fn missing_things_are_named() {
    let project = TestProject::new("");
    check("no_such_pipeline", &project, &project.call(&["run", "nightly"]));
    check("no_files", &project, &project.call(&["run", "shop"]));
    std::fs::remove_dir(project.path("in")).expect("removable");
    check("no_folder", &project, &project.call(&["run", "shop"]));
    let mut pipeline = std::fs::OpenOptions::new()
        .append(true)
        .open(project.path("pipelines/shop.toml"))
        .expect("the pipeline");
    writeln!(pipeline, "[[source]]\nname = \"web\"\nfiles = \"in/*.csv\"\nstaging = \"web\"")
        .expect("writable");
    check("no_staging", &project, &project.call(&["run", "shop"]));
}
