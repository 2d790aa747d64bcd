//! Fingerprints decide all work: what changed is built, what did not is left alone, and the
//! result is that of a full build.

use serde_json::Value;

use crate::support::TestProject;

const MONTHS: [&str; 8] =
    ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08"];
const BY_NAME: &str = "period = \"file_name\"\n";

fn shop(months: &[&str]) -> TestProject {
    let project = TestProject::new(BY_NAME);
    project.deliver_months(months);
    project
}

fn table<'r>(report: &'r Value, name: &str) -> &'r Value {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().find(|table| table["table"] == name).expect("the table")
}

fn months_built(report: &Value) -> u64 {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().map(|table| table["months_built"].as_u64().expect("a count")).sum()
}

/// The published state is exactly that of a project which got everything at once.
fn assert_as_fresh(project: &TestProject, fresh: &TestProject) {
    fresh.run();
    let (actual, expected) = (project.published(), fresh.published());
    assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(actual[name] == *bytes, "{name} differs from a full build");
    }
}

#[test]
fn a_second_run_does_nothing() {
    let project = shop(&MONTHS);
    let first = project.run();
    assert_eq!(first["outcome"], "ok");
    let before = project.published();
    let second = project.run();
    assert_eq!(second["outcome"], "nothing_to_do");
    assert_eq!(months_built(&second), 0);
    assert_eq!(second["versions"], first["versions"]);
    assert_eq!(project.published(), before);
}

#[test]
fn a_new_month_builds_that_month() {
    let project = shop(&MONTHS[..7]);
    // As of a month end, so that the last month is not partial and stays as it is.
    let code = project.call(&["run", "shop", "--as-of", "2024-07-31"]).code;
    assert_eq!(code, 0);
    project.deliver_months(&MONTHS[7..]);
    let called = project.call(&["run", "shop", "--as-of", "2024-08-31", "--json"]);
    let report: Value = serde_json::from_str(&called.stdout).expect("a report");
    for built in report["tables"].as_array().expect("tables") {
        let expected = match built["table"].as_str() {
            // They depend on the links between clients alone, and on nothing.
            Some("canonical_client") => "",
            _ if built["built"] == "all" => "all",
            _ => "2024-08",
        };
        assert_eq!(built["built"], expected, "{}", built["table"]);
    }
    let fresh = shop(&MONTHS);
    assert_eq!(fresh.call(&["run", "shop", "--as-of", "2024-08-31"]).code, 0);
    assert_eq!(project.published(), fresh.published());
}

