//! A staging file as a function from typed raw rows to canonical rows, one to one.
//!
//! The SQL may only compute columns: no filter, join, aggregate or limit, so that no row
//! can be lost. Rows to leave out are named in a column `excluded`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::ToDFSchema;
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, Projection};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::canonical::CanonicalTable;
use super::typed_rows::raw_schema;
use crate::engine::logical_plan;
use crate::error::{Error, Result};
use crate::models::Staging;

/// Column in which a staging file names the rule that leaves a row out.
pub const EXCLUDED: &str = "excluded";

/// A staging file, planned once and evaluated batch by batch.
#[derive(Debug, Clone)]
pub struct StagingPlan {
    steps: Vec<Step>,
    shown: String,
    output: SchemaRef,
}

#[derive(Debug, Clone)]
struct Step {
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

impl StagingPlan {
    /// Plans the SQL and checks that it keeps every row and delivers canonical columns.
    ///
    /// # Errors
    /// Configuration errors that name the file and what is wrong.
    pub async fn new(staging: &Staging, table: &CanonicalTable) -> Result<Self> {
        let shown = staging.file.shown.clone();
        let wrong = |problem: String| Error::configuration(format!("{shown}: {problem}"));
        let mut config = SessionConfig::new();
        config.options_mut().sql_parser.parse_float_as_decimal = true;
        let context = SessionContext::new_with_config(config);
        let raw = Arc::new(EmptyTable::new(raw_schema(staging)));
        context.register_table(Staging::RAW_TABLE, raw)?;
        let state = context.state();
        let plan = logical_plan(&state, &staging.file).await?;
        refuse_row_changes(&plan).map_err(&wrong)?;
        let optimized = state
            .optimize(&plan)
            .map_err(|error| wrong("the SQL cannot be planned".to_owned()).because(error))?;
        let mut steps = Vec::new();
        collect_steps(&optimized, &state, &mut steps)
            .map_err(|error| wrong("the SQL cannot be planned".to_owned()).because(error))?;
        let output = steps
            .last()
            .map(|step| Arc::clone(&step.schema))
            .ok_or_else(|| wrong("the SQL selects nothing".to_owned()))?;
        check_columns(&output, table).map_err(|(problem, hint)| wrong(problem).hint(hint))?;
        Ok(Self { steps, shown, output })
    }

    /// The columns that the SQL delivers.
    pub fn output(&self) -> &SchemaRef {
        &self.output
    }

    /// Computes the staged columns of raw rows; the same number of rows in the same order.
    ///
    /// # Errors
    /// When an expression fails on a value, such as a cast of text that is no number.
    pub fn evaluate(&self, raw: RecordBatch) -> Result<RecordBatch> {
        let mut batch = raw;
        for step in &self.steps {
            let rows = batch.num_rows();
            let columns: Vec<ArrayRef> = step
                .expressions
                .iter()
                .map(|expression| expression.evaluate(&batch)?.into_array(rows))
                .collect::<Result<_, _>>()
                .map_err(|error| {
                    Error::configuration(format!("{}: the SQL failed on a value", self.shown))
                        .because(error)
                        .hint("declare the column's type in `raw:`, so that bad values become rejects")
                })?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            batch = RecordBatch::try_new_with_options(Arc::clone(&step.schema), columns, &options)?;
        }
        Ok(batch)
    }
}

/// Only nodes that compute columns may stand between the raw rows and the result.
fn refuse_row_changes(plan: &LogicalPlan) -> Result<(), String> {
    let refused = match plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => None,
        LogicalPlan::TableScan(_) => None,
        LogicalPlan::Filter(_) => Some("filters rows (where)"),
        LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) => Some("merges rows (group by)"),
        LogicalPlan::Join(_) => Some("joins"),
        LogicalPlan::Limit(_) => Some("limits rows"),
        LogicalPlan::Sort(_) => Some("sorts rows"),
        LogicalPlan::Window(_) => Some("looks at other rows (over)"),
        _ => Some("does more than compute columns"),
    };
    if let Some(what) = refused {
        return Err(format!(
            "the SQL {what}; a staging keeps every row and names the rule of those to leave \
             out in a column `{EXCLUDED}`"
        ));
    }
    plan.inputs().into_iter().try_for_each(refuse_row_changes)
}

fn collect_steps(
    plan: &LogicalPlan,
    state: &SessionState,
    steps: &mut Vec<Step>,
) -> datafusion::error::Result<()> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => collect_steps(&alias.input, state, steps),
        LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
            collect_steps(input, state, steps)?;
            let expressions = expr
                .iter()
                .map(|expression| state.create_physical_expr(expression.clone(), input.schema()))
                .collect::<Result<Vec<_>, _>>()?;
            steps.push(Step { expressions, schema: nullable(schema.as_arrow()) });
            Ok(())
        }
        LogicalPlan::TableScan(scan) => {
            // A scan may have been narrowed to the columns in use.
            let schema = scan.projected_schema.as_arrow();
            let source = scan.source.schema().to_dfschema()?;
            let expressions = schema
                .fields()
                .iter()
                .map(|field| {
                    let column = datafusion::common::Column::new_unqualified(field.name());
                    state.create_physical_expr(datafusion::prelude::Expr::Column(column), &source)
                })
                .collect::<Result<Vec<_>, _>>()?;
            steps.push(Step { expressions, schema: nullable(schema) });
            Ok(())
        }
        other => datafusion::common::plan_err!("unexpected {}", other.display()),
    }
}

/// Planned nullability is only a guess; values decide.
fn nullable(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> =
        schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}

fn check_columns(output: &Schema, table: &CanonicalTable) -> Result<(), (String, String)> {
    for field in output.fields() {
        let name = field.name();
        if name == EXCLUDED {
            if !is_text(field.data_type()) && field.data_type() != &DataType::Null {
                return Err((
                    format!("`{EXCLUDED}` must be text, the name of a rule, or null"),
                    "write it like: case when client = '' then 'no_client' end as excluded".into(),
                ));
            }
            continue;
        }
        let Some(column) = table.columns.iter().find(|column| column.name == name) else {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            return Err((
                format!("`{name}` is no column of the table `{}`", table.name),
                format!("the columns are: {}, {EXCLUDED}", names.join(", ")),
            ));
        };
        if !fits(field.data_type(), &column.data_type) {
            return Err((
                format!("`{name}` is {}, but must be {}", field.data_type(), column.data_type),
                "cast it in the SQL, or declare the raw column with that type".to_owned(),
            ));
        }
    }
    for column in table.columns.iter().filter(|column| column.required) {
        if output.field_with_name(column.name).is_err() {
            return Err((
                format!("the SQL does not deliver `{}`, which every row needs", column.name),
                "add it to the select".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Whether a staged type can become the canonical one without loss or guess.
fn fits(staged: &DataType, canonical: &DataType) -> bool {
    match (staged, canonical) {
        (DataType::Null, _) => true,
        (staged, DataType::Utf8) => is_text(staged) || staged.is_integer(),
        (DataType::Date32 | DataType::Timestamp(..), DataType::Date32) => true,
        (DataType::Boolean, DataType::Boolean) => true,
        (staged, DataType::Int64) => staged.is_integer(),
        (DataType::Decimal128(..), DataType::Decimal128(..)) => true,
        (staged, DataType::Decimal128(..)) => staged.is_integer(),
        _ => false,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}
