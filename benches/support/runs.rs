//! Runs of the program on a generated history.

use std::path::Path;
use std::process::Command;

use super::support::{Taken, timed};

/// The tables that the peer computes.
pub const CORE: &str = "tables = [\"entity_month\", \"abc_xyz\", \"abc_xyz_matrix\", \
     \"abc_xyz_transitions\", \"client_lifecycle\", \"lifecycle_matrix\", \"cohort_retention\", \
     \"churn\"]\n";
/// A table that needs no work: what is left is the history.
pub const HISTORY: &str = "tables = [\"canonical_client\"]\n";
/// The peer's dimensions; measures are the same by default.
pub const DIMENSIONS: &str = "parameters.abc.dimensions = [\"client\", \"product\", \"manager\", \
     \"branch\", \"region\", \"channel\"]\n";

/// File of a month of the generated history, counted from 0.
pub fn month_file(number: usize) -> String {
    format!("sales_{}-{:02}.csv", 2014 + number / 12, number % 12 + 1)
}

/// The program on a project.
pub fn program(project: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientbase"));
    command.arg("--project").arg(project).args(arguments);
    command
}

/// A run of the project's pipeline; its report is the output.
pub fn run(project: &Path) -> Taken {
    timed(&mut program(project, &["run", "generated", "--json", "--quiet"]))
}

/// A copy of a project that shares its files: they are replaced, never changed.
pub fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            std::fs::copy(&path, &target).expect("a copy");
        } else {
            std::fs::hard_link(&path, &target).expect("a link");
        }
    }
}