#[test]
fn a_slice_begins_when_the_months_that_it_reads_are_there() {
    let project = TestProject::new(&format!("{BY_NAME}[limits]\nthreads = 1\nslice_months = 1\n"));
    project.deliver_months(&MONTHS);
    let called = project.call(&["run", "shop", "-vv"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let computed: Vec<&str> =
        called.stderr.lines().filter(|line| line.contains("computing")).collect();
    let is_of = |table: &str| {
        let name = format!("\"{table}\"");
        move |line: &&str| line.contains(&name)
    };
    // `abc_xyz` reads `entity_month`, and does not wait for its last months.
    assert_eq!(computed.iter().filter(|line| is_of("entity_month")(line)).count(), 8);
    let last_input = computed.iter().rposition(is_of("entity_month")).expect("computed");
    let first = computed.iter().position(is_of("abc_xyz")).expect("computed");
    assert!(first < last_input, "{computed:#?}");
    assert_as_fresh(&project, &shop(&MONTHS));
}

#[test]
fn a_corrected_month_rebuilds_what_depends_on_it() {
    let project = shop(&MONTHS);
    project.run();
    let extra = "2024-04-15,NEW,C0,P1,Anna,1,777.00,300";
    let correct = |project: &TestProject| {
        let path = project.path("in/sales_2024-04.csv");
        let text = std::fs::read_to_string(&path).expect("the file");
        std::fs::write(&path, format!("{text}{extra}\n")).expect("writable");
    };
    correct(&project);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["reason"], "changed");
    assert_eq!(table(&report, "entity_month")["built"], "2024-04");
    assert_eq!(table(&report, "abc_xyz")["built"], "2024-04..2024-08");
    let fresh = shop(&MONTHS);
    correct(&fresh);
    assert_as_fresh(&project, &fresh);
}

#[test]
fn unchanged_contents_stop_the_work_early() {
    let project = shop(&MONTHS);
    project.run();
    let path = project.path("in/sales_2024-03.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    let (header, rows) = text.split_once('\n').expect("a header");
    let renumbered: Vec<String> = rows.lines().map(|row| row.replacen(',', ",N", 1)).collect();
    std::fs::write(&path, format!("{header}\n{}\n", renumbered.join("\n"))).expect("writable");
    let report = project.run();
    // The documents got other numbers, so the month of sales is new, but what is computed
    // from it is as before, and nothing further is built.
    assert_eq!(table(&report, "entity_month")["built"], "2024-03");
    assert_eq!(table(&report, "entity_month")["months_changed"], 0);
    assert_eq!(table(&report, "abc_xyz")["months_built"], 0);
    assert_eq!(table(&report, "churn")["months_built"], 0);
}

#[test]
fn the_same_lines_in_another_order_are_no_work() {
    let project = shop(&MONTHS);
    project.run();
    let path = project.path("in/sales_2024-03.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    let (header, rows) = text.split_once('\n').expect("a header");
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).expect("writable");
    let report = project.run();
    assert_eq!(report["snapshots"][0]["reason"], "changed");
    assert_eq!(months_built(&report), 0);
    assert_eq!(report["restatements"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_changed_threshold_rebuilds_the_tables_that_use_it() {
    let project = shop(&MONTHS);
    project.run();
    let pipeline = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&pipeline).expect("the pipeline");
    std::fs::write(&pipeline, format!("{text}[parameters.abc]\na_share = 0.7\n"))
        .expect("writable");
    let report = project.run();
    assert_eq!(table(&report, "abc_xyz")["built"], "2024-01..2024-08");
    // What only reads the table is rebuilt where the table has become another one.
    let changed = table(&report, "abc_xyz")["months_changed"].as_u64().expect("a count");
    assert!(changed > 0, "no month changed");
    assert_eq!(table(&report, "abc_xyz_matrix")["months_built"].as_u64(), Some(changed));
    assert_eq!(table(&report, "entity_month")["months_built"], 0);
    // Churn is cut by ABC class, what lies below it is not.
    assert_eq!(table(&report, "client_state")["months_built"], 0);
    let fresh = TestProject::new(&format!("{BY_NAME}[parameters.abc]\na_share = 0.7\n"));
    fresh.deliver_months(&MONTHS);
    assert_as_fresh(&project, &fresh);
}

#[test]
fn changed_sql_rebuilds_its_table_but_a_comment_does_not() {
    let project = shop(&MONTHS[..3]);
    let shipped = crate::support::repository().join("sql/marts/lifecycle_matrix.sql");
    let text = std::fs::read_to_string(shipped).expect("the shipped model");
    project.run();
    project.write("sql/marts/lifecycle_matrix.sql", &format!("{text}\n-- A remark.\n"));
    assert_eq!(project.run()["outcome"], "nothing_to_do");
    let column = "-- column: clients bigint not null -- ";
    let changed = text.replacen(column, &format!("{column}New words: "), 1);
    assert_ne!(text, changed, "the model has a column clients");
    project.write("sql/marts/lifecycle_matrix.sql", &changed);
    let report = project.run();
    assert_eq!(table(&report, "lifecycle_matrix")["built"], "2024-01..2024-03");
    assert_eq!(table(&report, "lifecycle_transitions")["months_built"], 0);
}

#[test]
fn an_earlier_as_of_date_hides_later_lines_and_months() {
    let project = shop(&MONTHS);
    project.run();
    let called = project.call(&["run", "shop", "--as-of", "2024-05-10", "--json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let last = project.query(
        "select max(month), bool_and(is_partial) from abc_xyz where month >= date '2024-05-01'",
    );
    assert_eq!(last, ["2024-05-01,true"]);
    let late = project.query(
        "select count(*) from client_lifecycle where last_purchase_date > date '2024-05-10'",
    );
    assert_eq!(late, ["0"]);
    assert!(!project.path("published/shop/abc_xyz/abc_xyz_2024-06.parquet").exists());
    // And back again: exactly what it was.
    project.run();
    assert_as_fresh(&project, &shop(&MONTHS));
}

#[test]
fn a_later_file_replaces_the_month_and_two_at_once_are_refused() {
    let project = shop(&MONTHS[..3]);
    project.run();
    project.deliver("late_2024-02.csv", &["2024-02-10,L1,C1,P1,Anna,2,50.00,20"]);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["file"], "late_2024-02.csv");
    let lines = project.query(
        "select source_file, count(*) from sales where month = date '2024-02-01' group by 1",
    );
    assert_eq!(lines, ["late_2024-02.csv,1"]);
    assert_eq!(project.run()["outcome"], "nothing_to_do");
    project.deliver("one_2024-04.csv", &["2024-04-10,L1,C1,P1,Anna,2,50.00,20"]);
    project.deliver("two_2024-04.csv", &["2024-04-11,L2,C1,P1,Anna,2,60.00,20"]);
    let called = project.call(&["run", "shop"]);
    assert_eq!(called.code, 65);
    assert!(
        called.stderr.contains("one_2024-04.csv and two_2024-04.csv both deliver 2024-04"),
        "{}",
        called.stderr
    );
}

#[test]
fn the_plan_says_what_the_run_then_does() {
    let project = shop(&MONTHS);
    let before = project.call(&["plan", "shop"]);
    assert_eq!(before.code, 0, "{}", before.stderr);
    assert!(
        before.stdout.contains("read sales_2024-01.csv from shop (new file)"),
        "{}",
        before.stdout
    );
    assert!(!project.path("warehouse").exists(), "a plan touches nothing");
    project.run();
    let idle = project.call(&["plan", "shop"]);
    assert_eq!(idle.stdout.trim(), "nothing to do: pipeline shop is up to date");
    let path = project.path("in/sales_2024-04.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::write(&path, format!("{text}2024-04-15,NEW,C0,P1,Anna,1,777.00,300\n"))
        .expect("writable");
    let plan: Value =
        serde_json::from_str(&project.call(&["plan", "shop", "--json"]).stdout).expect("a plan");
    let report = project.run();
    for built in report["tables"].as_array().expect("tables") {
        let name = built["table"].as_str().expect("a name");
        let planned =
            plan["tables"].as_array().expect("tables").iter().find(|table| table["table"] == name);
        let planned =
            planned.map_or(0, |table| table["months"].as_object().expect("months").len() as u64);
        let done = built["months_built"].as_u64().expect("a count");
        assert!(done <= planned, "{name}: {done} built, {planned} planned");
    }
    assert!(months_built(&report) > 0);
}

#[test]
fn a_day_in_the_middle_of_a_month_sees_nothing_later() {
    // Anna sold last until the 10th, Boris sells again on the 20th.
    let row = |day: &str, document: &str, manager: &str| {
        format!("2024-01-{day},{document},C1,P1,{manager},1,100,50")
    };
    let early = [row("05", "D1", "Boris"), row("10", "D2", "Anna")];
    let late = row("20", "D3", "Boris");
    let all: Vec<&str> = early.iter().chain([&late]).map(String::as_str).collect();
    let known: Vec<&str> = early.iter().map(String::as_str).collect();
    let [project, fresh] = [all, known].map(|rows| {
        let project = TestProject::new(BY_NAME);
        project.deliver("sales_2024-01.csv", &rows);
        let called = project.call(&["run", "shop", "--as-of", "2024-01-15", "--quiet"]);
        assert_eq!(called.code, 0, "{}", called.stderr);
        project
    });
    let manager = "select manager, purchases, documents from purchase_month";
    assert_eq!(project.query(manager), ["Anna,2,2"]);
    assert_eq!(project.published(), fresh.published());
}
