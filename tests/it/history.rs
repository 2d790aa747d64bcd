//! As known then: queries, runs and differences on earlier states of the history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::commands::check;
use crate::support::{TestProject, parquet_files, published_results};

const BY_NAME: &str = "period = \"file_name\"\n";
const MONTHS: [&str; 4] = ["2024-01", "2024-02", "2024-03", "2024-04"];

const JANUARY: [&str; 2] =
    ["2024-01-10,A,C1,P1,Anna,1,100.00,50", "2024-01-11,B,C2,P1,Anna,1,30.00,10"];
const CORRECTED: [&str; 3] = [
    "2024-01-10,A,C1,P1,Anna,1,150.00,50",
    "2024-01-11,B,C2,P1,Anna,1,30.00,10",
    "2024-01-12,D,C3,P1,Anna,1,7.00,5",
];
const FEBRUARY: [&str; 1] = ["2024-02-10,E,C1,P1,Anna,1,20.00,5"];

/// Two runs: January, then January corrected and February.
fn corrected() -> (TestProject, [String; 2]) {
    let project = TestProject::new(BY_NAME);
    project.deliver("sales_2024-01.csv", &JANUARY);
    let first = run_name(&project.run());
    // A moment is told to the second, so the next run starts in another one.
    std::thread::sleep(Duration::from_millis(1_100));
    project.deliver("sales_2024-01.csv", &CORRECTED);
    project.deliver("sales_2024-02.csv", &FEBRUARY);
    let second = run_name(&project.run());
    (project, [first, second])
}

fn run_name(report: &Value) -> String {
    report["run"].as_str().expect("a run").to_owned()
}

fn as_of(project: &TestProject, run: &str, sql: &str) -> Vec<String> {
    let called = project.call(&["query", "--format", "csv", "--as-of", run, sql]);
    assert_eq!(called.code, 0, "{run}: {}", called.stderr);
    called.stdout.lines().skip(1).map(str::to_owned).collect()
}

fn add_to_pipeline(project: &TestProject, text: &str) {
    let path = project.path("pipelines/shop.toml");
    let before = std::fs::read_to_string(&path).expect("the pipeline");
    std::fs::write(path, format!("{before}{text}")).expect("writable");
}

#[test]
fn queries_answer_as_known_at_a_run_or_a_moment() {
    let (project, [first, second]) = corrected();
    let sql = "select sum(revenue) from sales where month = date '2024-01-01'";
    let moment = |run: &str| {
        let part = |from: usize, to: usize| run[from..to].to_owned();
        format!(
            "{}-{}-{}T{}:{}:{}",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(9, 11),
            part(11, 13),
            part(13, 15)
        )
    };
    let today = moment(&second)[..10].to_owned();
    for (reference, revenue) in [
        (first.as_str(), "130.0000"),
        (second.as_str(), "187.0000"),
        ("last~1", "130.0000"),
        ("last", "187.0000"),
        // Enough of the name to be the only one.
        (&first[..first.len() - 1], "130.0000"),
        (&moment(&first), "130.0000"),
        (&format!("{}Z", moment(&second)), "187.0000"),
        (&today, "187.0000"),
        ("2199-12-31", "187.0000"),
    ] {
        assert_eq!(as_of(&project, reference, sql), [revenue], "{reference}");
    }
    // Results, too, and months that were not there yet.
    let months = "select month, sum(revenue) from entity_month where dimension = 'client' \
                  group by month order by month";
    assert_eq!(as_of(&project, "last~1", months), ["2024-01-01,130.0000"]);
    assert_eq!(as_of(&project, "last", months), ["2024-01-01,187.0000", "2024-02-01,20.0000"]);
    let called = project.call(&["query", "--known", "last~1", "--format", "csv", sql]);
    assert!(called.stdout.ends_with("130.0000\n"), "{}", called.stdout);
    assert!(called.stderr.contains(&format!("as known at run {first}")), "{}", called.stderr);
}

