//! Months that were known and changed: what is recorded, and what closed months refuse.

use std::process::Stdio;

use crate::support::{TestProject, notes};

const JANUARY: &str = "s_2024-01.csv";

fn by_name(settings: &str) -> TestProject {
    TestProject::new(&format!("period = \"file_name\"\n{settings}"))
}

/// January and a later month up to a day, read; then January is delivered otherwise.
fn corrected(settings: &str, last_day: &str) -> TestProject {
    let project = by_name(settings);
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.deliver(
        &format!("s_{}.csv", &last_day[..7]),
        &[&format!("{last_day},B,C1,P1,Anna,1,11.00,5")],
    );
    project.run();
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,99.00,5"]);
    project
}

#[test]
fn both_versions_of_what_changed_are_kept() {
    let project = by_name("");
    project.deliver(
        JANUARY,
        &[
            "2024-01-10,A,C1,P1,Anna,1,10.00,4",
            "2024-01-10,A,C1,P2,Anna,1,5.00,2",
            "2024-01-11,B,C2,P1,Anna,1,20.00,8",
            "2024-01-12,C,C3,P1,Anna,1,30.00,",
            "2024-01-15,,C4,P1,Anna,1,7.00,3",
            "2024-01-15,,C4,P1,Anna,1,7.00,3",
        ],
    );
    let first = project.run();
    assert_eq!(first["restatements"], serde_json::json!([]), "a new month restates nothing");
    project.deliver(
        JANUARY,
        &[
            // Another price of P2, and P3 is new.
            "2024-01-10,A,C1,P1,Anna,1,10.00,4",
            "2024-01-10,A,C1,P2,Anna,1,6.00,2",
            "2024-01-10,A,C1,P3,Anna,1,1.00,1",
            // B is gone, C as before, one of the two equal lines without a document is gone.
            "2024-01-12,C,C3,P1,Anna,1,30.00,",
            "2024-01-15,,C4,P1,Anna,1,7.00,3",
            "2024-01-20,D,C5,P1,Anna,1,50.00,20",
        ],
    );
    let report = project.run();
    let run = report["run"].as_str().expect("its name").to_owned();
    // Revenue: 10 + 5 + 20 + 30 + 7 + 7 = 79; 10 + 6 + 1 + 30 + 7 + 50 = 104. Profit counts
    // lines with a cost: 6 + 3 + 12 + 4 + 4 = 29; 6 + 4 + 0 + 4 + 30 = 44.
    let summary = project.query("select * from restatements");
    let expected = format!(
        "{run},shop,2024-01-01,restated,1,1,2,2,2,1,79.0000,104.0000,29.0000,44.0000,4,{JANUARY}"
    );
    assert_eq!(summary, [expected]);
    let documents = project.query(
        "select client_id, document_id, change, version, lines, product_id, revenue, cost
         from restated_documents order by 1, 2, 4 desc, 6",
    );
    assert_eq!(
        documents,
        [
            "C1,A,changed,before,1,P1,10.0000,4.0000",
            "C1,A,changed,before,1,P2,5.0000,2.0000",
            "C1,A,changed,after,1,P1,10.0000,4.0000",
            "C1,A,changed,after,1,P2,6.0000,2.0000",
            "C1,A,changed,after,1,P3,1.0000,1.0000",
            "C2,B,removed,before,1,P1,20.0000,8.0000",
            "C4,,changed,before,2,P1,7.0000,3.0000",
            "C4,,changed,after,1,P1,7.0000,3.0000",
            "C5,D,added,after,1,P1,50.0000,20.0000",
        ]
    );
    assert!(project.path("published/shop/restatements").is_dir(), "they are published");
    // The next restatement stands beside the first.
    project.deliver(JANUARY, &["2024-01-12,C,C3,P1,Anna,1,31.00,"]);
    project.run();
    let revenue =
        project.query("select revenue_before, revenue_after from restatements order by run");
    assert_eq!(revenue, ["79.0000,104.0000", "104.0000,31.0000"]);
}

