//! Today's models on what was known at an earlier run, in a folder of its own.

use std::path::Path;

use chrono::NaiveDate;

use super::as_known::AsKnown;
use crate::cli::{AsOf, RunArguments};
use crate::config::{Pipeline, Project};
use crate::error::{Error, Result};
use crate::models::Catalog;
use crate::store::{Location, RunStamp, Warehouse};

/// What a run computes from: deliveries as usual, or what was known at an earlier run.
pub(super) struct Knowledge {
    /// Date the results speak for; none for the last day of the data.
    pub as_of: Option<NaiveDate>,
    /// The earlier run, when it is one.
    pub known: Option<AsKnown>,
}

impl Knowledge {
    /// Makes sense of `--as-of`, `--known` and `--output`. A run on earlier knowledge gets
    /// folders of its own, so the pipeline is changed to write there.
    ///
    /// # Errors
    /// When the options do not go together or there is no such run.
    pub async fn choose(
        project: &Project,
        pipeline: &mut Pipeline,
        catalog: &Catalog,
        arguments: &RunArguments,
    ) -> Result<Self> {
        let (date, wanted) = match (&arguments.as_of, &arguments.known) {
            (Some(AsOf::Run(_)), Some(_)) => {
                return Err(Error::configuration("--as-of and --known both name a run").hint(
                    "--as-of DATE is the date results speak for, --known RUN what was delivered",
                ));
            }
            (Some(AsOf::Run(run)), None) => (None, Some(run)),
            (Some(AsOf::Date(date)), known) => (Some(*date), known.as_ref()),
            (None, known) => (None, known.as_ref()),
        };
        let (wanted, output) = match (wanted, &arguments.output) {
            (None, None) => return Ok(Self { as_of: date, known: None }),
            (Some(wanted), Some(output)) => (wanted, output),
            (Some(_), None) => {
                return Err(Error::configuration(
                    "a run on what was known earlier needs a folder of its own",
                )
                .hint("add --output FOLDER; what is published stays as it is"));
            }
            (None, Some(_)) => {
                return Err(Error::configuration(
                    "--output goes with what was known at an earlier run",
                )
                .hint("name the run with --as-of RUN or --known RUN"));
            }
        };
        let known = AsKnown::open(pipeline, catalog, wanted).await?;
        let scratch = pipeline.in_folder(project, output)?;
        refuse_used(output)?;
        *pipeline = scratch;
        // Unless a date is given, results speak for the date that the run spoke for.
        let of_run = known.report.as_of.as_deref().and_then(|date| date.parse().ok());
        Ok(Self { as_of: date.or(of_run), known: Some(known) })
    }

    /// Fills the new warehouse with the history as it was known.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn bring(&self, to: &Location, catalog: &Catalog, run: &RunStamp) -> Result<()> {
        let Some(known) = &self.known else { return Ok(()) };
        let warehouse: &Warehouse = &known.warehouse;
        let is_result = |table: &str| {
            catalog.model(table).is_some() || known.report.definitions.contains_key(table)
        };
        let history: Vec<String> =
            known.report.versions.keys().filter(|table| !is_result(table)).cloned().collect();
        warehouse.hand_over(&history, to, run).await
    }
}

/// A folder with files in it may be somebody's: results of two runs must not mix.
fn refuse_used(folder: &Path) -> Result<()> {
    let is_used = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(Error::store(format!("--output {} cannot be used", folder.display()))
                .because(error));
        }
    };
    if is_used {
        return Err(Error::configuration(format!("--output {} is not empty", folder.display()))
            .hint("give a new folder, or remove this one first"));
    }
    Ok(())
}
