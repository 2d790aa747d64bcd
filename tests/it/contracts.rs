//! What is unlike the deliveries before is named, and refused where the contract says so.

use crate::support::{HEADER, TestProject, notes};

fn rows(month: &str, count: u32, amount: u32) -> Vec<String> {
    let row = |number: u32| {
        format!("{month}-{:02},D{number},C1,P1,Anna,1,{amount}.00,5", 1 + number % 28)
    };
    (0..count).map(row).collect()
}

fn deliver(project: &TestProject, month: &str, count: u32, amount: u32) {
    let rows = rows(month, count, amount);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    project.deliver(&format!("s_{month}.csv"), &rows);
}

/// A shop with the settings of a contract, and a file of January with a column `Склад` of
/// numbers that nobody declares.
fn shop(contract: &str) -> TestProject {
    let project =
        TestProject::new(&format!("period = \"file_name\"\n[source.contract]\n{contract}\n"));
    let path = project.path("sql/staging/test_sales.sql");
    let text = std::fs::read_to_string(&path).expect("the staging");
    std::fs::write(&path, text.replace("-- raw: manager text", "-- raw: manager text optional"))
        .expect("writable");
    project.write(
        "in/s_2024-01.csv",
        &format!("{HEADER},Склад\n2024-01-10,A,C1,P1,Anna,1,10.00,5,7\n"),
    );
    project.run();
    project
}

const CHANGED_COLUMNS: &str = "date,document,client,product,managr,quantity,amount,cost,Склад\n\
     2024-02-10,A,C1,P1,Anna,1,10.00,5,Юг\n";

#[test]
fn columns_that_changed_are_named() {
    let project = shop("");
    project.write("in/s_2024-02.csv", CHANGED_COLUMNS);
    let report = project.run();
    assert_eq!(
        notes(&report),
        [
            "s_2024-02.csv: the optional column `manager` is missing since s_2024-01.csv; \
             perhaps it is `managr` now",
            "s_2024-02.csv: the column `managr` is new since s_2024-01.csv",
            "s_2024-02.csv: the column `Склад` held numbers in s_2024-01.csv, and holds text now",
        ]
    );
    // What is known now is not said again.
    project.write("in/s_2024-03.csv", &CHANGED_COLUMNS.replace("2024-02", "2024-03"));
    assert!(notes(&project.run()).is_empty());
}

#[test]
fn columns_that_changed_may_be_refused() {
    for (key, named) in [
        ("missing_columns", "the optional column `manager` is missing"),
        ("new_columns", "the column `managr` is new"),
        ("changed_types", "the column `Склад` held numbers"),
    ] {
        let project = shop(&format!("{key} = \"error\""));
        let before = project.published();
        project.write("in/s_2024-02.csv", CHANGED_COLUMNS);
        let message = project.refused(65);
        assert!(message.contains("the contract of source `shop` is broken"), "{key}: {message}");
        assert!(message.contains(&format!("s_2024-02.csv: {named}")), "{key}: {message}");
        assert!(message.contains("nothing was committed"), "{key}: {message}");
        // The other two are only warnings.
        assert_eq!(message.matches("s_2024-02.csv: ").count(), 1, "{key}: {message}");
        assert!(project.published() == before, "{key}");
        assert_eq!(project.query("select count(*) from snapshots"), ["1"], "{key}");
    }
    let silent =
        shop("missing_columns = \"ignore\"\nnew_columns = \"ignore\"\nchanged_types = \"ignore\"");
    silent.write("in/s_2024-02.csv", CHANGED_COLUMNS);
    assert!(notes(&silent.run()).is_empty());
}

#[test]
fn a_needed_column_that_is_missing_names_the_nearest() {
    let project = shop("");
    project.write("in/s_2024-02.csv", &CHANGED_COLUMNS.replace("amount", "Amount total"));
    let message = project.refused(65);
    assert!(message.contains("s_2024-02.csv:1: the header has no column `amount`"), "{message}");
    assert!(message.contains("the nearest to `amount` is `Amount total`"), "{message}");
}

#[test]
fn months_far_below_the_usual_are_named() {
    let project = TestProject::new("period = \"file_name\"\n");
    for (month, count) in [("2024-01", 10), ("2024-02", 12), ("2024-03", 14)] {
        deliver(&project, month, count, 100);
    }
    assert!(notes(&project.run()).is_empty());
    // The month that is running is not compared, however small.
    deliver(&project, "2024-04", 1, 100);
    assert!(notes(&project.run()).is_empty());
    // April is over now. The medians of the three months before are 12 lines and 1200.00;
    // 6 lines of 100 are the half of both, which is enough, and 5 are not.
    deliver(&project, "2024-04", 6, 100);
    deliver(&project, "2024-05", 1, 100);
    assert!(!notes(&project.run()).iter().any(|note| note.contains("median")));
    deliver(&project, "2024-04", 5, 119);
    let report = project.run();
    let found: Vec<_> = notes(&report).into_iter().filter(|note| note.contains("median")).collect();
    assert_eq!(
        found,
        [
            "s_2024-04.csv: 2024-04 has 5 lines; the median of the 3 months before is 12 \
             (min_lines_share = 0.5)",
            "s_2024-04.csv: 2024-04 has a revenue of 595.00; the median of the 3 months before \
             is 1200.00 (min_revenue_share = 0.5)",
        ]
    );
}

