//! Killed runs, locks, broken stores and refused data: nothing half done, a clear word, the
//! documented exit code.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clientbase::config::Project;
use clientbase::store::{Location, Lock};

use crate::support::{TestProject, finished, parquet_files};

const MONTHS: [&str; 6] = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"];
const BY_NAME: &str = "period = \"file_name\"\n";

fn shop() -> TestProject {
    let project = TestProject::new(BY_NAME);
    project.deliver_months(&MONTHS);
    project
}

fn undisturbed() -> (BTreeMap<String, Vec<u8>>, Duration) {
    let project = shop();
    let started = Instant::now();
    project.run();
    (project.published(), started.elapsed())
}

/// Kills a run after a while; whether it was still running then.
fn kill_after(project: &TestProject, delay: Duration) -> bool {
    let mut child = project
        .command(&["run", "shop"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(delay);
    let running = child.try_wait().expect("a child").is_none();
    child.kill().expect("killable");
    child.wait().expect("a child");
    running
}

#[test]
fn a_killed_run_is_completed_by_the_next() {
    let (expected, whole) = undisturbed();
    let steps = 8;
    let mut killed = 0;
    for step in 1..=steps {
        let project = shop();
        if kill_after(&project, whole * step / (steps + 1)) {
            killed += 1;
        }
        // Whatever is published already is of complete files.
        for (name, bytes) in project.published() {
            assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{name} is torn");
        }
        project.run();
        let published = project.published();
        assert_eq!(published.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, bytes) in &expected {
            assert!(published[name] == *bytes, "{name} differs after a kill at step {step}");
        }
        let left: Vec<_> =
            parquet_files(&project.path("warehouse/shop/_staging")).into_keys().collect();
        assert!(left.is_empty(), "staged files are left: {left:?}");
    }
    assert!(killed >= steps / 2, "only {killed} runs were caught alive");
}

/// Kills a run as soon as a table has its first commit; false when the run was faster.
fn kill_at_commit_of(project: &TestProject, table: &str) -> bool {
    let log = project.path(&format!("warehouse/shop/{table}/_delta_log/00000000000000000000.json"));
    let mut child = project
        .command(&["run", "shop"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    while !log.exists() && child.try_wait().expect("a child").is_none() {
        std::hint::spin_loop();
    }
    child.kill().expect("killable");
    child.wait().expect("a child");
    !project.path("published/shop/manifest.json").exists()
}

#[test]
fn a_run_killed_between_two_commits_is_completed_by_the_next() {
    let (expected, _) = undisturbed();
    for table in ["sales", "snapshots", "entity_month", "abc_xyz", "churn"] {
        let project = shop();
        let caught = (0..5).any(|_| kill_at_commit_of(&project, table));
        if !caught && table == "churn" {
            // The last commits may be too quick to be caught.
            continue;
        }
        assert!(caught, "no run was killed at the commit of {table}");
        let called = project.call(&["run", "shop"]);
        assert_eq!(called.code, 0, "{table}: {}", called.stderr);
        assert!(project.published() == expected, "results differ after a kill at {table}");
        assert_eq!(project.run()["outcome"], "nothing_to_do", "{table}");
    }
}

/// A run that is killed after it committed the new lines, but not what it knows of them, must
/// not get in the way of what is delivered next.
#[test]
fn a_run_killed_while_correcting_is_forgotten_or_completed() {
    let first = ["2024-01-10,A,C1,P1,Anna,1,10.00,5"];
    let second = ["2024-01-10,A,C1,P1,Anna,1,11.00,5", "2024-02-10,A,C1,P1,Anna,1,12.00,5"];
    let third = ["2024-01-10,A,C1,P1,Anna,1,13.00,5"];
    let killed_between_commits = || {
        let project = TestProject::new("");
        project.deliver("a.csv", &first);
        project.run();
        project.deliver("a.csv", &second);
        let log = |table: &str| {
            project.path(&format!("warehouse/shop/{table}/_delta_log/00000000000000000001.json"))
        };
        let (sales, ledger) = (log("sales"), log("snapshots"));
        let mut child =
            project.command(&["run", "shop", "--quiet"]).spawn().expect("the binary runs");
        while !sales.exists() && child.try_wait().expect("a child").is_none() {
            std::hint::spin_loop();
        }
        child.kill().expect("killable");
        child.wait().expect("a child");
        (sales.exists() && !ledger.exists()).then_some(project)
    };
    for after in ["the same file", "another file", "no new file"] {
        let project = (0..5).find_map(|_| killed_between_commits());
        let project = project.expect("a run that was caught between its commits");
        let expected: &[&str] = match after {
            "the same file" => &second,
            "another file" => {
                project.deliver("a.csv", &third);
                &third
            }
            _ => {
                std::fs::remove_file(project.path("in/a.csv")).expect("removable");
                &first
            }
        };
        project.run();
        let fresh = TestProject::new("");
        fresh.deliver("a.csv", expected);
        fresh.run();
        assert!(project.published() == fresh.published(), "after {after}");
        assert_eq!(project.run()["outcome"], "nothing_to_do", "after {after}");
    }
}

#[test]
fn folders_that_belong_to_others_are_refused() {
    let project = TestProject::new("");
    project.deliver_months(&MONTHS[..2]);
    let pipeline = std::fs::read_to_string(project.path("pipelines/shop.toml")).expect("there");
    for folders in [
        "warehouse = \"out\"\npublished = \"out\"\n",
        "warehouse = \"in/x\"\n",
        "warehouse = \"a\"\npublished = \"a/b\"\n",
    ] {
        project.write("pipelines/shop.toml", &format!("{folders}{pipeline}"));
        let called = project.call(&["run", "shop"]);
        assert_eq!(
            called.code,
            if folders.contains("in/x") { 0 } else { 78 },
            "{folders}: {}",
            called.stderr
        );
    }
    project.write("pipelines/shop.toml", &pipeline);
    project.run();
    let folders = "warehouse = \"warehouse/shop\"\npublished = \"published/two\"\n";
    project.write("pipelines/two.toml", &format!("{folders}{pipeline}"));
    let called = project.call(&["run", "two"]);
    assert_eq!(called.code, 78, "{}", called.stderr);
    assert!(called.stderr.contains("belongs to pipeline `shop`"), "{}", called.stderr);
}

#[test]
fn an_interrupted_run_continues_where_it_was() {
    let (_, whole) = undisturbed();
    let resumed = (3..8).find_map(|step| {
        let project = shop();
        kill_after(&project, whole * step / 8);
        let report = project.run();
        let tables = report["tables"].as_array().expect("tables");
        let months: u64 = tables.iter().filter_map(|table| table["months_resumed"].as_u64()).sum();
        (months > 0).then_some(months)
    });
    assert!(resumed.is_some(), "no run took over staged months");
}

#[test]
fn the_second_of_two_runs_is_told_to_wait() {
    let project = shop();
    let opened = Project::open(&project.path("")).expect("the project");
    let url = opened.resolve_folder("warehouse/shop").expect("a folder");
    let lock = Lock::acquire(&Location::open(&url).expect("a location")).expect("the lock");
    let second = project.call(&["run", "shop"]);
    assert_eq!(second.code, 75, "{}", second.stderr);
    assert!(second.stderr.contains("another run (process "), "{}", second.stderr);
    assert!(second.stderr.contains("hint: wait for it to end"), "{}", second.stderr);
    drop(lock);
    project.run();
}

#[test]
fn a_full_disk_leaves_yesterdays_results() {
    let project = shop();
    project.run();
    let before = project.published();
    // Enough lines for a file that is larger than the process may write.
    let rows: Vec<String> = (0..40_000)
        .map(|row| {
            format!(
                "2024-07-{:02},D{row},C{},P{},Anna,1,{}.37,2",
                1 + row % 28,
                row * 7919 % 10_007,
                row % 97,
                row
            )
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    project.deliver("sales_2024-07.csv", &rows);
    // A limit on file size fails writes like a full disk does, once its signal is ignored.
    let binary = env!("CARGO_BIN_EXE_clientbase");
    let limited = Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"")
        .arg(binary)
        .arg("--project")
        .arg(project.path(""))
        .args(["run", "shop"])
        .output()
        .expect("a shell");
    let limited = finished(limited);
    assert_eq!(limited.code, 69, "{}\n{}", limited.stdout, limited.stderr);
    assert!(limited.stderr.contains("cannot write"), "{}", limited.stderr);
    assert_eq!(project.published(), before);
    let report = project.run();
    assert_eq!(report["outcome"], "ok");
}

#[test]
fn a_failed_audit_keeps_yesterdays_results_and_the_rows() {
    let project = shop();
    project.run();
    let before = project.published();
    project.write(
        "sql/audits/no_client_c3.sql",
        "-- Nobody is called C3.\n-- audits: entity_month\n-- reads: entity_month[0]\n\
         select month, entity_id, revenue from entity_month\n\
         where dimension = 'client' and entity_id = 'C3' and month = $last_month\n",
    );
    project.deliver("sales_2024-07.csv", &["2024-07-10,L1,C3,P1,Anna,2,50.00,20"]);
    let called = project.call(&["run", "shop", "--json"]);
    assert_eq!(called.code, 65, "{}", called.stderr);
    assert!(
        called
            .stderr
            .contains("audit no_client_c3 of entity_month found 1 rows in 2024-06..2024-07"),
        "{}",
        called.stderr
    );
    let report: serde_json::Value = serde_json::from_str(&called.stdout).expect("a report");
    assert_eq!(report["outcome"], "audit_failed");
    let kept = report["audits"]["failed"][0]["kept_in"].as_str().expect("a file").to_owned();
    let rows =
        std::fs::read_to_string(project.path("warehouse/shop").join(kept)).expect("kept rows");
    assert_eq!(rows, "month,entity_id,revenue\n2024-07-01,C3,50.0000\n");
    assert_eq!(project.published(), before);
    let lines = project.query("select count(*) from sales where month = date '2024-07-01'");
    assert_eq!(lines, ["0"], "not even the history has the new month");
    std::fs::remove_file(project.path("sql/audits/no_client_c3.sql")).expect("removable");
    assert_eq!(project.run()["outcome"], "ok");
}

#[test]
fn a_broken_contract_is_found_while_writing() {
    let project = shop();
    project.compute("twice", false);
    project.write(
        "sql/marts/twice.sql",
        "-- One row per month, they say.\n-- grain: month\n-- reads: sales[0]\n\
         -- column: month date not null -- Month\n-- column: client text not null -- Client\n\
         select month, case when client_id <> 'C0' then client_id end as client from sales\n\
         where month between $first_month and $last_month group by 1, 2\n",
    );
    let called = project.call(&["run", "shop"]);
    assert_eq!(called.code, 65, "{}", called.stderr);
    assert!(called.stderr.contains("audit unique_grain of twice found"), "{}", called.stderr);
    assert!(
        called.stderr.contains("audit not_null_client of twice found 1 rows in 2024-01"),
        "{}",
        called.stderr
    );
    assert!(project.published().is_empty());
}

#[test]
fn too_many_rejects_refuse_the_run() {
    let project = shop();
    project.run();
    let before = project.published();
    project.deliver(
        "sales_2024-07.csv",
        &["2024-07-10,L1,C3,P1,Anna,2,50.00,20", "2024-02-30,L2,C3,P1,Anna,2,n/a,20"],
    );
    let called = project.call(&["run", "shop"]);
    assert_eq!(called.code, 65, "{}", called.stderr);
    assert!(called.stderr.contains("1 of 2 lines rejected"), "{}", called.stderr);
    assert!(
        called.stderr.contains("sales_2024-07.csv:3: date \"2024-02-30\" is not a date"),
        "{}",
        called.stderr
    );
    assert_eq!(project.published(), before);
}

#[test]
fn rejected_and_excluded_lines_are_kept_and_counted() {
    let project = TestProject::new("period = \"file_name\"\nmax_reject_share = 0.9\n");
    project.deliver(
        "sales_2024-01.csv",
        &[
            "2024-01-10,A,C1,P1,Anna,2,50.00,20",
            "2024-01-11,B,,P1,Anna,2,50.00,20",
            "2024-01-12,C,C1,P1,Anna,2,n/a,20",
            "2024-01-13,D,C1,P1,Anna,2,1.00005,20",
            "2024-02-01,E,C1,P1,Anna,2,1.00,20",
            "2024-01-14,F,C1,P1,Anna,2,99999999999999999,20",
            "2024-01-15,G,C1",
            ",,TOTAL,,,,400.00,",
        ],
    );
    let report = project.run();
    let snapshot = &report["snapshots"][0];
    assert_eq!(snapshot["lines"], 8);
    assert_eq!(snapshot["accepted"], 1);
    assert_eq!(snapshot["excluded"]["totals_row"], 1);
    assert_eq!(snapshot["rejected"], 6);
    let rejects = project
        .query("select row_number, column_name, value, reason from rejects order by row_number");
    insta::assert_snapshot!(rejects.join("\n"), @r#"
    3,client_id,,is missing
    4,amount,n/a,is not a number
    5,amount,1.00005,has more than 4 decimals
    6,sale_date,2024-02-01,"lies outside the period of the file, 2024-01"
    7,amount,99999999999999999,is too large
    8,,,"has 3 cells, the header has 8"
    "#);
    let text = project.query("select raw_text from rejects where row_number = 4");
    assert_eq!(text, ["\"2024-01-12,C,C1,P1,Anna,2,n/a,20\""]);
}

#[test]
fn damaged_files_are_named() {
    let project = TestProject::new("");
    project.write(
        "pipelines/shop.toml",
        "[[source]]\nname = \"shop\"\nfiles = \"in/*.csv*\"\nstaging = \"test_sales\"\n",
    );
    project.deliver("sales_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,2,50.00,20"]);
    project.run();
    let before = project.published();
    let rows: String =
        (0..5_000).map(|row| format!("2024-02-10,{row},C1,P1,Anna,2,{row}.50,20\n")).collect();
    let text = format!("{}\n{rows}", crate::support::HEADER);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).expect("in memory");
    let packed = packed.finish().expect("in memory");
    let damages: [(&str, Vec<u8>, &str); 5] = [
        ("cut.csv.gz", packed[..packed.len() / 2].to_vec(), "cut.csv.gz"),
        ("text.csv.gz", b"date,client\n".to_vec(), "text.csv.gz"),
        ("empty.csv", Vec::new(), "empty.csv: the file is empty"),
        ("other.csv", b"datum,kunde\n1,2\n".to_vec(), "other.csv: no header is found"),
        (
            "twice.csv",
            b"date,date,document,client,product,manager,quantity,amount,cost\n".to_vec(),
            "has the column `date` twice",
        ),
    ];
    for (name, bytes, message) in damages {
        let path = project.path(&format!("in/{name}"));
        std::fs::write(&path, bytes).expect("writable");
        let called = project.call(&["run", "shop"]);
        assert_eq!(called.code, 65, "{name}: {}", called.stderr);
        assert!(called.stderr.contains(message), "{name}: {}", called.stderr);
        assert_eq!(project.published(), before);
        std::fs::remove_file(path).expect("removable");
    }
    assert_eq!(project.run()["outcome"], "nothing_to_do");
    std::fs::write(project.path("in/sales_2024-02.csv.gz"), packed).expect("writable");
    assert_eq!(project.run()["outcome"], "ok");
}

#[test]
fn a_dry_run_computes_everything_and_keeps_nothing() {
    let project = shop();
    let called = project.call(&["run", "shop", "--dry-run"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert!(called.stdout.contains("dry run: "), "{}", called.stdout);
    assert!(!project.path("warehouse/shop").exists());
    assert!(project.published().is_empty());
    project.run();
    let before = parquet_files(&project.path("warehouse/shop"));
    project.deliver("sales_2024-07.csv", &["2024-07-10,L1,C3,P1,Anna,2,50.00,20"]);
    assert_eq!(project.call(&["run", "shop", "--dry-run"]).code, 0);
    assert_eq!(parquet_files(&project.path("warehouse/shop")), before);
}

#[test]
fn a_damaged_publication_is_mended() {
    let project = shop();
    project.run();
    let before = project.published();
    std::fs::remove_file(project.path("published/shop/churn/churn.parquet")).expect("there");
    project.write("published/shop/abc_xyz/abc_xyz_1999-01.parquet", "foreign");
    let report = project.run();
    assert_eq!(report["outcome"], "ok");
    assert_eq!(project.published(), before);
    std::fs::remove_dir_all(project.path("published")).expect("there");
    project.run();
    assert_eq!(project.published(), before);
}
