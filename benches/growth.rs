//! What runs cost when a warehouse grows: more clients, more months, more runs, less memory.
//!
//! ```text
//! cargo bench --bench growth                              4,000 clients at most, 60 months
//! cargo bench --bench growth -- 1200000 120               1.2 million clients: 216 million lines
//! cargo bench --bench growth -- 300000 120 months         one of clients, months, memory, runs
//! ```
//!
//! * `clients`: a full rebuild with a quarter of the clients, and with all of them.
//! * `months`: with a quarter of the clients, a tenth, half and all of the months: a full rebuild,
//!   and the night on which the last of the months comes.
//! * `memory`: with a quarter of the clients, a full rebuild with less memory, whose results must
//!   have the same bytes.
//! * `runs`: a small warehouse after ten, a hundred and a thousand runs that each change a month.
//!
//! The tables are those of `cargo bench --bench run`. Needs python3 with `duckdb` from PyPI, and
//! the data generator beside the project; without them it says so.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::expect_used, reason = "a bench may stop at the first failure")]

#[path = "support/runs.rs"]
mod runs;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use runs::{CORE, DIMENSIONS, HISTORY, copy, month_file, program, run};
use support::{Taken, generate, show, timed, write_project};
use tempfile::TempDir;

const REPEATS: usize = 3;
const MEMORY_LIMITS: [&str; 2] = ["1GiB", "512MiB"];
/// After so many runs a small warehouse is looked at.
const RUNS: [usize; 3] = [10, 100, 1_000];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let clients = numbers.first().copied().unwrap_or(4_000);
    let months = numbers.get(1).copied().unwrap_or(60);
    let parts = ["clients", "months", "memory", "runs"];
    let chosen: Vec<&str> =
        parts.into_iter().filter(|part| arguments.iter().any(|text| text == part)).collect();
    let is_wanted = |part: &str| chosen.is_empty() || chosen.contains(&part);
    if is_wanted("clients") && by_clients(clients, months).is_none() {
        return;
    }
    if is_wanted("months") && by_months(clients / 4, months).is_none() {
        return;
    }
    if is_wanted("memory") && by_memory(clients / 4, months).is_none() {
        return;
    }
    if is_wanted("runs") {
        by_runs();
    }
}

/// A project with a generated history that is read, and no result.
fn history(folder: &Path, clients: usize, months: usize) -> Option<()> {
    let bytes = generate(&folder.join("in"), clients, months, "csv")?;
    write_project(folder, &format!("{HISTORY}{DIMENSIONS}"));
    println!("{clients} clients, {months} months, {:.2} GB of CSV", bytes / 1e9);
    show("history read", &[run(folder)]);
    Some(())
}

/// Full rebuilds of a history, each from a copy; the last one stays in `built`.
fn rebuilds(history: &Path, built: &Path, settings: &str) -> Vec<Taken> {
    let rebuild = |_| {
        copy(history, built);
        write_project(built, &format!("{CORE}{settings}{DIMENSIONS}"));
        run(built)
    };
    (0..REPEATS).map(rebuild).collect()
}

fn by_clients(clients: usize, months: usize) -> Option<()> {
    let mut medians = Vec::new();
    for clients in [clients / 4, clients] {
        let folder = TempDir::new().expect("a temporary folder");
        let from = folder.path().join("history");
        history(&from, clients, months)?;
        let taken = rebuilds(&from, &folder.path().join("built"), "");
        medians.push(show("full rebuild", &taken));
    }
    println!("{:<34} {:8.2} times the seconds", "four times the clients", medians[1] / medians[0]);
    Some(())
}

fn by_months(clients: usize, months: usize) -> Option<()> {
    for months in [months / 10, months / 2, months] {
        let folder = TempDir::new().expect("a temporary folder");
        let from = folder.path().join("history");
        history(&from, clients, months)?;
        let (built, before) = (folder.path().join("built"), folder.path().join("before"));
        show("full rebuild", &rebuilds(&from, &built, ""));
        // As it was the night before the last month came.
        let (last, held) = (month_file(months - 1), folder.path().join("held"));
        write_project(&from, &format!("{CORE}{DIMENSIONS}"));
        std::fs::rename(from.join("in").join(&last), &held).expect("the last month");
        std::fs::remove_dir_all(from.join("warehouse")).expect("the warehouse");
        run(&from);
        let night = |_| {
            copy(&from, &before);
            std::fs::copy(&held, before.join("in").join(&last)).expect("the new month");
            run(&before)
        };
        let nights: Vec<Taken> = (0..REPEATS).map(night).collect();
        show("one new month", &nights);
        println!("{:<34} {}", "its requests", report(&nights[0])["requests"]);
    }
    Some(())
}

fn by_memory(clients: usize, months: usize) -> Option<()> {
    let folder = TempDir::new().expect("a temporary folder");
    let (from, built) = (folder.path().join("history"), folder.path().join("built"));
    history(&from, clients, months)?;
    show("full rebuild", &rebuilds(&from, &built, ""));
    let expected = contents(&built.join("published"));
    for limit in MEMORY_LIMITS {
        let settings = format!("limits.memory_limit = \"{limit}\"\n");
        let taken = rebuilds(&from, &built, &settings);
        show(&format!("full rebuild with {limit}"), &taken);
        let report = report(&taken[0]);
        let tables = report["tables"].as_array().expect("tables");
        let spilled: u64 = tables.iter().filter_map(|table| table["spilled_bytes"].as_u64()).sum();
        println!("{:<34} {} MiB", "written to disk for it", spilled >> 20);
        assert!(contents(&built.join("published")) == expected, "other results with {limit}");
    }
    println!("results have the same bytes");
    Some(())
}

fn by_runs() {
    let folder = TempDir::new().expect("a temporary folder");
    let project = folder.path();
    let Some(_) = generate(&project.join("in"), 100, 12, "csv") else { return };
    let tables = "tables = [\"entity_month\", \"churn\"]\n";
    write_project(project, &format!("{tables}{DIMENSIONS}"));
    let path = project.join("in").join(month_file(11));
    let text = std::fs::read_to_string(&path).expect("the last month");
    let shorter = &text[..text.trim_end().rfind('\n').expect("lines") + 1];
    let mut done = 0;
    for runs in RUNS {
        while done < runs {
            std::fs::write(&path, if done % 2 == 0 { &text } else { shorter }).expect("a month");
            run(project);
            done += 1;
        }
        let idle: Vec<Taken> = (0..REPEATS).map(|_| run(project)).collect();
        show(&format!("nothing changed, after {runs} runs"), &idle);
        let plan = |_| timed(&mut program(project, &["plan", "generated"]));
        show("plan", &(0..REPEATS).map(plan).collect::<Vec<_>>());
        println!("{:<34} {}", "requests of an idle run", report(&idle[0])["requests"]);
    }
}

fn report(taken: &Taken) -> serde_json::Value {
    serde_json::from_str(&taken.output).expect("a report")
}

/// Hashes of the published Parquet files below a folder.
fn contents(folder: &Path) -> BTreeMap<String, blake3::Hash> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the published folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            let name = path.to_string_lossy().into_owned();
            files.insert(name, blake3::hash(&std::fs::read(&path).expect("a file")));
        }
    }
    files
}
