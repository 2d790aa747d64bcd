//! Temporary projects and runs of the real binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A project in a temporary folder with a source of small CSV files.
pub struct TestProject {
    root: PathBuf,
    _folder: Option<TempDir>,
}

/// What one call of the binary gave.
pub struct Called {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Columns of the files that [`TestProject::deliver`] writes.
pub const HEADER: &str = "date,document,client,product,manager,quantity,amount,cost";

const STAGING: &str = "\
-- Test sales: one document line per row.
-- raw: date date
-- raw: document text
-- raw: client text
-- raw: product text
-- raw: manager text
-- raw: quantity decimal(18,3)
-- raw: amount decimal(18,4)
-- raw: cost decimal(18,4)
select
    date as sale_date,
    document as document_id,
    client as client_id,
    product as product_id,
    manager,
    quantity,
    amount as revenue,
    cost,
    case when client = 'TOTAL' then 'totals_row' end as excluded
from raw
";

/// Enough tables for what is tested of runs; every one of them would take several times as long.
const TABLES: &str = "\
tables = ['entity_month', 'abc_xyz_matrix', 'abc_xyz_transitions', 'client_lifecycle', 'lifecycle_matrix', \
'lifecycle_transitions', 'churn', 'churn_restated', 'lost_clients', 'returned_clients', 'cohort_retention', \
'churn_cohorts', 'growth_accounting', 'abc_xyz']
";

const PIPELINE: &str = "\
[[source]]
name = \"shop\"
files = \"in/*.csv\"
staging = \"test_sales\"
";

impl TestProject {
    /// A project with the test staging and one pipeline, `shop`, whose file ends in `extra`.
    pub fn new(extra: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let project = Self { root: folder.path().to_owned(), _folder: Some(folder) };
        project.fill(&format!("{TABLES}{PIPELINE}{extra}"));
        project
    }

    /// The same with every table there is.
    pub fn of_all_tables(extra: &str) -> Self {
        let project = Self::new("");
        project.fill(&format!("{PIPELINE}{extra}"));
        project
    }

    /// The same in a folder that somebody else removes.
    pub fn within(root: &Path) -> Self {
        let project = Self { root: root.to_owned(), _folder: None };
        project.fill(&format!("{TABLES}{PIPELINE}"));
        project
    }

    /// A project that is there already, in a folder that somebody else removes.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), _folder: None }
    }