#[test]
fn months_that_a_file_no_longer_has_count_as_empty() {
    let project = TestProject::new("[source.contract]\nunusual_months = \"error\"\n");
    let months = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"];
    let deliver = |months: &[&str]| {
        let rows: Vec<String> = months.iter().flat_map(|month| rows(month, 4, 100)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        project.deliver("year.csv", &rows);
    };
    deliver(&months);
    project.run();
    let before = project.published();
    // The export was cut off, or lost a month on the way.
    for cut in [&months[..4], &[&months[..3], &months[4..]].concat()] {
        deliver(cut);
        let message = project.refused(65);
        assert!(message.contains("has 0 lines; the median of the"), "{message}");
        assert!(project.published() == before);
    }
}

#[test]
fn a_first_load_is_judged_too() {
    let project = TestProject::new("period = \"file_name\"\n");
    for (month, count) in
        [("2024-01", 10), ("2024-02", 10), ("2024-03", 10), ("2024-04", 1), ("2024-05", 10)]
    {
        deliver(&project, month, count, 100);
    }
    let report = project.run();
    let told: Vec<_> = notes(&report).into_iter().filter(|note| note.contains("lines;")).collect();
    assert_eq!(
        told,
        ["s_2024-04.csv: 2024-04 has 1 lines; the median of the 3 months before is 10 \
          (min_lines_share = 0.5)"]
    );
}

#[test]
fn a_month_of_weekly_files_is_judged_when_it_is_over() {
    let project = TestProject::new("period = \"days\"\n");
    let week = |month: &str, days: [u32; 2], count: u32| {
        let row = |number: u32| {
            let day = if number + 1 == count { days[1] } else { days[0] };
            format!("{month}-{day:02},D{day}-{number},C1,P1,Anna,1,100.00,5")
        };
        let rows: Vec<String> = (0..count).map(row).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        project.deliver(&format!("w_{month}-{:02}.csv", days[0]), &rows);
    };
    for month in ["2024-01", "2024-02", "2024-03"] {
        week(month, [1, 14], 6);
        week(month, [15, 27], 6);
    }
    let unusual = |report: &serde_json::Value| -> Vec<String> {
        let notes = notes(report).into_iter().filter(|note| note.contains("median"));
        notes.map(str::to_owned).collect()
    };
    assert!(unusual(&project.run()).is_empty());
    // 12 lines a month are usual. 4 lines of a first fortnight are no small month.
    week("2024-04", [1, 14], 4);
    assert!(unusual(&project.run()).is_empty());
    week("2024-04", [15, 27], 1);
    assert!(unusual(&project.run()).is_empty());
    // With the first file of May, April is over: 5 lines are less than the half of 12.
    week("2024-05", [1, 14], 6);
    let found = unusual(&project.run());
    assert_eq!(
        found,
        [
            "source `shop`: 2024-04 has 5 lines; the median of the 3 months before is 12 \
             (min_lines_share = 0.5)",
            "source `shop`: 2024-04 has a revenue of 500.00; the median of the 3 months before \
             is 1200.00 (min_revenue_share = 0.5)",
        ]
    );
    // It is not said again, and a correction makes it whole.
    week("2024-05", [15, 27], 6);
    assert!(unusual(&project.run()).is_empty());
    week("2024-04", [15, 27], 2);
    assert!(unusual(&project.run()).is_empty(), "6 are the half");
}

#[test]
fn months_far_below_the_usual_may_be_refused() {
    let project = TestProject::new(
        "period = \"file_name\"\n[source.contract]\nunusual_months = \"error\"\nmin_lines_share = 0.9\n",
    );
    for month in ["2024-01", "2024-02", "2024-03"] {
        deliver(&project, month, 10, 100);
    }
    deliver(&project, "2024-04", 10, 100);
    project.run();
    let before = project.published();
    deliver(&project, "2024-04", 8, 200);
    deliver(&project, "2024-05", 1, 100);
    let message = project.refused(65);
    assert!(message.contains("2024-04 has 8 lines"), "{message}");
    assert!(project.published() == before);
    assert_eq!(project.query("select count(*) from sales"), ["40"]);
    // A closing of the shop is right after all: the engineer says so for this run.
    let path = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&path).expect("the pipeline");
    std::fs::write(&path, text.replace("\"error\"", "\"warn\"")).expect("writable");
    let report = project.run();
    assert!(notes(&report).iter().any(|note| note.contains("2024-04 has 8 lines")), "{report:#}");
    assert_eq!(project.query("select count(*) from sales"), ["39"]);
}
