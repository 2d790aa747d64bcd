//! Times whole runs on the sample data: full build, no-op, one corrected old month.
//!
//! `cargo bench` prints the median of a few runs. No test depends on these numbers.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::expect_used, reason = "a bench may stop at the first failure")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const REPEATS: usize = 5;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut full = Vec::new();
    let mut idle = Vec::new();
    let mut corrected = Vec::new();
    for _ in 0..REPEATS {
        let project = TempDir::new().expect("a temporary folder");
        let folder = project.path();
        copy_sample(root, folder);
        full.push(run(folder));
        idle.push(run(folder));
        let late = root.join("data/sample/late/sales_2024-03.csv.gz");
        std::fs::copy(late, folder.join("data/sample/sales_2024-03.csv.gz")).expect("a copy");
        corrected.push(run(folder));
    }
    println!("sample data, median of {REPEATS} runs (least to most)");
    for (what, times) in
        [("full build", full), ("nothing changed", idle), ("corrected month of 2024-03", corrected)]
    {
        println!("{what:<28} {}", summary(times));
    }
}

fn copy_sample(root: &Path, folder: &Path) {
    std::fs::create_dir_all(folder.join("data/sample")).expect("folders");
    std::fs::create_dir_all(folder.join("pipelines")).expect("folders");
    std::fs::copy(root.join("pipelines/sample.toml"), folder.join("pipelines/sample.toml"))
        .expect("a copy");
    for entry in std::fs::read_dir(root.join("data/sample")).expect("the sample") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path.file_name().expect("a name");
            std::fs::copy(&path, folder.join("data/sample").join(name)).expect("a copy");
        }
    }
}

fn run(folder: &Path) -> Duration {
    let started = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_clientbase"))
        .arg("--project")
        .arg(folder)
        .args(["run", "sample", "--quiet"])
        .status()
        .expect("the binary runs");
    assert!(done.success(), "the run failed");
    started.elapsed()
}

fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    let seconds = |time: &Duration| time.as_secs_f64();
    format!(
        "{:.2} s ({:.2} to {:.2})",
        seconds(&times[times.len() / 2]),
        seconds(&times[0]),
        seconds(&times[times.len() - 1])
    )
}
