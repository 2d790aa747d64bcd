//! Plans of the models that take most of a run, as reviewed snapshots: a join that turns round
//! or a sort that comes back shows here, before it shows at night.

use clientbase::config::{Pipeline, Project};
use clientbase::engine::{BuildContext, History, Session, Tables, bind, statement_parameters};
use clientbase::ingest::SALES;
use clientbase::models::Catalog;
use clientbase::store::{DataFile, Slot, Warehouse};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::displayable;
use std::collections::BTreeMap;

use crate::support::TestProject;

/// What takes longest on fifty million lines.
const HEAVY: [&str; 8] = [
    "sales_by_client",
    "sales_by_product",
    "purchase_month",
    "entity_month",
    "client_rhythm",
    "client_lifecycle",
    "abc_xyz",
    "client_periods",
];

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_as_reviewed() {
    let test = TestProject::new("period = \"file_name\"\n[limits]\nthreads = 1\n");
    test.compute("client_periods", false);
    test.deliver_months(&["2024-01", "2024-02", "2024-03"]);
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
    let range = (history.first.plus(1), history.first.plus(2));
    let mut crossed = Vec::new();
    for model in &catalog.models {
        let name = model.name.as_str();
        let range = model.is_monthly().then_some(range);
        let context = session.context();
        let tables = Tables { build: &build, files: &files };
        tables.register(&context, &model.reads, range).await.expect("its inputs");
        let values = statement_parameters(&model.parameters, range, &build).expect("values");
        let frame = bind(&context, &model.file, values).await.expect("a statement");
        let written = frame.logical_plan();
        if crosses_with_constants(written) {
            crossed.push(name.to_owned());
        }
        if !HEAVY.contains(&name) {
            continue;
        }
        let plan = frame.create_physical_plan().await.expect("a plan");
        // The skeleton: which operators, in which order. Expressions and files change with every
        // word of the SQL.
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let skeleton: Vec<String> = shown.lines().map(operator).collect();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("plan_of_{name}"), skeleton.join("\n"));
        });
    }
    assert!(crossed.is_empty(), "constants stand last in a cross join of {crossed:?}");
}

/// Whether rows of tables stand on the left of a cross join and constants on the right: such a
/// join makes a batch of one row for each row of its left side, and millions of them never end.
fn crosses_with_constants(plan: &LogicalPlan) -> bool {
    let is_wrong = match plan {
        LogicalPlan::Join(join) => {
            let is_cross = join.on.is_empty() && join.filter.is_none();
            is_cross && reads(&join.left) && !reads(&join.right)
        }
        _ => false,
    };
    is_wrong || plan.inputs().into_iter().any(crosses_with_constants)
}

fn reads(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::TableScan(_)) || plan.inputs().into_iter().any(reads)
}

/// Operator of a line of a plan, with what decides its cost: kind and keys of joins and groups,
/// columns read.
fn operator(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let text = line.trim_start();
    let name = text.split([':', ' ']).next().unwrap_or(text);
    let after = |key: &str, end: &str| {
        let (_, rest) = text.split_once(key)?;
        Some(format!(" {key}{}", rest.split_once(end).map_or(rest, |(found, _)| found)))
    };
    let detail = match name {
        "DataSourceExec" => {
            let table =
                text.split("warehouse/shop/").nth(1).and_then(|rest| rest.split('/').next());
            let columns = after("projection=[", "]")
                .map(|columns| format!(" {} columns", columns.matches(',').count() + 1));
            format!(" {}{}", table.unwrap_or("no files"), columns.unwrap_or_default())
        }
        "HashJoinExec" => {
            [after("mode=", ","), after("join_type=", ",")].into_iter().flatten().collect()
        }
        "AggregateExec" => {
            let keys = after("gby=[", "], aggr").map_or(0, |keys| keys.matches(" as ").count());
            // What comes in order is grouped as it comes.
            let order = after("ordering_mode=", ", ").unwrap_or_default();
            format!("{} {keys} keys{order}", after("mode=", ",").unwrap_or_default())
        }
        _ => String::new(),
    };
    format!("{:indent$}{name}{detail}", "")
}
