//! Times whole runs against what a skilled analyst would schedule instead: one DuckDB script
//! that computes the core tables anew every night (`../shared/bench/peer_duckdb.sql`).
//!
//! ```text
//! cargo bench --bench run                      3,000 clients, 36 months
//! cargo bench --bench run -- 300000 120        300,000 clients: 54 million lines
//! cargo bench --bench run -- 300000 120 core   without the run of all default tables
//! ```
//!
//! The history is read once; every rebuild starts from a copy of the warehouse that holds it
//! and no result. Ours and the peer's runs take turns, three times; medians, least and most
//! are printed, and the ratio of the medians. The peer is not told what changed, so every run
//! of ours has the same peer. Needs python3 with `duckdb` from PyPI, and the data generator
//! beside the project; without them it says so.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::expect_used, reason = "a bench may stop at the first failure")]

#[path = "support/runs.rs"]
mod runs;
mod support;

use std::path::Path;
use std::process::Command;

use clientbase::month::Month;
use runs::{CORE, DIMENSIONS, HISTORY, copy, month_file, program, run};
use support::{Taken, beside, generate, show, timed, write_project};
use tempfile::TempDir;

const REPEATS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let clients = numbers.first().copied().unwrap_or(3_000);
    let months = numbers.get(1).copied().unwrap_or(36);
    let with_all = !arguments.iter().any(|text| text == "core");
    let folder = TempDir::new().expect("a temporary folder");
    let (lines, history) = (folder.path().join("peer"), folder.path().join("history"));
    let Some(_) = generate(&lines, clients, months, "parquet") else { return };
    let Some(bytes) = generate(&history.join("in"), clients, months, "csv") else { return };
    println!("{clients} clients, {months} months, {:.2} GB of CSV", bytes / 1e9);
    write_project(&history, &format!("{HISTORY}{DIMENSIONS}"));
    show("history read", &[run(&history)]);

    let built = folder.path().join("built");
    let (mut rebuilt, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        copy(&history, &built);
        write_project(&built, &format!("{CORE}{DIMENSIONS}"));
        rebuilt.push(run(&built));
        let out = folder.path().join("out");
        let _ = std::fs::remove_dir_all(&out);
        let script = beside("peer_duckdb.py");
        peer.push(timed(
            Command::new("python3").arg(script).arg(lines.join("*.parquet")).arg(&out),
        ));
    }
    let peer = show("DuckDB, everything", &peer);
    against(peer, "full rebuild, the same tables", &rebuilt);
    show_tables(&rebuilt[REPEATS - 1]);
    let nights = nights(folder.path(), &built, months);
    against(peer, "nothing changed", &nights.idle);
    against(peer, "one new month", &nights.new_month);
    against(peer, "one new month, at month ends", &nights.at_month_ends);
    against(peer, "corrected month, five years back", &nights.corrected);
    if with_all {
        copy(&history, &built);
        write_project(&built, DIMENSIONS);
        let all = [run(&built)];
        against(peer, "full rebuild, all default tables", &all);
        show_tables(&all[0]);
        let nights = self::nights(folder.path(), &built, months);
        against(peer, "all tables: nothing changed", &nights.idle);
        against(peer, "all tables: one new month", &nights.new_month);
        against(peer, "all tables: one, at month ends", &nights.at_month_ends);
        against(peer, "all tables: corrected month", &nights.corrected);
    }
    let help = [timed(&mut program(&built, &["--help"]))];
    show("--help", &help);
    let plan = [timed(&mut program(&built, &["plan", "generated"]))];
    show("plan", &plan);
}

#[derive(Default)]
struct Nights {
    idle: Vec<Taken>,
    /// The month before is over only now, and computed anew too: the last sale was before its end.
    new_month: Vec<Taken>,
    /// As of month ends: the new month alone.
    at_month_ends: Vec<Taken>,
    corrected: Vec<Taken>,
}

/// What is run on a warehouse with results, each from a copy of its own.
fn nights(folder: &Path, built: &Path, months: usize) -> Nights {
    let (last, old) = (month_file(months - 1), month_file(months.saturating_sub(61)));
    // As it was the night before the last month came: that month was never read.
    let before = folder.join("before");
    copy(built, &before);
    let held = folder.join(&last);
    std::fs::rename(before.join("in").join(&last), &held).expect("the last month");
    std::fs::remove_dir_all(before.join("warehouse")).expect("the warehouse");
    std::fs::remove_dir_all(before.join("published")).expect("the results");
    run(&before);
    let before_end = folder.join("before_end");
    copy(&before, &before_end);
    run_at_end_of(&before_end, months - 2);
    let night = folder.join("night");
    let mut nights = Nights::default();
    for _ in 0..REPEATS {
        copy(built, &night);
        nights.idle.push(run(&night));
        let path = night.join("in").join(&old);
        let text = std::fs::read_to_string(&path).expect("the old month");
        std::fs::remove_file(&path).expect("its old file");
        let shorter = text.len() - text.len() / 100;
        let end = text[..shorter].rfind('\n').expect("lines") + 1;
        std::fs::write(&path, &text[..end]).expect("the corrected month");
        nights.corrected.push(run(&night));
        copy(&before, &night);
        std::fs::copy(&held, night.join("in").join(&last)).expect("the new month");
        nights.new_month.push(run(&night));
        copy(&before_end, &night);
        std::fs::copy(&held, night.join("in").join(&last)).expect("the new month");
        nights.at_month_ends.push(run_at_end_of(&night, months - 1));
    }
    std::fs::remove_dir_all(&before_end).expect("a folder");
    std::fs::remove_dir_all(&night).expect("a folder");
    std::fs::remove_dir_all(&before).expect("a folder");
    nights
}

/// A run as of the last day of a month, counted from the first of the history.
fn run_at_end_of(project: &Path, number: usize) -> Taken {
    let first: Month = "2014-01".parse().expect("a month");
    let day = first.plus(number as i64).last_day().to_string();
    timed(&mut program(project, &["run", "generated", "--as-of", &day, "--json", "--quiet"]))
}

fn against(peer: f64, what: &str, ours: &[Taken]) {
    let median = show(what, ours);
    println!("{:<34} {:8.3} of DuckDB", "", median / peer);
}

/// Seconds, and memory that the engine counted, by table, the costliest first. Statements run
/// beside each other, so seconds add up to more than the run.
fn show_tables(run: &Taken) {
    let report: serde_json::Value = serde_json::from_str(&run.output).expect("a report");
    let tables = report["tables"].as_array().expect("tables");
    let mut seconds: Vec<(f64, &str, u64, u64)> = tables
        .iter()
        .map(|table| {
            let name = table["table"].as_str().expect("a name");
            let number = |key: &str| table[key].as_u64().expect("a number");
            let seconds = table["seconds"].as_f64().expect("seconds");
            (seconds, name, number("memory_bytes") >> 20, number("rows_built"))
        })
        .collect();
    seconds.sort_by(|one, other| other.0.total_cmp(&one.0));
    let whole: f64 = seconds.iter().map(|(seconds, ..)| seconds).sum();
    for (seconds, name, memory, rows) in seconds.iter().take(20) {
        let share = 100.0 * seconds / whole;
        println!("    {name:<30} {seconds:8.2} s {share:5.1} %  {memory:>5} MiB  {rows} rows");
    }
}
