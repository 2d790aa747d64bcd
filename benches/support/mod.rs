//! A generated history as a project, and processes that are timed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STAGING: &str = "\
-- The generated history.
-- raw: sale_date date
-- raw: document_id text
-- raw: client_id text
-- raw: product_id text
-- raw: manager text
-- raw: branch text
-- raw: region text
-- raw: channel text
-- raw: quantity decimal(18,3)
-- raw: revenue decimal(18,4)
-- raw: cost decimal(18,4)
select
    sale_date, document_id, client_id, product_id, manager, branch, region, channel, quantity,
    revenue, cost
from raw
";

/// How often the memory of a process is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Where the data generator and the peer's script lie, beside the project.
pub fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench").join(name)
}

/// Makes the files of a history below a folder; nothing, and a word why, when it cannot.
pub fn generate(folder: &Path, clients: usize, months: usize, format: &str) -> Option<f64> {
    let generator = beside("generate.py");
    let made = Command::new("python3")
        .arg(&generator)
        .arg(clients.to_string())
        .arg(folder)
        .arg(months.to_string())
        .arg(format)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: it needs {} and python3 with duckdb", generator.display());
        return None;
    }
    let sizes = std::fs::read_dir(folder).expect("the files");
    Some(sizes.map(|entry| entry.expect("an entry").metadata().expect("a size").len() as f64).sum())
}

/// A project that reads the generated files from its folder `in`; `settings` come first.
pub fn write_project(project: &Path, settings: &str) {
    let source = "[[source]]\nname = \"generated\"\nfiles = \"in/*.csv\"\n\
                  staging = \"generated\"\nperiod = \"file_name\"\n";
    for (path, text) in [
        ("sql/staging/generated.sql", STAGING.to_owned()),
        ("pipelines/generated.toml", format!("{settings}{source}")),
    ] {
        let path = project.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
}

/// What a process took: seconds, peak of its resident memory in MiB, what it printed.
pub struct Taken {
    pub seconds: f64,
    pub memory: u64,
    pub output: String,
}

/// Runs a process to its end.
pub fn timed(command: &mut Command) -> Taken {
    let started = Instant::now();
    let out = tempfile::NamedTempFile::new().expect("a file for the output");
    let mut child = command
        .stdout(out.reopen().expect("the file"))
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state") {
            break status;
        }
        memory = memory.max(peak_mebibytes(&child.id().to_string()));
        std::thread::sleep(GLANCE);
    };
    let seconds = started.elapsed().as_secs_f64();
    let output = std::fs::read_to_string(out.path()).expect("its output");
    assert!(status.success(), "{output}");
    Taken { seconds, memory, output }
}

/// Most memory that a process had so far.
pub fn peak_mebibytes(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}

/// Prints median, least and most, and the peak; gives the median back.
pub fn show(what: &str, runs: &[Taken]) -> f64 {
    let mut seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    let (least, most) = (seconds[0], seconds[seconds.len() - 1]);
    let memory = runs.iter().map(|run| run.memory).max().unwrap_or(0);
    println!("{what:<34} {median:8.2} s ({least:.2} to {most:.2}), peak {memory} MiB");
    median
}
