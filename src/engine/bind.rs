//! The only place where SQL text becomes a plan.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{LogicalPlan, Volatility};
use datafusion::prelude::{Expr, SessionContext};
use datafusion::scalar::ScalarValue;

use crate::config::ParameterValue;
use crate::error::{Error, Result};
use crate::models::SqlFile;

/// Parameters that need no `param:` line and may stay unused.
pub(super) const IMPLIED: [&str; 3] = ["first_month", "last_month", "range_months"];

impl From<&ParameterValue> for ScalarValue {
    fn from(value: &ParameterValue) -> Self {
        let list = |items: Vec<Self>, item_type: &DataType| {
            Self::List(Self::new_list_nullable(&items, item_type))
        };
        match value {
            ParameterValue::Decimal { unscaled, precision, scale } => {
                Self::Decimal128(Some(*unscaled), *precision, *scale as i8)
            }
            ParameterValue::Decimals { unscaled, precision, scale } => {
                let (precision, scale) = (*precision, *scale as i8);
                let items =
                    unscaled.iter().map(|item| Self::Decimal128(Some(*item), precision, scale));
                list(items.collect(), &DataType::Decimal128(precision, scale))
            }
            ParameterValue::Boolean(flag) => Self::Boolean(Some(*flag)),
            ParameterValue::Double(number) => Self::Float64(Some(*number)),
            ParameterValue::Integer(number) => Self::Int64(Some(*number)),
            ParameterValue::Integers(numbers) => {
                let items = numbers.iter().map(|number| Self::Int64(Some(*number)));
                list(items.collect(), &DataType::Int64)
            }
            ParameterValue::Text(text) => Self::Utf8(Some(text.clone())),
            ParameterValue::Texts(texts) => {
                let items = texts.iter().map(|text| Self::Utf8(Some(text.clone())));
                list(items.collect(), &DataType::Utf8)
            }
        }
    }
}

/// Plans a file's SQL with its parameters bound as typed values.
///
/// # Errors
/// Configuration errors that name the file: SQL that cannot be planned, anything but a
/// query, or parameters that the header and the SQL do not agree on.
pub async fn bind(
    context: &SessionContext,
    file: &SqlFile,
    parameters: Vec<(String, ScalarValue)>,
) -> Result<DataFrame> {
    let wrong = |problem: String| Error::configuration(format!("{}: {problem}", file.shown));
    let plan = logical_plan(&context.state(), file).await?;
    let allowed =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    allowed
        .verify_plan(&plan)
        .map_err(|error| wrong("only a select is allowed".to_owned()).because(error))?;
    let names = plan.get_parameter_names()?;
    let used: BTreeSet<&str> = names.iter().map(|name| name.trim_start_matches('$')).collect();
    let mut parameters = parameters;
    parameters
        .retain(|(name, _)| used.contains(name.as_str()) || !IMPLIED.contains(&name.as_str()));
    let given: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    if let Some(missing) = used.difference(&given).next() {
        return Err(wrong(format!("the SQL uses ${missing}, which no `param:` line declares")));
    }
    if let Some(extra) = given.difference(&used).next() {
        return Err(wrong(format!("`param: {extra}` is declared, but the SQL does not use it")));
    }
    let bound = plan
        .with_param_values(parameters)
        .map_err(|error| wrong("the parameters do not fit the SQL".to_owned()).because(error))?;
    Ok(DataFrame::new(context.state(), bound))
}

/// Plans a file's SQL without parameters. Functions that answer differently another time are
/// refused: results must not depend on when they were computed.
///
/// # Errors
/// Configuration errors that name the file.
pub async fn logical_plan(state: &SessionState, file: &SqlFile) -> Result<LogicalPlan> {
    #[expect(clippy::disallowed_methods, reason = "the one place for the SQL of files")]
    let planned = state.create_logical_plan(&file.text).await;
    let plan = planned.map_err(|error| {
        Error::configuration(format!("{}: the SQL cannot be planned", file.shown)).because(error)
    })?;
    let mut unsteady: Option<String> = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(call) = part
                    && call.func.signature().volatility != Volatility::Immutable
                {
                    unsteady = Some(call.func.name().to_owned());
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    match unsteady {
        None => Ok(plan),
        Some(function) => Err(Error::configuration(format!(
            "{}: {function}() answers differently another time",
            file.shown
        ))
        .hint("results depend on data and parameters only; use $as_of_date for a date")),
    }
}

/// Plans a query that somebody typed; only reading is allowed.
///
/// # Errors
/// Configuration errors with the engine's explanation.
pub async fn read_only_query(context: &SessionContext, sql: &str) -> Result<DataFrame> {
    let allowed =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    #[expect(clippy::disallowed_methods, reason = "the one place for typed queries")]
    let planned = context.sql_with_options(sql, allowed).await;
    planned.map_err(|error| {
        Error::configuration("the query cannot be run")
            .because(error)
            .hint("`clientbase tables` lists the tables; only queries are allowed")
    })
}
