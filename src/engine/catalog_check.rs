//! Checks every SQL file against its header without any data: inputs are empty tables.

use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

use super::bind::{IMPLIED, bind};
use super::execute::check_contract;
use super::segments::register_segments;
use crate::config::{ParameterType, Parameters, Source};
use crate::error::{Error, Result};
use crate::ingest::{CANONICAL_TABLES, StagingPlan, canonical_table, history_schema};
use crate::models::{Catalog, RUN_PARAMETERS, Read, SEGMENTS, SqlFile, Staging};
use crate::month::Month;

/// Which SQL files are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlToCheck {
    All,
    /// Those of the project, and shipped ones that read what they make. All others were planned
    /// before the program was shipped, and planning takes longer than a small run.
    OfProject,
}

/// Plans models, audits and stagings and compares them with their headers.
///
/// # Errors
/// The first configuration error, with file and what is wrong.
pub async fn check_catalog(
    catalog: &Catalog,
    parameters: &Parameters,
    sources: &[Source],
    files: SqlToCheck,
) -> Result<()> {
    let is_known = |file: &SqlFile, reads: &[Read]| {
        let is_shipped = |read: &Read| catalog.model(&read.table).is_none_or(|m| m.file.is_shipped);
        files == SqlToCheck::OfProject && file.is_shipped && reads.iter().all(is_shipped)
    };
    let is_used = |staging: &Staging| sources.iter().any(|source| source.staging == staging.name);
    for staging in &catalog.stagings {
        if files == SqlToCheck::OfProject && staging.file.is_shipped && !is_used(staging) {
            continue;
        }
        check_staging(staging, sources).await?;
    }
    for model in catalog.models.iter().filter(|model| !is_known(&model.file, &model.reads)) {
        let context = empty_inputs(catalog, &model.reads).await?;
        let values = sample_values(&model.parameters, model.is_monthly(), parameters)?;
        let frame = bind(&context, &model.file, values).await?;
        check_contract(&frame, model)?;
        analyze(&model.file, frame).await?;
    }
    for audit in catalog.audits.iter().filter(|audit| !is_known(&audit.file, &audit.reads)) {
        let context = empty_inputs(catalog, &audit.reads).await?;
        let monthly = match canonical_table(&audit.table) {
            Some(table) => table.day_column.is_some(),
            None => catalog.model(&audit.table).is_some_and(crate::models::Model::is_monthly),
        };
        let values = sample_values(&audit.parameters, monthly, parameters)?;
        let frame = bind(&context, &audit.file, values).await?;
        analyze(&audit.file, frame).await?;
    }
    Ok(())
}

/// A staging in use must deliver the columns of its source's table; one that is not, those of
/// any table.
async fn check_staging(staging: &Staging, sources: &[Source]) -> Result<()> {
    let users: Vec<&Source> =
        sources.iter().filter(|source| source.staging == staging.name).collect();
    for source in &users {
        StagingPlan::new(staging, source.table).await?;
    }
    if !users.is_empty() {
        return Ok(());
    }
    let mut first = None;
    for table in &CANONICAL_TABLES {
        match StagingPlan::new(staging, table).await {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(()), Err)
}

/// Runs the optimizer, which finds type errors that planning leaves.
async fn analyze(file: &SqlFile, frame: datafusion::dataframe::DataFrame) -> Result<()> {
    frame.create_physical_plan().await.map(|_| ()).map_err(|error| {
        Error::configuration(format!("{}: the SQL cannot be planned", file.shown)).because(error)
    })
}

async fn empty_inputs(catalog: &Catalog, reads: &[Read]) -> Result<SessionContext> {
    let context = SessionContext::new();
    context.state_ref().write().config_mut().options_mut().sql_parser.parse_float_as_decimal = true;
    for read in reads.iter().filter(|read| read.table != SEGMENTS) {
        let schema = match catalog.model(&read.table) {
            Some(model) => model.schema(),
            None => {
                let table = canonical_table(&read.table);
                history_schema(
                    table.ok_or_else(|| Error::bug(format!("`{}` is no table", read.table)))?,
                )
            }
        };
        context.register_table(&*read.table, Arc::new(EmptyTable::new(schema)))?;
    }
    register_segments(&context, catalog, reads).await?;
    Ok(context)
}

/// Any month will do: only types matter here.
fn sample_values(
    declared: &[(String, ParameterType)],
    monthly: bool,
    parameters: &Parameters,
) -> Result<Vec<(String, ScalarValue)>> {
    let day = Month::of(chrono::NaiveDate::default()).epoch_day();
    let date = || ScalarValue::Date32(Some(day));
    let mut values = Vec::new();
    if monthly {
        values.extend(["first_month", "last_month"].map(|name| (name.to_owned(), date())));
        values.push(("range_months".to_owned(), ScalarValue::Int64(Some(1))));
    }
    for (name, _) in declared {
        if monthly && IMPLIED.contains(&name.as_str()) {
            continue;
        }
        let value = match parameters.get(name) {
            Some(value) => ScalarValue::from(value),
            None if RUN_PARAMETERS.contains(&name.as_str()) => date(),
            None => return Err(Error::bug(format!("parameter `{name}` lost its value"))),
        };
        values.push((name.clone(), value));
    }
    Ok(values)
}
