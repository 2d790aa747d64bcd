//! What a run asks of its stores follows what changed, not what is kept.

use serde_json::Value;

use crate::support::TestProject;

const KINDS: [&str; 5] = ["reads", "writes", "lists", "copies", "deletes"];

fn months(count: usize) -> Vec<String> {
    let month = |number: usize| format!("{}-{:02}", 2018 + number / 12, number % 12 + 1);
    (0..count).map(month).collect()
}

fn deliver(project: &TestProject, months: &[String]) {
    let months: Vec<&str> = months.iter().map(String::as_str).collect();
    project.deliver_months(&months);
}

fn requests(report: &Value) -> [u64; 5] {
    KINDS.map(|kind| report["requests"][kind].as_u64().expect("a count"))
}

/// Requests of the night on which one month comes to so many.
fn nightly(before: usize) -> [u64; 5] {
    let project = TestProject::new("period = \"file_name\"\n");
    let all = months(before + 1);
    deliver(&project, &all[..before]);
    project.run();
    deliver(&project, &all[before..]);
    let report = project.run();
    assert_eq!(report["outcome"], "ok", "{report:#}");
    requests(&report)
}

#[test]
fn a_new_month_asks_for_what_it_changes() {
    const ADDED: usize = 12;
    // Beyond the twelve months of the longest window, and after the same month of the year: a
    // February of which the 28th is the last day is not computed again.
    let (short, long) = (nightly(15), nightly(15 + ADDED));
    println!("{KINDS:?}: {short:?} on 15 months, {long:?} on {}", 15 + ADDED);
    let [reads, writes, lists, copies, _] = short;
    assert!(reads > 0 && writes > 0 && lists > 0 && copies > 0, "{short:?}");
    for (kind, (short, long)) in KINDS.iter().zip(short.into_iter().zip(long)).skip(1) {
        assert_eq!(short, long, "{kind} grow with the history");
    }
    // What looks back to the first purchase, and tables that are whole, read a small file of each
    // month, each file once: some requests for a month of history, where a rebuild has hundreds.
    let for_a_month = (long[0] - reads) / ADDED as u64;
    assert!(for_a_month < 12, "{for_a_month} more reads for each month of history");
}

#[test]
fn a_run_without_news_asks_for_little() {
    let project = TestProject::new("period = \"file_name\"\n");
    deliver(&project, &months(8));
    let first = requests(&project.run());
    let [reads, writes, lists, copies, deletes] = requests(&project.run());
    println!("{KINDS:?}: {first:?} at first, then {:?}", [reads, writes, lists, copies, deletes]);
    // Only the run's report is written.
    assert!(writes <= 2 && copies == 0 && deletes == 0, "{writes} {copies} {deletes}");
    assert!(reads * 4 < first[0] && lists * 2 < first[2] + reads, "{reads} {lists}");
}
