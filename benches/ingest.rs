//! Times reading CSV into the sorted history against DuckDB doing the same work: reading the
//! same files and writing Parquet with zstd, one sorted file a month.
//!
//! ```text
//! cargo bench --bench ingest                  a history of 30,000 clients, 120 months
//! cargo bench --bench ingest -- 300000 120    of 300,000 clients: 54 million lines
//! ```
//!
//! Both run in turn, three times, in processes of their own; medians, least and most are
//! printed, and the ratio of the medians. Needs python3 with `duckdb` from PyPI, and the data
//! generator beside the project; without them it says so.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::expect_used, reason = "a bench may stop at the first failure")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use clientbase::config::{Pipeline, Project};
use clientbase::console::{Console, Verbosity};
use clientbase::engine::Session;
use clientbase::ingest::{
    IngestContext, Ingested, Ledger, SNAPSHOTS, SourceFiles, history_tables, ingest, plan_ingest,
};
use clientbase::models::Catalog;
use clientbase::store::{Location, RunStamp, Warehouse};
use support::{Taken, generate, peak_mebibytes, show, write_project};
use tempfile::TempDir;

const REPEATS: usize = 3;
const PROJECT: &str = "CLIENTBASE_BENCH_PROJECT";

const PEER: &str = "\
import duckdb, resource, sys, time
con = duckdb.connect()
con.execute('set enable_progress_bar = false')
con.execute('set threads = ' + sys.argv[3])
start = time.time()
con.execute(f\"\"\"copy (
  select *, date_trunc('month', sale_date)::date as month
  from read_csv('{sys.argv[1]}/*.csv', types={{'sale_date': 'DATE', 'document_id': 'VARCHAR', 'client_id': 'VARCHAR',
    'product_id': 'VARCHAR', 'manager': 'VARCHAR', 'branch': 'VARCHAR', 'region': 'VARCHAR', 'channel': 'VARCHAR',
    'quantity': 'DECIMAL(18,3)', 'revenue': 'DECIMAL(18,4)', 'cost': 'DECIMAL(18,4)'}})
  order by month, client_id, sale_date, document_id
) to '{sys.argv[2]}' (format parquet, compression zstd, partition_by (month))\"\"\")
print(time.time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
";

fn main() {
    if let Some(folder) = std::env::var_os(PROJECT) {
        read_once(Path::new(&folder));
        return;
    }
    let numbers: Vec<usize> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let clients = numbers.first().copied().unwrap_or(30_000);
    let months = numbers.get(1).copied().unwrap_or(120);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let project = TempDir::new().expect("a temporary folder");
    let files = project.path().join("in");
    let Some(bytes) = generate(&files, clients, months, "csv") else { return };
    write_project(project.path(), "");
    println!("{clients} clients, {months} months, {:.2} GB of CSV, {threads} threads", bytes / 1e9);
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        ours.push(timed(
            Command::new(std::env::current_exe().expect("this program"))
                .env(PROJECT, project.path()),
        ));
        let out = TempDir::new().expect("a temporary folder");
        peer.push(timed(
            Command::new("python3")
                .args(["-c", PEER])
                .arg(project.path().join("in"))
                .arg(out.path().join("out"))
                .arg(threads.to_string()),
        ));
    }
    let (ours, peer) = (show("clientbase", &ours), show("DuckDB", &peer));
    println!("ratio of medians: {:.2}", ours / peer);
}

/// Reads all files into a new warehouse; prints seconds and peak memory.
fn read_once(project: &Path) {
    let _ = std::fs::remove_dir_all(project.join("warehouse"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let started = Instant::now();
    runtime.block_on(async {
        let project = Project::open(project).expect("the project");
        let pipeline = Pipeline::load(&project, None).expect("the pipeline");
        let catalog = Catalog::load(&project, &pipeline.parameters).expect("the SQL");
        let names = history_tables().into_iter().map(|table| table.name.to_owned());
        let names = names.chain([SNAPSHOTS.to_owned()]);
        let warehouse =
            Warehouse::open(&pipeline.warehouse, names, None).await.expect("a warehouse");
        let location = Location::open(&pipeline.warehouse).expect("a folder");
        let session = Session::new(&location, pipeline.limits).expect("a session");
        let ledger = Ledger::default();
        let sources = SourceFiles::find_all(&pipeline, &catalog).await.expect("the files");
        let planned = plan_ingest(&sources, &ledger, &location, &[]).await.expect("a plan");
        let state = Ingested::unchanged(&warehouse, &warehouse, ledger).expect("nothing yet");
        let run = RunStamp { id: "bench".to_owned(), moment: clientbase::clock::now() };
        let console = Console::new(Verbosity::Quiet);
        let context = IngestContext {
            sources: &sources,
            warehouse: &warehouse,
            session: &session,
            limits: pipeline.limits,
            run: &run,
            console: &console,
        };
        ingest(&context, planned, state).await.expect("the history");
    });
    println!("{} {}", started.elapsed().as_secs_f64(), peak_mebibytes("self"));
}

/// What a process prints of itself: its seconds and its peak in MiB.
fn timed(command: &mut Command) -> Taken {
    let mut taken = support::timed(command);
    let mut words = taken.output.split_whitespace();
    taken.seconds = words.next().and_then(|word| word.parse().ok()).expect("seconds");
    taken.memory = words.next().and_then(|word| word.parse().ok()).expect("memory");
    taken
}
