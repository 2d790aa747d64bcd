//! Runs `inspect` in a folder of its own.

use std::path::Path;
use std::process::Command;

/// What a command said and wrote.
pub struct Outcome {
    pub code: i32,
    pub report: String,
    pub talk: String,
    /// Text of the written pipeline file.
    pub pipeline: String,
    /// Text of the written staging file.
    pub staging: String,
}

/// Writes files to a new folder and inspects them there; `{files}` stands for their names.
pub fn inspect(files: &[(&str, Vec<u8>)], options: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("a step of the test");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a step of the test");
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    run(folder.path(), &names, options)
}

pub fn run(folder: &Path, names: &[&str], options: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_clientbase"))
        .current_dir(folder)
        .arg("inspect")
        .args(names)
        .args(["--write", "project", "--name", "source"])
        .args(options)
        .output()
        .expect("a step of the test");
    let shown = folder.display().to_string();
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).expect("a step of the test").replace(&shown, "[folder]")
    };
    let written = |path: &str| {
        std::fs::read_to_string(folder.join("project").join(path))
            .unwrap_or_default()
            .replace(&shown, "[folder]")
    };
    Outcome {
        code: output.status.code().expect("a step of the test"),
        report: text(output.stdout),
        talk: text(output.stderr),
        pipeline: written("pipelines/source.toml"),
        staging: written("sql/staging/source.sql"),
    }
}

impl Outcome {
    /// Everything, for a snapshot.
    pub fn all(&self) -> String {
        format!(
            "exit {}\n{}\n--- stderr\n{}\n--- pipelines/source.toml\n{}\n--- sql/staging/source.sql\n{}",
            self.code, self.report, self.talk, self.pipeline, self.staging
        )
    }

    /// The report's line that begins with this word, its blanks made single.
    pub fn line(&self, begin: &str) -> String {
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        self.report.lines().map(plain).find(|line| line.starts_with(begin)).unwrap_or_default()
    }
}