#[test]
fn what_cannot_be_known_is_said() {
    let project = TestProject::new(BY_NAME);
    let sql = "select count(*) from sales";
    let query = |reference: &str, sql: &str| project.call(&["query", "--as-of", reference, sql]);
    check("as_of_before_any_run", &project, &query("last", sql));
    project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,n/a,50"]);
    assert_eq!(project.call(&["run"]).code, 65);
    check("as_of_before_a_finished_run", &project, &query("last~1", sql));
    project.deliver("sales_2024-01.csv", &JANUARY);
    project.run();
    let failed = std::fs::read_dir(project.path("warehouse/shop/runs"))
        .expect("reports")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .min()
        .expect("a run");
    check("as_of_failed_run", &project, &query(&failed, sql));
    check("as_of_unknown_run", &project, &query("19990101-000000-000", sql));
    check("as_of_too_far_back", &project, &query("last~7", sql));
    check("as_of_too_early", &project, &query("1999-12-31", sql));
    check("as_of_several_runs", &project, &query("2", sql));
    check("as_of_nonsense", &project, &query("yesterday", sql));
    // A table and a column of today that the run did not have.
    let model = |columns: &str, select: &str| {
        format!(
            "-- Lines by month.\n-- grain:  month\n-- reads:  sales[0]\n\
             -- column: month date not null -- Month\n-- column: lines bigint not null -- Lines\n\
             {columns}select month, count(*) as lines{select} from sales\n\
             where month between $first_month and $last_month group by month\n"
        )
    };
    project.write("sql/marts/line_count.sql", &model("", ""));
    project.compute("line_count", false);
    check("as_of_absent_table", &project, &query("last", "select * from line_count"));
    project.run();
    let more = model(
        "-- column: revenue decimal(28,4) -- Revenue\n",
        ", cast(sum(revenue) as decimal(28,4)) as revenue",
    );
    project.write("sql/marts/line_count.sql", &more);
    project.run();
    assert_eq!(project.query("select * from line_count"), ["2024-01-01,2,130.0000"]);
    assert_eq!(as_of(&project, "last~1", "select * from line_count"), ["2024-01-01,2"]);
    check("as_of_absent_column", &project, &query("last~1", "select revenue from line_count"));
    let differences = project.call(&["diff", "last~1", "last", "line_count"]);
    check("diff_other_columns", &project, &differences);
    check("diff_new_table", &project, &project.call(&["diff", "last~2", "last~1"]));
}

/// Every file of a folder with its bytes.
fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").display().to_string();
                files.insert(name, std::fs::read(path).expect("readable"));
            }
        }
    }
    files
}

