//! Deliveries that get in each other's way: rows that move between files, twins, keys that are
//! blank, names that sort wrongly, and runs that die one after another.

use std::time::{Duration, SystemTime};

use crate::support::TestProject;

const ADDING: &str = "kind = \"increment\"\n";
const BY_DOCUMENT: &str = "kind = \"increment\"\nkey = [\"document_id\"]\nmax_reject_share = 0.5\n";

#[test]
fn a_row_that_moves_to_another_file_is_that_files() {
    let project = TestProject::new(ADDING);
    let (d1, d2) = ("2024-01-10,D1,C1,P1,Anna,1,100.00,5", "2024-01-11,D2,C1,P1,Anna,1,200.00,5");
    project.deliver("a.csv", &[d1, d2]);
    project.run();
    project.deliver("a.csv", &[d1]);
    project.deliver("b.csv", &[d2]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-10,D1,100.0000,a.csv", "2024-01-11,D2,200.0000,b.csv"]);
    project.deliver("b.csv", &["2024-01-11,D2,C1,P1,Anna,1,250.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-10,D1,100.0000,a.csv", "2024-01-11,D2,250.0000,b.csv"]);
    project.assert_at_rest();
}

#[test]
fn a_file_that_becomes_a_twin_gives_up_its_rows() {
    let project = TestProject::new(ADDING);
    project.deliver("a.csv", &["2024-01-10,D1,C1,P1,Anna,1,1.00,5"]);
    project.deliver("b.csv", &["2024-01-12,D3,C1,P1,Anna,1,3.00,5"]);
    project.run();
    project.deliver("a.csv", &["2024-01-12,D3,C1,P1,Anna,1,3.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-12,D3,3.0000,b.csv"]);
    project.assert_at_rest();
}

#[test]
fn rows_without_a_key_do_not_replace_each_other() {
    let project = TestProject::new(BY_DOCUMENT);
    project.deliver(
        "a.csv",
        &["2024-01-10,D1,C1,P1,Anna,1,1.00,5", "2024-01-11,,C2,P1,Anna,1,2.00,5"],
    );
    project.run();
    let reasons = project.query("select row_number, column_name, reason from rejects");
    assert_eq!(reasons, ["3,document_id,\"is missing, and is in `key`\""]);
    assert_eq!(project.lines(), ["2024-01-10,D1,1.0000,a.csv"]);
}

fn written(project: &TestProject, name: &str, days_ago: u64) {
    let file = std::fs::File::options().append(true).open(project.path(&format!("in/{name}")));
    let moment = SystemTime::now() - Duration::from_secs(days_ago * 86_400);
    file.and_then(|file| file.set_modified(moment)).expect("a time of the file");
}

#[test]
fn numbers_in_names_put_files_in_order() {
    let project = TestProject::new(BY_DOCUMENT);
    project.deliver("inc_9.csv", &["2024-01-10,D1,C1,P1,Anna,1,100.00,5"]);
    project.deliver("inc_10.csv", &["2024-01-10,D1,C1,P1,Anna,1,999.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-10,D1,999.0000,inc_10.csv"]);
}

#[test]
fn names_that_contradict_the_times_of_files_are_refused() {
    let project = TestProject::new("kind = \"full\"\n");
    project.deliver("export_31.01.2024.csv", &["2024-01-10,D1,C1,P1,Anna,1,100.00,5"]);
    project.deliver("export_01.02.2024.csv", &["2024-01-10,D1,C1,P1,Anna,1,200.00,5"]);
    written(&project, "export_31.01.2024.csv", 2);
    written(&project, "export_01.02.2024.csv", 1);
    let refused = project.refused(65);
    assert!(
        refused.contains("export_01.02.2024.csv comes before export_31.01.2024.csv"),
        "{refused}"
    );
}

#[test]
fn a_whole_history_that_shrank_is_told() {
    let project = TestProject::new("kind = \"full\"\n");
    let rows: Vec<String> = (1..=12)
        .map(|month| format!("2023-{month:02}-10,D{month},C1,P1,Anna,1,100.00,5"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    project.deliver("export_1.csv", &rows);
    project.run();
    let before = project.lines();
    project.deliver("export_2.csv", &[]);
    let refused = project.refused(65);
    assert!(refused.contains("it has no rows, and export_1.csv had 12"), "{refused}");
    assert_eq!(project.lines(), before);
    project.remove("export_2.csv");
    project.deliver("export_3.csv", &rows[..4]);
    let report = project.run();
    let notes = crate::support::notes(&report).join("\n");
    assert!(notes.contains("it has 4 rows, and export_1.csv had 12"), "{notes}");
    assert!(notes.contains("had rows of 2023-05..2023-12, and it has none"), "{notes}");
}

#[test]
fn a_named_file_or_folder_that_is_gone_is_told() {
    let project = TestProject::new("");
    project.deliver("a.csv", &["2024-01-10,D1,C1,P1,Anna,1,1.00,5"]);
    let pipeline = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&pipeline).expect("the pipeline");
    std::fs::write(&pipeline, text.replace("in/*.csv", "in")).expect("writable");
    project.run();
    std::fs::rename(project.path("in"), project.path("elsewhere")).expect("movable");
    let refused = project.refused(69);
    assert!(refused.contains("does not exist"), "{refused}");
}

#[test]
fn files_of_open_workbooks_and_systems_are_passed_over() {
    let project = TestProject::new("");
    let pipeline = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&pipeline).expect("the pipeline");
    std::fs::write(&pipeline, text.replace("in/*.csv", "in")).expect("writable");
    project.deliver("a.csv", &["2024-01-10,D1,C1,P1,Anna,1,1.00,5"]);
    for name in ["in/.DS_Store", "in/~$book.xlsx", "in/.~lock.a.csv#"] {
        project.write(name, "no table");
    }
    project.run();
    assert_eq!(project.lines(), ["2024-01-10,D1,1.0000,a.csv"]);
}

#[test]
fn patterns_that_read_a_date_in_two_ways_are_refused() {
    let project = TestProject::new("date_formats = [\"%d/%m/%Y\", \"%m/%d/%Y\"]\n");
    project.deliver("a.csv", &["01/02/2024,D1,C1,P1,Anna,1,1.00,5"]);
    let refused = project.refused(78);
    assert!(refused.contains("as different days"), "{refused}");
}

/// The state after two kills: one run died behind its last commit, before its report; the next
/// one between the commits of sales and of the ledger.
#[test]
fn two_runs_that_died_one_after_another_lose_nothing() {
    let project = TestProject::new(ADDING);
    let row = |number: u32| format!("2024-01-{number:02},D{number},C1,P1,Anna,1,{number}.00,5");
    for number in 1..=3 {
        project.deliver(&format!("{number}.csv"), &[&row(number)]);
        project.run();
    }
    let newest = |folder: &str, at: usize| {
        let mut names: Vec<_> = std::fs::read_dir(project.path(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        names.sort();
        names[names.len() - at].clone()
    };
    for at in [1, 1] {
        std::fs::remove_file(newest("warehouse/shop/runs", at)).expect("removable");
    }
    std::fs::remove_file(newest("warehouse/shop/snapshots/_delta_log", 1)).expect("removable");
    project.run();
    assert_eq!(
        project.lines(),
        ["2024-01-01,D1,1.0000,1.csv", "2024-01-02,D2,2.0000,2.csv", "2024-01-03,D3,3.0000,3.csv"]
    );
    project.assert_at_rest();
}