    /// Gives the project the segments of the sample.
    pub fn copy_segments(&self) {
        for entry in std::fs::read_dir(repository().join("sql/segments")).expect("the segments") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("readable");
            self.write(&format!("sql/segments/{name}"), &text);
        }
    }

    fn fill(&self, pipeline: &str) {
        self.write("pipelines/shop.toml", pipeline);
        self.write("sql/staging/test_sales.sql", STAGING);
        std::fs::create_dir_all(self.path("in")).expect("the source folder");
    }

    /// Lets the pipeline compute a table of the project's own beside the others, or alone.
    pub fn compute(&self, table: &str, alone: bool) {
        let pipeline = std::fs::read_to_string(self.path("pipelines/shop.toml")).expect("there");
        let (tables, rest) = pipeline.split_once('\n').expect("a line of tables");
        assert!(tables.starts_with("tables = ["), "{tables}");
        let tables = match alone {
            true => format!("tables = ['{table}']"),
            false => tables.replace("tables = [", &format!("tables = ['{table}', ")),
        };
        self.write("pipelines/shop.toml", &format!("{tables}\n{rest}"));
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }

    /// Delivers a file of sales rows (without header).
    pub fn deliver(&self, name: &str, rows: &[&str]) {
        let mut text = format!("{HEADER}\n");
        for row in rows {
            text.push_str(row);
            text.push('\n');
        }
        self.write(&format!("in/{name}"), &text);
    }

    /// Delivers several months of a small, lively shop.
    pub fn deliver_months(&self, months: &[&str]) {
        for month in months {
            let rows = shop_month(month);
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            self.deliver(&format!("sales_{month}.csv"), &rows);
        }
    }

    /// Runs the binary in the project.
    pub fn call(&self, arguments: &[&str]) -> Called {
        finished(self.command(arguments).output().expect("the binary runs"))
    }

    /// The binary, ready to run in the project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clientbase"));
        command.arg("--project").arg(&self.root).args(arguments);
        command.env_remove("CLIENTBASE_PROJECT").env_remove("RUST_LOG").env("COLUMNS", "100");
        command
    }

    /// Runs the pipeline, which must succeed, and returns the run report.
    pub fn run(&self) -> serde_json::Value {
        let called = self.call(&["run", "shop", "--json"]);
        assert_eq!(called.code, 0, "{}\n{}", called.stdout, called.stderr);
        serde_json::from_str(&called.stdout).expect("a report")
    }

    /// Runs the pipeline with more arguments: exit code, run report and what was said.
    pub fn run_with(&self, arguments: &[&str]) -> (i32, serde_json::Value, String) {
        let called = self.call(&[&["run", "shop", "--json"], arguments].concat());
        let report = serde_json::from_str(&called.stdout).unwrap_or_default();
        (called.code, report, called.stderr)
    }

    /// Runs the pipeline, which must be refused, and returns the message.
    pub fn refused(&self, code: i32) -> String {
        let called = self.call(&["run", "shop", "--quiet"]);
        assert_eq!(called.code, code, "{}\n{}", called.stdout, called.stderr);
        called.stderr
    }

    /// A second run finds nothing to do, says nothing and changes nothing.
    pub fn assert_at_rest(&self) {
        let report = self.run();
        assert_eq!(report["outcome"], "nothing_to_do", "{report:#}");
        // What waits to be accepted is told every night, and so is an empty folder.
        let nightly = ["is still set aside", "no file matches its `files` any more"];
        let is_nightly = |note: &&str| nightly.iter().any(|text| note.contains(text));
        let others = notes(&report).into_iter().filter(|note| !is_nightly(note));
        assert_eq!(others.count(), 0, "{report:#}");
    }

    /// Sales lines: day, document, revenue and file, in this order.
    pub fn lines(&self) -> Vec<String> {
        self.query(
            "select sale_date, document_id, revenue, source_file from sales order by 1, 2, 3, 4",
        )
    }

    /// Removes a delivered file.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path("in").join(name)).expect("a delivered file");
    }

    /// Rows of a query as CSV, without the header.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let called = self.call(&["query", "--format", "csv", sql]);
        assert_eq!(called.code, 0, "{}", called.stderr);
        called.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    /// Text with the temporary folder named `[project]`.
    pub fn redact(&self, text: &str) -> String {
        let folder = self.root.canonicalize().expect("the folder");
        text.replace(&folder.display().to_string(), "[project]")
            .replace(&self.root.display().to_string(), "[project]")
    }

    /// Every published result with its bytes. What was restated is left out: it tells how
    /// the history came about, which differs where results must not.
    pub fn published(&self) -> BTreeMap<String, Vec<u8>> {
        published_results(&self.path("published/shop"))
    }
}

/// Rows of one month: ten clients with rhythms of their own, a return and two managers.
fn shop_month(month: &str) -> Vec<String> {
    let number: u32 = month[5..].parse().expect("a month");
    let year: u32 = month[..4].parse().expect("a year");
    let index = year * 12 + number;
    let mut rows = Vec::new();
    for client in 0..10_u32 {
        // Client k buys in every (k/3+1)-th month, so that some are lost and return.
        if !index.is_multiple_of(client / 3 + 1) && client != 0 {
            continue;
        }
        let manager = if client % 2 == 0 { "Anna" } else { "Boris" };
        let day = 1 + (client * 3 + number) % 28;
        let amount = 100 * (client + 1) + number;
        rows.push(format!(
            "{month}-{day:02},D{index}-{client},C{client},P{},{manager},{},{amount}.50,{}.25",
            client % 4,
            client + 1,
            amount / 2,
        ));
        if client == 3 {
            rows.push(format!("{month}-28,R{index},C3,P1,,-1,-20.25,-10"));
        }
    }
    rows
}

/// Published results below a folder, without what was restated.
pub fn published_results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = parquet_files(folder);
    files.retain(|name, _| !name.starts_with("restate"));
    files
}

/// Every Parquet file below a folder, by relative path.
pub fn parquet_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            let name = path.strip_prefix(root).expect("inside").display().to_string();
            files.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
}

/// Output of a finished process.
pub fn finished(output: Output) -> Called {
    Called {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Notes of a run report.
pub fn notes(report: &serde_json::Value) -> Vec<&str> {
    let notes = report["notes"].as_array().expect("notes");
    notes.iter().filter_map(serde_json::Value::as_str).collect()
}

/// Months that a run built, of all tables together.
pub fn months_built(report: &serde_json::Value) -> u64 {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().map(|table| table["months_built"].as_u64().expect("a count")).sum()
}

/// The repository.
pub fn repository() -> PathBuf {
    // As cargo says at run time: a folder that was moved or copied is tested as it is there.
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// Data kept beside the repository, or nothing with a message.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let path = repository().join("../shared").join(relative);
    if path.exists() {
        return Some(path);
    }
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    println!("{name}: skipped, {} is not there", path.display());
    None
}
