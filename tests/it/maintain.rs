//! Retention: nothing that a kept run refers to is ever removed, and everything else is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use clientbase::config::Project;
use clientbase::store::{Location, Lock};
use serde_json::Value;

use crate::commands::check;
use crate::support::{TestProject, finished, parquet_files};

const BY_NAME: &str = "period = \"file_name\"\n";

/// A chain of runs with what each of them knew.
struct Chain {
    project: TestProject,
    /// Finished runs, oldest first, with the answers to [`QUESTIONS`] at their time.
    runs: Vec<(String, Vec<String>)>,
}

const QUESTIONS: [&str; 4] = [
    "select * from sales order by all",
    "select * from abc_xyz order by all",
    "select * from churn order by all",
    "select source, file, months, run from snapshots order by all",
];

fn answers(project: &TestProject, reference: &str) -> Vec<String> {
    let answer = |sql: &&str| {
        // `order by all` is not in the engine: order the lines here.
        let sql = sql.replace(" order by all", "");
        let called = project.call(&["query", "--format", "csv", "--as-of", reference, &sql]);
        assert_eq!(called.code, 0, "{reference}: {}", called.stderr);
        let mut lines: Vec<&str> = called.stdout.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    QUESTIONS.iter().map(answer).collect()
}

/// Steady pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn set_parameter(project: &TestProject, share: u64) {
    let path = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&path).expect("the pipeline");
    let before = text.split("[parameters").next().expect("a beginning");
    std::fs::write(&path, format!("{before}[parameters.abc]\na_share = 0.{share}\n"))
        .expect("writable");
}

fn set_retention(project: &TestProject, keep_days: i64, keep_runs: usize) {
    let path = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&path).expect("the pipeline");
    let before = text.split("[retention]").next().expect("a beginning");
    let section = format!("[retention]\nkeep_days = {keep_days}\nkeep_runs = {keep_runs}\n");
    std::fs::write(&path, format!("{before}{section}")).expect("writable");
}

/// Months that come, are corrected and come back, changed parameters, refused deliveries, nights
/// without news.
fn chain(seed: u64, length: usize) -> Chain {
    let project = TestProject::new(BY_NAME);
    let mut dice = Dice(seed);
    let mut months = 2;
    project.deliver_months(&["2024-01", "2024-02"]);
    let mut runs = Vec::new();
    for _ in 0..length {
        let mut refused = false;
        match dice.throw(6) {
            0 if months < 9 => {
                months += 1;
                project.deliver_months(&[&format!("2024-{months:02}")]);
            }
            1 | 2 => {
                let month = dice.throw(months) + 1;
                let path = project.path(&format!("in/sales_2024-{month:02}.csv"));
                let text = std::fs::read_to_string(&path).expect("the file");
                let amount = dice.throw(900) + 1;
                let line = format!("2024-{month:02}-05,X{amount},C1,P1,Anna,1,{amount}.00,1\n");
                std::fs::write(&path, format!("{text}{line}")).expect("writable");
            }
            3 => {
                // Back to the first delivery: content that an old version had.
                let month = dice.throw(months) + 1;
                project.deliver_months(&[&format!("2024-{month:02}")]);
            }
            4 => set_parameter(&project, 6 + dice.throw(3)),
            5 => {
                project.deliver("bad_2024-12.csv", &["2024-12-01,A,C1,P1,Anna,1,n/a,1"]);
                refused = true;
            }
            _ => {}
        }
        if refused {
            assert_eq!(project.call(&["run", "shop"]).code, 65);
            std::fs::remove_file(project.path("in/bad_2024-12.csv")).expect("removable");
        } else {
            let run = project.run()["run"].as_str().expect("a run").to_owned();
            runs.push((run.clone(), answers(&project, &run)));
        }
    }
    Chain { project, runs }
}

/// Makes the runs lie ten days apart, as their reports say.
fn age(chain: &Chain) {
    for (place, (run, _)) in chain.runs.iter().enumerate() {
        let path = chain.project.path(&format!("warehouse/shop/runs/{run}.json"));
        let text = std::fs::read_to_string(&path).expect("a report");
        let mut report: Value = serde_json::from_str(&text).expect("JSON");
        let day = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day")
            + chrono::Days::new(10 * place as u64);
        report["started"] = Value::from(format!("{day}T01:00:00Z"));
        std::fs::write(&path, serde_json::to_vec_pretty(&report).expect("JSON")).expect("writable");
    }
}