#[test]
fn a_month_that_goes_on_is_told_from_one_that_says_something_else() {
    let project = TestProject::new("period = \"days\"\n");
    project.deliver("d_2024-01-10.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,4"]);
    project.deliver("d_2024-01-12.csv", &["2024-01-12,B,C1,P1,Anna,1,5.00,2"]);
    project.run();
    project.deliver("d_2024-01-13.csv", &["2024-01-13,C,C2,P1,Anna,1,7.00,3"]);
    let report = project.run();
    assert!(!notes(&report).iter().any(|note| note.contains("restated")), "{report:#}");
    // The eleventh was forgotten: a day that was known to have no sales has some.
    project.deliver("d_2024-01-11.csv", &["2024-01-11,D,C2,P1,Anna,1,1.00,0"]);
    let report = project.run();
    assert!(notes(&report).iter().any(|note| note.contains("2024-01 of source `shop` restated")));
    assert_eq!(
        project.query(
            "select kind, documents_added, revenue_before, revenue_after from restatements
             order by run"
        ),
        ["extended,1,15.0000,22.0000", "restated,1,22.0000,23.0000"]
    );
}

#[test]
fn a_refused_file_waits_and_the_rest_goes_on() {
    let project = corrected("closed_after_days = 30\nclosed_months = \"refuse\"\n", "2024-03-31");
    // A correction of the open month and a new one arrive with it.
    project.deliver("s_2024-03.csv", &["2024-03-31,B,C1,P1,Anna,1,12.00,5"]);
    project.deliver("s_2024-04.csv", &["2024-04-01,C,C1,P1,Anna,1,13.00,5"]);
    let (code, report, _) = project.run_with(&[]);
    assert_eq!(code, 65);
    assert_eq!(report["outcome"], "ok");
    let listed = project.call(&["runs", "-p", "shop"]).stdout;
    assert!(listed.contains("ok, 1 set aside"), "{listed}");
    let states = project.query("select file, state from snapshots order by file, state");
    assert_eq!(
        states,
        [
            "s_2024-01.csv,accepted",
            "s_2024-01.csv,set_aside",
            "s_2024-03.csv,accepted",
            "s_2024-04.csv,accepted"
        ]
    );
    let rest = ["2024-03-31,B,12.0000,s_2024-03.csv", "2024-04-01,C,13.0000,s_2024-04.csv"];
    let first = "2024-01-10,A,10.0000,s_2024-01.csv";
    assert_eq!(project.lines(), [first, rest[0], rest[1]]);
    let said = notes(&report).into_iter().find(|note| note.contains("set aside")).expect("a note");
    let (text, snapshot) = said.rsplit_once(' ').expect("a snapshot");
    assert_eq!(
        text,
        "s_2024-01.csv would change 2024-01, which is closed: it was set aside; accept it with --accept"
    );
    project.assert_at_rest();
    // A wrong name is no acceptance.
    let wrong = project.call(&["run", "shop", "--accept", "s_2024-02.csv"]);
    assert_eq!(wrong.code, 78);
    assert!(wrong.stderr.contains("no file `s_2024-02.csv` was set aside"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains(&format!("s_2024-01.csv ({snapshot})")), "{}", wrong.stderr);
    // It was kept whole: the original may be gone.
    project.remove(JANUARY);
    let (code, report, _) = project.run_with(&["--accept", snapshot]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(project.lines(), ["2024-01-10,A,99.0000,s_2024-01.csv", rest[0], rest[1]]);
    assert_eq!(report["restatements"][0]["revenue_after"], "99.0000");
    project.assert_at_rest();
    // The original comes back: its bytes are known.
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,99.00,5"]);
    project.assert_at_rest();
    let again = project.call(&["run", "shop", "--accept", JANUARY]);
    assert_eq!(again.code, 78);
    assert!(again.stderr.contains("no file is set aside"), "{}", again.stderr);
}

#[test]
fn a_copy_is_not_added_while_its_file_waits() {
    let project = TestProject::new(
        "kind = \"increment\"\nclosed_after_days = 30\nclosed_months = \"refuse\"\n",
    );
    let row = "2024-01-10,A,C1,P1,Anna,1,10.00,5";
    project
        .deliver("a.csv", &["2024-01-09,B,C1,P1,Anna,1,1.00,0", "2024-06-30,C,C1,P1,Anna,1,1,0"]);
    project.deliver("b.csv", &[row]);
    project.deliver("c.csv", &[row]);
    project.run();
    assert_eq!(project.query("select sum(revenue) from sales"), ["12.0000"]);
    project.deliver("b.csv", &["2024-01-10,A,C1,P1,Anna,1,11.00,5"]);
    let (code, report, _) = project.run_with(&[]);
    assert_eq!(code, 65, "{report:#}");
    assert_eq!(project.query("select sum(revenue) from sales"), ["12.0000"]);
    project.assert_at_rest();
}

#[test]
fn a_history_that_was_passed_over_is_read_when_the_later_one_waits() {
    let project =
        TestProject::new("kind = \"full\"\nclosed_after_days = 30\nclosed_months = \"refuse\"\n");
    let january = "2024-01-10,A,C1,P1,Anna,1,10.00,5";
    let (may, june) = ("2024-05-31,B,C1,P1,Anna,1,11.00,5", "2024-06-30,C,C1,P1,Anna,1,12.00,5");
    project.deliver("f_1.csv", &[january, may]);
    project.run();
    // The second goes on, the third says something else of January.
    project.deliver("f_2.csv", &[january, may, june]);
    project.deliver("f_3.csv", &["2024-01-10,A,C1,P1,Anna,1,99.00,5", may, june]);
    let (code, report, _) = project.run_with(&[]);
    assert_eq!(code, 65, "{report:#}");
    assert_eq!(project.query("select sum(revenue) from sales"), ["21.0000"]);
    let (code, report, _) = project.run_with(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(project.query("select sum(revenue) from sales"), ["33.0000"]);
    project.assert_at_rest();
}

#[test]
fn a_month_closes_on_its_day() {
    let settings = "closed_after_days = 30\nclosed_months = \"refuse\"\n";
    // 2024-01-31 and 30 days are 2024-03-01.
    for (last_day, code) in [("2024-02-29", 0), ("2024-03-01", 65)] {
        let project = corrected(settings, last_day);
        assert_eq!(project.run_with(&[]).0, code, "{last_day}");
    }
}

#[test]
fn a_file_that_waits_may_be_delivered_better() {
    let project = corrected("closed_after_days = 30\nclosed_months = \"refuse\"\n", "2024-03-31");
    assert_eq!(project.run_with(&[]).0, 65);
    // A better version takes its place in waiting.
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,77.00,5"]);
    assert_eq!(project.run_with(&[]).0, 65);
    assert_eq!(project.query("select count(*) from snapshots where state = 'set_aside'"), ["1"]);
    // What was accepted before comes back: nothing to do, and nothing of January changed.
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.assert_at_rest();
    let (code, _, _) = project.run_with(&["--accept", JANUARY]);
    assert_eq!(code, 0);
    assert_eq!(project.lines()[0], "2024-01-10,A,77.0000,s_2024-01.csv");
}

#[test]
fn closed_months_may_only_warn() {
    let warned = corrected("closed_after_days = 30\nclosed_months = \"warn\"\n", "2024-03-31");
    let report = warned.run();
    let said = "s_2024-01.csv changed 2024-01, which is closed";
    assert!(notes(&report).contains(&said), "{report:#}");
    assert_eq!(warned.lines()[0], "2024-01-10,A,99.0000,s_2024-01.csv");
    let accepted = corrected("closed_after_days = 30\n", "2024-03-31");
    let report = accepted.run();
    assert!(!notes(&report).iter().any(|note| note.contains("closed")), "{report:#}");
    assert_eq!(report["restatements"][0]["month"], "2024-01");
}

#[test]
fn a_key_that_reaches_into_a_closed_month_is_refused() {
    let project = TestProject::new(
        "kind = \"increment\"\nkey = [\"document_id\"]\nclosed_after_days = 30\nclosed_months = \"refuse\"\n",
    );
    project.deliver(
        "01.csv",
        &["2024-01-10,A,C1,P1,Anna,1,10.00,5", "2024-03-10,B,C1,P1,Anna,1,20.00,5"],
    );
    project.run();
    // A moves from closed January to open March; C is only new.
    project.deliver("02.csv", &["2024-03-11,A,C1,P1,Anna,1,10.00,5"]);
    project.deliver("03.csv", &["2024-03-12,C,C1,P1,Anna,1,30.00,5"]);
    let (code, report, _) = project.run_with(&[]);
    assert_eq!(code, 65, "{report:#}");
    let expected = [
        "2024-01-10,A,10.0000,01.csv",
        "2024-03-10,B,20.0000,01.csv",
        "2024-03-12,C,30.0000,03.csv",
    ];
    assert_eq!(project.lines(), expected);
    let (code, _, _) = project.run_with(&["--accept", "02.csv"]);
    assert_eq!(code, 0);
    assert_eq!(project.lines(), [expected[1], "2024-03-11,A,10.0000,02.csv", expected[2]]);
}

/// Kills a correcting run right after the commit of a table; false when it was too fast.
fn killed_after_commit_of(table: &str) -> Option<TestProject> {
    let project = by_name("max_reject_share = 0.9\n");
    project.deliver(JANUARY, &["2024-01-10,A,C1,P1,Anna,1,10.00,5", "2024-01-10,X,,P1,Anna,1,1,1"]);
    project.run();
    project.deliver(
        JANUARY,
        &["2024-01-10,A,C1,P1,Anna,1,11.00,5", "2024-01-10,Y,,P1,Anna,1,1,1", "n/a,Z,,P1,,1,1,1"],
    );
    let commits = |table: &str| {
        let log = project.path(&format!("warehouse/shop/{table}/_delta_log"));
        std::fs::read_dir(log).map_or(0, |log| {
            log.flatten()
                .filter(|file| file.path().extension().is_some_and(|e| e == "json"))
                .count()
        })
    };
    let (before, ledger) = (commits(table), commits("snapshots"));
    let mut child = project
        .command(&["run", "shop", "--quiet"])
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    while commits(table) == before && child.try_wait().expect("a child").is_none() {
        std::hint::spin_loop();
    }
    child.kill().expect("killable");
    child.wait().expect("a child");
    (commits(table) > before && commits("snapshots") == ledger).then_some(project)
}

#[test]
fn a_restatement_that_was_broken_off_is_recorded_once_or_not_at_all() {
    for (table, is_there) in [
        ("rejects", true),
        ("restatements", true),
        ("restated_documents", true),
        ("restatements", false),
    ] {
        let project = (0..5).find_map(|_| killed_after_commit_of(table));
        let project = project.expect("a run that was caught between its commits");
        if !is_there {
            project.remove(JANUARY);
        }
        project.run();
        let counts = project.query(
            "select (select count(*) from restatements) as months,
                (select count(*) from restated_documents) as lines,
                (select count(*) from rejects) as rejects,
                (select sum(revenue) from sales) as revenue",
        );
        let expected = if is_there { "1,2,2,11.0000" } else { "0,0,1,10.0000" };
        assert_eq!(counts, [expected], "killed after {table}, file there: {is_there}");
        project.assert_at_rest();
    }
}