#[test]
fn a_run_on_what_was_known_computes_todays_models_elsewhere() {
    let (project, [first, _]) = corrected();
    let threshold = "[parameters.churn]\nlost_after_months = [2]\n";
    add_to_pipeline(&project, threshold);
    let before = [all_files(&project.path("warehouse")), all_files(&project.path("published"))];
    let output = project.path("then");
    let output = output.to_str().expect("a path");
    let called = project.call(&["run", "shop", "--as-of", &first, "--output", output, "--json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let report: Value = serde_json::from_str(&called.stdout).expect("a report");
    assert_eq!(report["known"], first.as_str());
    assert_eq!(report["as_of"], "2024-01-11");
    let after = [all_files(&project.path("warehouse")), all_files(&project.path("published"))];
    assert!(before == after, "the warehouse or what is published has changed");
    // The same as a project that never heard of anything else.
    let fresh = TestProject::new(&format!("{BY_NAME}{threshold}"));
    fresh.deliver("sales_2024-01.csv", &JANUARY);
    fresh.run();
    assert!(parquet_files(&project.path("then/published")) == fresh.published());
    let called = project.call(&[
        "query",
        "--within",
        output,
        "--format",
        "csv",
        "select count(*), sum(revenue) from sales",
    ]);
    assert_eq!(called.stdout.lines().last(), Some("2,130.0000"), "{}", called.stderr);
    check(
        "run_output_used",
        &project,
        &project.call(&["run", "--as-of", "last", "--output", output]),
    );
    let inside = project.path("warehouse/shop/new").display().to_string();
    check(
        "run_output_inside",
        &project,
        &project.call(&["run", "--as-of", "last", "--output", &inside]),
    );
    check("run_as_of_run_alone", &project, &project.call(&["run", "--as-of", "last~1"]));
    check("run_output_alone", &project, &project.call(&["run", "--output", "x"]));
    let twice = project.call(&["run", "--as-of", "last", "--known", "last", "--output", "x"]);
    check("run_two_runs", &project, &twice);
    check("run_as_of_moment", &project, &project.call(&["run", "--as-of", "2024-01-01T10:00"]));
}

/// What a date speaks for, and what was known: each may be chosen without the other.
#[test]
fn date_and_knowledge_are_two_axes() {
    let (project, _) = corrected();
    for (known, rows, name) in [("last~1", &JANUARY[..], "one"), ("last", &CORRECTED[..], "two")] {
        let output = project.path(name).display().to_string();
        let arguments =
            ["run", "shop", "--as-of", "2024-01-10", "--known", known, "--output", &output];
        let called = project.call(&arguments);
        assert_eq!(called.code, 0, "{}", called.stderr);
        let fresh = TestProject::new(BY_NAME);
        fresh.deliver("sales_2024-01.csv", rows);
        let called = fresh.call(&["run", "shop", "--as-of", "2024-01-10"]);
        assert_eq!(called.code, 0, "{}", called.stderr);
        let published = project.path(&format!("{name}/published"));
        assert!(published_results(&published) == fresh.published());
    }
}

/// Rows of a table by their grain.
type Rows = BTreeMap<String, Map<String, Value>>;

fn rows_of(project: &TestProject, run: &str, table: &str, grain: &[String]) -> Rows {
    let sql = format!("select * from {table}");
    let called = project.call(&["query", "--format", "json", "--as-of", run, &sql]);
    if called.code != 0 {
        assert!(called.stderr.contains("has no table"), "{}", called.stderr);
        return Rows::new();
    }
    let objects = called.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    objects.map(|row: Map<String, Value>| (key_of(&row, grain), row)).collect()
}

fn key_of(row: &Map<String, Value>, grain: &[String]) -> String {
    grain.iter().map(|name| format!("{}|", row.get(name).unwrap_or(&Value::Null))).collect()
}

/// Applying what `diff` says to the rows of one run must give those of the other.
#[test]
fn differences_lead_from_one_run_to_the_other() {
    let project = TestProject::new(BY_NAME);
    project.deliver_months(&MONTHS);
    let first = run_name(&project.run());
    let path = project.path("in/sales_2024-02.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(",C1,")).collect();
    let added = "2024-02-15,NEW,C77,P9,Clara,1,777.00,300\n2024-02-16,N2,C0,P1,,3,-5.00,";
    std::fs::write(&path, format!("{}\n{added}\n", kept.join("\n"))).expect("writable");
    add_to_pipeline(&project, "[parameters.abc]\na_share = 0.6\n");
    project.deliver_months(&["2024-05"]);
    let report = project.run();
    let second = run_name(&report);
    let computed = report["tables"].as_array().expect("tables").iter();
    let computed: BTreeSet<&str> = computed.filter_map(|table| table["table"].as_str()).collect();
    let catalogue: Value =
        serde_json::from_str(&project.call(&["tables", "--json"]).stdout).expect("JSON");
    let mut changes_seen = BTreeSet::new();
    for entry in catalogue["tables"].as_array().expect("tables") {
        let table = entry["name"].as_str().expect("a name");
        if table == "sales" || entry["kind"] == "history" || !computed.contains(table) {
            continue;
        }
        let grain: Vec<String> = serde_json::from_value(entry["grain"].clone()).expect("a grain");
        for (from, to) in [(&first, &second), (&second, &first)] {
            let mut rows = rows_of(&project, from, table, &grain);
            let expected = rows_of(&project, to, table, &grain);
            let called = project.call(&["diff", from, to, table, "--format", "json"]);
            assert_eq!(called.code, 0, "{table}: {}", called.stderr);
            for line in called.stdout.lines() {
                let change: Value = serde_json::from_str(line).expect("JSON");
                let part = |name: &str| change[name].as_object().cloned().unwrap_or_default();
                let key = key_of(&part("key"), &grain);
                let kind = change["change"].as_str().expect("a change");
                changes_seen.insert(kind.to_owned());
                match kind {
                    "added" => {
                        let row = part("key").into_iter().chain(part("after")).collect();
                        assert!(rows.insert(key, row).is_none(), "{table}: {line}");
                    }
                    "removed" => {
                        let row: Map<_, _> =
                            part("key").into_iter().chain(part("before")).collect();
                        assert_eq!(rows.remove(&key), Some(row), "{table}: {line}");
                    }
                    _ => {
                        let row = rows.get_mut(&key).expect("the row");
                        let (before, after) = (part("before"), part("after"));
                        assert!(before != after, "{table}: nothing changed in {line}");
                        for name in before.keys().chain(after.keys()) {
                            assert_eq!(row.get(name), before.get(name), "{table}: {line}");
                        }
                        for name in before.keys() {
                            row.remove(name);
                        }
                        row.extend(after);
                    }
                }
            }
            assert!(rows == expected, "{table} from {from} to {to}");
        }
    }
    assert_eq!(changes_seen.len(), 3, "{changes_seen:?}");
}

#[test]
fn differences_are_counted_and_explained() {
    let (project, [first, second]) = corrected();
    check("diff", &project, &project.call(&["diff", "last~1", "last"]));
    check("diff_table", &project, &project.call(&["diff", &first, &second, "client_revenue_12m"]));
    let month = ["diff", "last~1", "last", "client_revenue_12m", "--month", "2024-01"];
    check("diff_csv", &project, &project.call(&[&month[..], &["--format", "csv"]].concat()));
    check("diff_json", &project, &project.call(&[&month[..], &["--format", "json"]].concat()));
    let limited = project.call(&["diff", "last~1", "last", "client_revenue_12m", "--limit", "1"]);
    check("diff_limit", &project, &limited);
    check("diff_sales", &project, &project.call(&["diff", "last~1", "last", "sales"]));
    check("diff_back", &project, &project.call(&["diff", "last", "last~1", "growth_accounting"]));
    check("diff_nothing", &project, &project.call(&["diff", "last", "last"]));
    check("diff_unknown_table", &project, &project.call(&["diff", "last~1", "last", "abc"]));
    check("diff_unknown_run", &project, &project.call(&["diff", "last~5", "last"]));
    let called = project.call(&["diff", "last~1", "last", "--format", "json"]);
    let document: Value = serde_json::from_str(&called.stdout).expect("a document");
    let tables = document["tables"].as_array().expect("tables");
    let sales = tables.iter().find(|table| table["table"] == "sales").expect("sales");
    // One line left with its old amount; it, one more line and February came.
    assert_eq!(sales["rows"]["removed"], 1);
    assert_eq!(sales["rows"]["added"], 3);
    let why = &sales["months"]["2024-01"]["why"][0];
    assert_eq!(why["cause"], "sales of 2024-01 differ");
    let delivered = why["delivered"][0].as_str().expect("a delivery");
    assert!(delivered.contains("sales_2024-01.csv"), "{delivered}");
    assert_eq!(sales["months"]["2024-02"]["why"][0]["cause"], "new month 2024-02");
}

/// Causes of one table between the two newest runs.
fn causes(project: &TestProject, table: &str) -> BTreeSet<String> {
    let called = project.call(&["diff", "last~1", "last", "--format", "json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let document: Value = serde_json::from_str(&called.stdout).expect("a document");
    let tables = document["tables"].as_array().expect("tables");
    let table = tables.iter().find(|entry| entry["table"] == table).expect("a difference");
    let months = table["months"].as_object().expect("months").values();
    months
        .flat_map(|month| month["why"].as_array().expect("causes").clone())
        .map(|why| why["cause"].as_str().expect("a cause").to_owned())
        .collect()
}

#[test]
fn every_kind_of_cause_is_found() {
    let project = TestProject::new(BY_NAME);
    project.deliver_months(&MONTHS);
    project.run();
    let is = |table: &str, expected: &[&str]| {
        let expected: BTreeSet<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(causes(&project, table), expected, "{table}");
    };
    add_to_pipeline(&project, "[parameters.abc]\na_share = 0.6\n");
    project.run();
    // Of the table that uses it, and of one that only reads that table.
    is("abc_xyz", &["changed parameter abc_a_share: 0.8000 to 0.6000"]);
    is("abc_xyz_matrix", &["changed parameter abc_a_share: 0.8000 to 0.6000"]);

    let shipped = crate::support::repository().join("sql/marts/lifecycle_matrix.sql");
    let text = std::fs::read_to_string(shipped).expect("the shipped model");
    let column = "-- column: clients bigint not null -- ";
    project.write(
        "sql/marts/lifecycle_matrix.sql",
        &text.replacen(column, &format!("{column}New words: "), 1),
    );
    project.run();
    is("lifecycle_matrix", &["changed SQL of lifecycle_matrix"]);

    assert_eq!(project.call(&["run", "shop", "--as-of", "2024-04-20"]).code, 0);
    is("client_lifecycle", &["the as-of date moved from 2024-04-28 to 2024-04-20"]);
    is("entity_month", &["the as-of date moved from 2024-04-28 to 2024-04-20"]);
    assert_eq!(project.call(&["run", "shop"]).code, 0);

    let path = project.path("in/sales_2024-02.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::write(&path, format!("{text}2024-02-15,NEW,C0,P1,Anna,1,777.00,300\n"))
        .expect("writable");
    project.run();
    is("entity_month", &["sales of 2024-02 differ"]);
    is("client_revenue_12m", &["sales of 2024-02 differ"]);

    project.deliver_months(&["2024-05"]);
    assert_eq!(project.call(&["run", "shop", "--as-of", "2024-05-31"]).code, 0);
    is(
        "entity_month",
        &["new month 2024-05", "the as-of date moved from 2024-04-28 to 2024-05-31"],
    );
}

#[test]
fn the_chain_of_runs_is_shown() {
    let (project, [first, second]) = corrected();
    project.deliver("sales_2024-03.csv", &["2024-03-10,A,C1,P1,Anna,1,n/a,50"]);
    assert_eq!(project.call(&["run"]).code, 65);
    std::fs::remove_file(project.path("in/sales_2024-03.csv")).expect("removable");
    let third = project.run();
    assert_eq!(third["based_on"], second.as_str());
    assert_eq!(third["restatements"], serde_json::json!([]));
    let called = project.call(&["runs", "--json"]);
    let reports: Value = serde_json::from_str(&called.stdout).expect("reports");
    assert_eq!(reports[0]["based_on"], Value::Null);
    assert_eq!(reports[1]["based_on"], first.as_str());
    assert_eq!(reports[1]["restatements"][0]["month"], "2024-01");
    check("runs_chain", &project, &project.call(&["runs"]));
}

/// Reports of versions that knew less stay readable.
#[test]
fn old_reports_stay_readable() {
    let (project, [first, second]) = corrected();
    for run in [&first, &second] {
        let path = project.path(&format!("warehouse/shop/runs/{run}.json"));
        let text = std::fs::read_to_string(&path).expect("a report");
        let mut report: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
        for field in ["based_on", "restatements", "known", "definitions", "notes"] {
            assert!(report.remove(field).is_some(), "{field}");
        }
        std::fs::write(&path, serde_json::to_vec(&report).expect("JSON")).expect("writable");
    }
    let listed = project.call(&["runs"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    // The run before is known from the order.
    assert_eq!(listed.stdout.matches(&first).count(), 2, "{}", listed.stdout);
    let sql = "select sum(revenue) from sales where month = date '2024-01-01'";
    assert_eq!(as_of(&project, &first, sql), ["130.0000"]);
    assert_eq!(project.call(&["diff", &first, &second]).code, 0);
    assert_eq!(project.run()["outcome"], "nothing_to_do");
}

/// A table folder that was removed and built anew counts its versions from 0 again: the number
/// in an old report would mean another state.
#[test]
fn a_table_that_was_made_anew_is_not_taken_for_the_old_one() {
    let (project, [first, _]) = corrected();
    std::fs::remove_dir_all(project.path("warehouse/shop/entity_month")).expect("removable");
    project.run();
    let sql = "select count(*) from entity_month";
    let called = project.call(&["query", "--as-of", &first, sql]);
    assert_eq!(called.code, 69, "{}", called.stdout);
    assert!(called.stderr.contains("`entity_month` was made anew after run"), "{}", called.stderr);
    assert_eq!(project.call(&["query", "--as-of", "last", sql]).code, 0);
}

/// A data file that is gone is the fault of the store, not of the query.
#[test]
fn a_missing_data_file_is_an_error_of_the_store() {
    let (project, _) = corrected();
    let files = parquet_files(&project.path("warehouse/shop/sales/shop")).into_keys();
    for file in files.filter(|file| file.starts_with("2024-02")) {
        std::fs::remove_file(project.path("warehouse/shop/sales/shop").join(file)).expect("a file");
    }
    let called = project.call(&["query", "select sum(revenue) from sales"]);
    assert_eq!(called.code, 69, "{}", called.stderr);
}
