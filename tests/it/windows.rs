//! What makes incremental work right: a month depends on its declared windows and on
//! nothing else, whichever range it was computed in and however many threads worked.

use std::collections::BTreeMap;

use arrow::util::pretty::pretty_format_batches;
use clientbase::config::{Pipeline, Project};
use clientbase::engine::{
    BuildContext, History, Session, Tables, bind, register_segments, statement_parameters,
};
use clientbase::ingest::{SALES, canonical_table, history_schema};
use clientbase::models::{Catalog, Model, SEGMENTS};
use clientbase::month::Month;
use clientbase::store::{DataFile, Slot, Warehouse};
use datafusion::prelude::{SessionContext, ident};

use crate::support::TestProject;

/// A seeded history with what makes windows matter: gaps, returns, new and lost clients,
/// changing managers, a month without any sale, and a partial last month.
fn lively_project(extra: &str) -> TestProject {
    let project = TestProject::of_all_tables(extra);
    project.copy_segments();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let first: Month = "2022-11".parse().expect("a month");
    for offset in 0..28 {
        let month = first.plus(offset);
        let mut rows = Vec::new();
        // The eleventh month has no sale at all; its file has only a header.
        for client in 0..if offset == 10 { 0 } else { 30_u64 } {
            let starts = (client % 9) as i64 * 2;
            let ends = if client % 5 == 0 { starts + 9 } else { 99 };
            if offset < starts || offset > ends || random(10) < client % 8 {
                continue;
            }
            for document in 0..=random(2) {
                let last_day = if offset == 27 { 11 } else { 28 };
                let day = 1 + random(last_day);
                let manager = ["Anna", "Boris", ""][(random(9) / 4) as usize];
                let amount = 10 + random(900);
                let is_return = random(12) == 0;
                let sign = if is_return { "-" } else { "" };
                let cost =
                    if client == 7 { String::new() } else { format!("{sign}{}", amount / 2) };
                rows.push(format!(
                    "{month}-{day:02},D{offset}-{client}-{document},C{client:02},P{},{manager},\
                     {sign}{},{sign}{amount}.{:02},{cost}",
                    random(12),
                    1 + random(9),
                    random(100),
                ));
            }
        }
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        project.deliver(&format!("sales_{month}.csv"), &rows);
    }
    project
}

