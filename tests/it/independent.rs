//! Results on UCI Online Retail II, computed again by programs that share nothing with the
//! models: `tests/independent/*.py`, with DuckDB. They install it where they are asked for.

use std::process::Command;

use crate::oracle::{DATA, ORACLE, shipped};
use crate::support::{repository, shared};

/// Set by continuous integration, or by hand.
const WANTED: [&str; 2] = ["CI", "CLIENTBASE_TEST_DUCKDB"];

fn check(script: &str, kept: Option<&str>) {
    if !WANTED.iter().any(|name| std::env::var_os(name).is_some()) {
        println!("independent: skipped; set CLIENTBASE_TEST_DUCKDB=1 to install DuckDB and run it");
        return;
    }
    let (Some(project), Some(data)) = (shipped(), shared(DATA)) else { return };
    let folder = repository().join("tests/independent");
    let mut command = Command::new(folder.join("run"));
    command.arg(repository().join("target/duckdb")).arg(folder.join(script));
    command.arg(data).arg(project.path("published/online_retail_ii"));
    if let Some(kept) = kept {
        let kept = shared(&format!("{ORACLE}/{kept}")).expect("the kept result");
        command.arg(kept);
    }
    let done = command.output().expect("tests/independent/run");
    assert!(
        done.status.success(),
        "{script}: {}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Prints precision and recall, and fails when they are below those that were reached.
fn judge_false_churn(what: &str) {
    let judged = Command::new("python3")
        .arg(repository().join("tests/quality/false_churn.py"))
        .args([what, "--program", env!("CARGO_BIN_EXE_clientbase")])
        .output();
    let Ok(judged) = judged else {
        println!("independent: skipped, there is no python3");
        return;
    };
    let figures = String::from_utf8_lossy(&judged.stdout);
    println!("{figures}");
    assert!(judged.status.success(), "{figures}{}", String::from_utf8_lossy(&judged.stderr));
}

#[test]
fn successors_are_found_in_the_sample() {
    judge_false_churn("sample");
}

#[test]
fn successors_are_found_by_behaviour_alone() {
    if shared(DATA).is_some() {
        judge_false_churn("online-retail");
    }
}

#[test]
fn movements_and_dropped_products_are_those_of_the_raw_files() {
    check("movements.py", None);
}

#[test]
fn losses_chances_and_lists_are_those_of_the_raw_files() {
    check("loss.py", None);
}

#[test]
fn rfm_is_that_of_the_raw_files_and_of_the_kept_result() {
    check("rfm.py", Some("rfm_2011-11-30.csv.gz"));
}

#[test]
fn indicators_and_silences_are_those_of_the_raw_files() {
    check("repeat_sales.py", None);
}

#[test]
fn weights_and_scores_of_successors_are_those_of_the_raw_files() {
    check("successors.py", None);
}