fn maintain(project: &TestProject) -> Value {
    let called = project.call(&["maintain", "shop", "--json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    serde_json::from_str(&called.stdout).expect("JSON")
}

fn removed(done: &Value) -> (u64, u64) {
    let tables = done["tables"].as_array().expect("tables");
    let sum =
        |field: &str| tables.iter().map(|table| table[field].as_u64().expect("a count")).sum();
    (sum("files_removed"), sum("log_entries_removed"))
}

/// The newest runs answer as before; those before them say that they are gone.
fn assert_kept(chain: &Chain, kept: usize) {
    let gone = chain.runs.len() - kept;
    for (run, _) in &chain.runs[..gone] {
        for arguments in [vec!["query", "--as-of", run, "select 1"], vec!["diff", run, "last"]] {
            let called = chain.project.call(&arguments);
            assert_eq!(called.code, 78, "{run}: {}", called.stdout);
            assert!(called.stderr.contains("is older than retention keeps"), "{}", called.stderr);
        }
    }
    for (run, expected) in &chain.runs[gone..] {
        assert!(answers(&chain.project, run) == *expected, "{run} answers differently");
    }
}

/// Data files on disk, and those that some kept run refers to, counted by another way: the Delta
/// log is replayed here line by line before anything is removed.
fn files_of_runs(project: &TestProject, runs: &[&str]) -> BTreeSet<String> {
    let warehouse = project.path("warehouse/shop");
    let mut needed = BTreeSet::new();
    for run in runs {
        let text = std::fs::read_to_string(warehouse.join(format!("runs/{run}.json")));
        let report: Value = serde_json::from_str(&text.expect("a report")).expect("JSON");
        for (table, version) in report["versions"].as_object().expect("versions") {
            needed.extend(replay(&warehouse, table, version.as_u64().expect("a version")));
        }
    }
    needed
}

fn replay(warehouse: &Path, table: &str, version: u64) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in 0..=version {
        let path = warehouse.join(format!("{table}/_delta_log/{entry:020}.json"));
        for line in std::fs::read_to_string(path).expect("a log entry").lines() {
            let action: Value = serde_json::from_str(line).expect("JSON");
            if let Some(path) = action["add"]["path"].as_str() {
                files.insert(format!("{table}/{path}"));
            }
            if let Some(path) = action["remove"]["path"].as_str() {
                files.remove(&format!("{table}/{path}"));
            }
        }
    }
    files
}

fn data_files(project: &TestProject) -> BTreeSet<String> {
    let files = parquet_files(&project.path("warehouse/shop")).into_keys();
    files.filter(|name| !name.contains("_delta_log") && !name.starts_with("_staging")).collect()
}

#[test]
fn every_kept_run_answers_as_before() {
    for seed in [1, 2] {
        let chain = chain(seed, 7);
        let project = &chain.project;
        let published = project.published();
        age(&chain);
        let count = chain.runs.len();
        // The default keeps everything.
        assert_eq!(removed(&maintain(project)), (0, 0), "seed {seed}");
        assert_kept(&chain, count);
        let all: Vec<&str> = chain.runs.iter().map(|(run, _)| run.as_str()).collect();
        // Ten days lie between two runs: 25 days reach back over three of them.
        let steps = [(25, 1, 3), (10, 1, 2), (1, 1, 1)];
        let expected: Vec<BTreeSet<String>> = steps
            .iter()
            .map(|(_, _, kept)| files_of_runs(project, &all[count - (*kept).min(count)..]))
            .collect();
        for ((keep_days, keep_runs, kept), expected) in steps.into_iter().zip(expected) {
            set_retention(project, keep_days, keep_runs);
            let kept = kept.min(count);
            let dry = project.call(&["maintain", "shop", "--dry-run", "--json"]);
            let before = data_files(project);
            let planned: Value = serde_json::from_str(&dry.stdout).expect("JSON");
            let done = maintain(project);
            assert_eq!(removed(&done), removed(&planned), "seed {seed}");
            assert_eq!(done["runs_kept"].as_array().expect("runs").len(), kept);
            let after = data_files(project);
            assert_eq!(before.len() - after.len(), removed(&done).0 as usize);
            assert!(expected.is_subset(&after), "seed {seed}: a needed file is gone");
            let left: Vec<_> = after.difference(&expected).collect();
            assert!(left.is_empty(), "seed {seed}: {left:?}");
            assert_kept(&chain, kept);
            assert_eq!(removed(&maintain(project)), (0, 0), "a second time finds nothing");
        }
        // A more generous setting brings nothing back, and takes nothing.
        set_retention(project, 3650, 30);
        assert_eq!(maintain(project)["runs_kept"].as_array().expect("runs").len(), 1);
        assert_kept(&chain, 1);
        // The next run goes on from here, as if nothing had been removed.
        assert_eq!(project.run()["outcome"], "nothing_to_do");
        assert!(project.published() == published);
        project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
        project.run();
        let sum = project.query("select sum(revenue) from sales where month = date '2024-01-01'");
        assert_eq!(sum, ["10.0000"]);
    }
}

#[test]
fn the_newest_runs_stay_however_old() {
    let chain = chain(7, 5);
    age(&chain);
    set_retention(&chain.project, 1, 4);
    let done = maintain(&chain.project);
    let kept = chain.runs.len().min(4);
    assert_eq!(done["runs_kept"].as_array().expect("runs").len(), kept);
    assert_kept(&chain, kept);
}

/// Logs get checkpoints, are shortened, and still open.
#[test]
fn long_logs_are_shortened() {
    let project = TestProject::new(BY_NAME);
    let mut runs = Vec::new();
    for night in 0..8 {
        let line = format!("2024-01-10,A,C1,P1,Anna,1,{night}.50,5");
        project.deliver("sales_2024-01.csv", &[&line]);
        runs.push(project.run()["run"].as_str().expect("a run").to_owned());
    }
    let chain = Chain { project, runs: runs.iter().map(|run| (run.clone(), Vec::new())).collect() };
    let project = &chain.project;
    let entries = || {
        let folder = project.path("warehouse/shop/sales/_delta_log");
        let names = std::fs::read_dir(folder).expect("a log");
        names
            .map(|name| name.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".json"))
            .count()
    };
    let sum = |run: &str| {
        let sql = "select sum(revenue) from sales";
        let called = project.call(&["query", "--format", "csv", "--as-of", run, sql]);
        assert_eq!(called.code, 0, "{run}: {}", called.stderr);
        called.stdout.lines().last().expect("a sum").to_owned()
    };
    age(&chain);
    assert_eq!(entries(), 8);
    let first = maintain(&chain.project);
    let sales = first["tables"].as_array().expect("tables").iter();
    let sales = sales.clone().find(|table| table["table"] == "sales").expect("sales");
    // More than five entries without a checkpoint make one.
    assert_eq!(sales["checkpoints_written"], serde_json::json!([7]));
    assert_eq!(sum(&runs[0]), "0.5000");
    set_retention(&chain.project, 1, 3);
    maintain(&chain.project);
    assert_eq!(entries(), 3);
    for (back, run) in runs.iter().rev().take(3).enumerate() {
        assert_eq!(sum(run), format!("{}.5000", 7 - back));
    }
    assert_eq!(chain.project.run()["outcome"], "nothing_to_do");
    chain.project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,99.50,5"]);
    chain.project.run();
    assert_eq!(sum("last"), "99.5000");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn a_killed_maintenance_is_completed_by_the_next() {
    let chain = chain(11, 6);
    age(&chain);
    let kept = 2;
    set_retention(&chain.project, 1, kept);
    let original = chain.project.path("");
    let copy = |name: &str| {
        let folder = tempfile::Builder::new().prefix(name).tempdir().expect("a folder");
        copy_folder(&original, folder.path());
        folder
    };
    let whole_folder = copy("whole");
    let started = Instant::now();
    maintain(&TestProject::at(whole_folder.path()));
    let whole = started.elapsed();
    let expected = data_files(&TestProject::at(whole_folder.path()));
    assert!(expected.len() < data_files(&chain.project).len(), "nothing was removed");
    let steps = 6;
    let mut caught = 0;
    for step in 1..=steps {
        let folder = copy("killed");
        let project = TestProject::at(folder.path());
        let mut child = project
            .command(&["maintain", "shop", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        if step % 2 == 0 {
            std::thread::sleep(whole * step / (steps + 1));
        } else {
            // In the middle of removing: from the mark on.
            let mark = project.path("warehouse/shop/retention.json");
            while !mark.exists() && child.try_wait().expect("a child").is_none() {
                std::hint::spin_loop();
            }
            std::thread::sleep(Duration::from_millis(20) * (step - 1));
        }
        caught += u32::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("killable");
        child.wait().expect("a child");
        let (gone, still) = chain.runs.split_at(chain.runs.len() - kept);
        for (run, answer) in still {
            assert!(answers(&project, run) == *answer, "{run} after a kill at step {step}");
        }
        // A run that is going says so, or is all there: it is never half there.
        for (run, answer) in gone {
            let called = project.call(&["query", "--as-of", run, "select 1"]);
            match called.code {
                0 => assert!(answers(&project, run) == *answer, "{run} is half gone"),
                code => assert_eq!(code, 78, "{}", called.stderr),
            }
        }
        maintain(&project);
        assert!(data_files(&project) == expected, "after a kill at step {step}");
        for (run, answer) in &chain.runs[chain.runs.len() - kept..] {
            assert!(answers(&project, run) == *answer, "{run} after the second time");
        }
        assert_eq!(project.run()["outcome"], "nothing_to_do");
    }
    assert!(caught >= steps / 2, "only {caught} were caught alive");
}

#[test]
fn maintenance_says_what_it_does() {
    let project = TestProject::new(BY_NAME);
    check("maintain_before_run", &project, &project.call(&["maintain"]));
    assert!(!project.path("warehouse").exists(), "it makes no warehouse");
    project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    let first = project.run()["run"].as_str().expect("a run").to_owned();
    project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,11.00,5"]);
    let second = project.run()["run"].as_str().expect("a run").to_owned();
    check("maintain_nothing", &project, &project.call(&["maintain", "shop"]));
    let runs = [first.clone(), second].map(|run| (run, Vec::new())).to_vec();
    let chain = Chain { project, runs };
    age(&chain);
    let project = chain.project;
    set_retention(&project, 1, 1);
    let before = parquet_files(&project.path("warehouse/shop"));
    let dry = project.call(&["maintain", "shop", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert!(dry.stdout.contains("would be removed"), "{}", dry.stdout);
    assert!(parquet_files(&project.path("warehouse/shop")) == before, "a dry run removed files");
    assert_eq!(project.call(&["query", "--as-of", &first, "select 1"]).code, 0);
    let called = project.call(&["maintain", "shop"]);
    assert!(called.stdout.starts_with("kept 1 run, from "), "{}", called.stdout);
    assert!(called.stdout.contains("no longer readable: 1 run"), "{}", called.stdout);
    check("as_of_removed", &project, &project.call(&["query", "--as-of", &first, "select 1"]));
    check("diff_removed", &project, &project.call(&["diff", &first, "last"]));
    check("runs_removed", &project, &project.call(&["runs"]));
}

#[test]
fn maintenance_waits_for_nobody_and_takes_no_work_away() {
    let project = TestProject::new(BY_NAME);
    project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.run();
    let warehouse = project.path("warehouse/shop");
    {
        let opened = Project::open(&project.path("")).expect("the project");
        let url = opened.resolve_folder("warehouse/shop").expect("a folder");
        let location = Location::open(&url).expect("a folder");
        let _lock = Lock::acquire(&location).expect("free");
        let called = project.call(&["maintain", "shop"]);
        assert_eq!(called.code, 75, "{}", called.stderr);
    }
    // Staged by a run that was interrupted: young work is taken over by the next run.
    let staged = warehouse.join("_staging/sales/shop/x.parquet");
    std::fs::create_dir_all(staged.parent().expect("a folder")).expect("folders");
    std::fs::write(&staged, b"staged").expect("writable");
    // Not ours, so not ours to remove; ours in name, but of no version.
    let foreign = warehouse.join("sales/notes.txt");
    std::fs::write(&foreign, b"foreign").expect("writable");
    let orphan = warehouse.join("sales/shop/2024-01-0000000000000000-0000000000000000.parquet");
    std::fs::write(&orphan, b"orphan").expect("writable");
    let done = maintain(&project);
    assert!(staged.exists() && foreign.exists() && !orphan.exists(), "{done}");
    let month_ago = SystemTime::now() - Duration::from_secs(30 * 86_400);
    let file = std::fs::File::options().write(true).open(&staged).expect("the file");
    file.set_modified(month_ago).expect("a time");
    let done = maintain(&project);
    assert_eq!(done["staged_removed"]["files"], 1);
    assert!(!staged.exists());
    assert_eq!(project.run()["outcome"], "nothing_to_do");
}

#[test]
fn wrong_retention_settings_are_refused() {
    let project = TestProject::new("");
    let mut told = BTreeMap::new();
    for setting in ["keep_days = 0", "keep_days = 36501", "keep_runs = 0", "keep_month = 1"] {
        let path = project.path("pipelines/shop.toml");
        let text = std::fs::read_to_string(&path).expect("the pipeline");
        let before = text.split("[retention]").next().expect("a beginning");
        std::fs::write(&path, format!("{before}[retention]\n{setting}\n")).expect("writable");
        let called = finished(project.command(&["check"]).output().expect("the binary runs"));
        assert_eq!(called.code, 78, "{setting}");
        told.insert(setting, called.stderr.lines().next().unwrap_or_default().to_owned());
    }
    insta::assert_debug_snapshot!(told);
}