const BY_NAME: &str = "period = \"file_name\"\n";
/// Windows that depend on a setting are as wide as it says, not as by default.
const SETTINGS: &str = "\
[parameters.abc]
measures = [\"revenue\", \"profit\", \"quantity\", \"purchases\"]
[parameters.movements]
months = 2
";

#[tokio::test(flavor = "multi_thread")]
async fn no_model_depends_on_months_it_does_not_declare() {
    let test = lively_project(&format!("{BY_NAME}{SETTINGS}"));
    test.run();
    let project = Project::open(&test.path("")).expect("the project");
    let pipeline = Pipeline::load(&project, Some("shop")).expect("the pipeline");
    let catalog = Catalog::load(&project, &pipeline.parameters).expect("the models");
    let names = std::iter::once(SALES.to_owned())
        .chain(catalog.models.iter().map(|model| model.name.clone()));
    let warehouse = Warehouse::open(&pipeline.warehouse, names, None).await.expect("a warehouse");
    let committed = |table: &str| -> BTreeMap<Slot, (DataFile, bool)> {
        warehouse.files(table).map(|file| (file.slot.clone(), (file.clone(), false))).collect()
    };
    let history =
        History::new(BTreeMap::from([(SALES, committed(SALES))]), None).expect("a history");
    let session = Session::for_reading(warehouse.location(), pipeline.limits).expect("a session");
    let build = BuildContext::new(&pipeline, &catalog, &session, &history, &warehouse);
    let files = catalog.models.iter().map(|model| (model.name.clone(), committed(&model.name)));
    let files: BTreeMap<_, _> = files.collect();
    let ranges = [(0, 0), (1, 1), (10, 12), (13, 13), (5, 20), (27, 27), (0, 27)];
    for model in catalog.models.iter().filter(|model| model.is_monthly()) {
        for (from, to) in ranges {
            let range = (history.first.plus(from), history.first.plus(to));
            let cut = session.context();
            let tables = Tables { build: &build, files: &files };
            tables.register(&cut, &model.reads, Some(range)).await.expect("cut inputs");
            let full = session.context();
            register_everything(&full, &build, &files, model).await;
            let stored = session.context();
            let own = files[&model.name].values().filter(|(file, _)| {
                file.slot.month.is_some_and(|month| (range.0..=range.1).contains(&month))
            });
            let own = own
                .map(|(file, _)| (warehouse.relative_path(&model.name, file, false), file.clone()));
            let stored =
                stored.read_table(session.table(&model.schema(), own)).expect("the stored months");
            let with_cut = rows(&cut, &build, model, range).await;
            let with_full = rows(&full, &build, model, range).await;
            assert_eq!(
                with_cut, with_full,
                "{} depends on undeclared months in {range:?}",
                model.name
            );
            let as_built = text(model, stored).await;
            assert_eq!(
                with_cut, as_built,
                "{} gives other rows when computed for {range:?}",
                model.name
            );
        }
    }
}

async fn register_everything(
    context: &SessionContext,
    build: &BuildContext<'_>,
    files: &BTreeMap<String, BTreeMap<Slot, (DataFile, bool)>>,
    model: &Model,
) {
    for read in model.reads.iter().filter(|read| read.table != SEGMENTS) {
        let (schema, all): (_, Vec<&DataFile>) = match canonical_table(&read.table) {
            Some(table) => (history_schema(table), build.warehouse.files(table.name).collect()),
            None => {
                let input = build.catalog.model(&read.table).expect("a known table");
                (input.schema(), files[&read.table].values().map(|(file, _)| file).collect())
            }
        };
        let placed = all
            .into_iter()
            .map(|file| (build.warehouse.relative_path(&read.table, file, false), file.clone()));
        let table = build.session.table(&schema, placed);
        context.register_table(&*read.table, table).expect("a table");
    }
    register_segments(context, build.catalog, &model.reads).await.expect("the segments");
}

async fn rows(
    context: &SessionContext,
    build: &BuildContext<'_>,
    model: &Model,
    range: (Month, Month),
) -> String {
    let values = statement_parameters(&model.parameters, Some(range), build).expect("values");
    let frame = bind(context, &model.file, values).await.expect("a plan");
    text(model, frame).await
}

async fn text(model: &Model, frame: datafusion::dataframe::DataFrame) -> String {
    let columns: Vec<_> = model.columns.iter().map(|column| ident(&column.name)).collect();
    let order = columns.iter().map(|column| column.clone().sort(true, true)).collect();
    let batches = frame
        .select(columns)
        .and_then(|frame| frame.sort(order))
        .expect("sortable")
        .collect()
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", model.name));
    pretty_format_batches(&batches).expect("text").to_string()
}

#[test]
fn results_are_the_same_bytes_with_any_threads_and_slices() {
    let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
    for limits in [
        "threads = 1\nslice_months = 12\n",
        "threads = 2\nslice_months = 1\n",
        "threads = 4\nslice_months = 5\n",
    ] {
        let project = lively_project(&format!("{BY_NAME}{SETTINGS}[limits]\n{limits}"));
        project.run();
        let published = project.published();
        assert!(published.len() > 300, "{} files", published.len());
        match &first {
            None => first = Some(published),
            Some(first) => same_files(first, &published, limits),
        }
    }
}

/// The engine holds one side of some joins in memory: many entities must not end up there.
#[test]
fn a_hundred_thousand_clients_fit() {
    let project = TestProject::new(
        "[parameters.abc]\ndimensions = [\"client\"]\n[limits]\nmemory_limit = \"2GiB\"\n",
    );
    project.write("in/all.csv", &many_clients());
    let report = project.run();
    assert_eq!(report["snapshots"][0]["accepted"], 200_000);
    let clients = project.query("select count(distinct client_id) > 90000 from sales");
    assert_eq!(clients, ["true"]);
}

#[test]
fn what_memory_does_not_hold_goes_to_disk_and_changes_nothing() {
    let run = |memory: &str| {
        let project = TestProject::new(&format!(
            "[parameters.abc]\ndimensions = [\"client\"]\n[limits]\nmemory_limit = \"{memory}\"\n"
        ));
        only_abc_xyz(&project);
        project.write("in/all.csv", &many_clients());
        let report = project.run();
        let tables = report["tables"].as_array().expect("tables");
        let spilled: u64 = tables.iter().filter_map(|of| of["spilled_bytes"].as_u64()).sum();
        (spilled, project.published())
    };
    let (_, expected) = run("8GiB");
    let (on_disk, published) = run("192MiB");
    assert!(on_disk > 1 << 20, "{on_disk} bytes");
    same_files(&expected, &published, "192MiB");
}

#[test]
fn what_the_disk_may_not_hold_either_ends_the_run() {
    let project = TestProject::new(
        "[parameters.abc]\ndimensions = [\"client\"]\n\
         [limits]\nmemory_limit = \"128MiB\"\nspill_limit = \"64MiB\"\n",
    );
    only_abc_xyz(&project);
    project.write("in/all.csv", &many_clients());
    let run = project.call(&["run", "shop"]);
    assert_eq!(run.code, 69, "{}", run.stderr);
    assert!(run.stderr.contains("limits.spill_limit"), "{}", run.stderr);
}

fn only_abc_xyz(project: &TestProject) {
    let path = project.path("pipelines/shop.toml");
    let file = std::fs::read_to_string(&path).expect("the pipeline file");
    let (_, rest) = file.split_once(']').expect("a list of tables");
    std::fs::write(&path, format!("tables = [\"abc_xyz\"]{rest}")).expect("the file");
}

/// 200,000 lines of 2024 and as many documents.
fn many_clients() -> String {
    let mut text = format!("{}\n", crate::support::HEADER);
    for row in 0..200_000_u64 {
        let client = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 47;
        let (month, day) = (row % 12 + 1, row / 12 % 28 + 1);
        let amount = client % 90_000 + 1;
        text.push_str(&format!("2024-{month:02}-{day:02},D{row},C{client},P1,Anna,1,{amount},1\n"));
    }
    text
}

fn same_files(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, what: &str) {
    let names: Vec<_> = one.keys().collect();
    assert_eq!(names, other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{name} differs with {what}");
    }
}
