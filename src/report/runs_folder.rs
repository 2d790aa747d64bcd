//! Kept run reports: `runs/<run>.json` in the warehouse.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::run_report::RunReport;
use crate::error::{Error, Result};
use crate::store::Location;

const RUNS: &str = "runs";

/// Identity of a run: its start, to the millisecond, in an order that sorts by time.
pub fn run_id(moment: DateTime<Utc>) -> String {
    moment.format("%Y%m%d-%H%M%S-%3f").to_string()
}

/// The reports of a warehouse.
#[derive(Debug)]
pub struct RunsFolder<'a> {
    warehouse: &'a Location,
}

impl<'a> RunsFolder<'a> {
    /// The reports kept in a warehouse.
    pub fn new(warehouse: &'a Location) -> Self {
        Self { warehouse }
    }

    /// How people name the warehouse.
    pub fn shown(&self) -> String {
        self.warehouse.shown()
    }

    pub(super) fn warehouse(&self) -> &'a Location {
        self.warehouse
    }

    /// All reports, oldest first.
    ///
    /// # Errors
    /// When the store fails or a report cannot be read.
    pub async fn all(&self) -> Result<Vec<RunReport>> {
        let mut reports = Vec::new();
        for name in self.names().await? {
            reports.push(self.read(&name).await?);
        }
        Ok(reports)
    }

    /// Keeps a report.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep(&self, report: &RunReport) -> Result<()> {
        let bytes = Bytes::from(serde_json::to_vec_pretty(report)?);
        self.warehouse.write(&format!("{RUNS}/{}.json", report.run), bytes).await
    }

    /// Keeps a file beside a run's report; returns its path in the warehouse.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_file(&self, run: &str, name: &str, bytes: Bytes) -> Result<String> {
        let path = format!("{RUNS}/{run}/{name}");
        self.warehouse.write(&path, bytes).await?;
        Ok(path)
    }

    /// Names of all runs, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn names(&self) -> Result<Vec<String>> {
        let listed = self.warehouse.list(RUNS).await?;
        let names = listed.iter().filter_map(|object| {
            let path = self.warehouse.relative(&object.location);
            let name = path.strip_prefix(RUNS)?.strip_prefix('/')?.strip_suffix(".json")?;
            (!name.contains('/')).then(|| name.to_owned())
        });
        Ok(names.collect())
    }

    /// The report of a run.
    ///
    /// # Errors
    /// When there is no such run, or its report cannot be read.
    pub async fn read(&self, run: &str) -> Result<RunReport> {
        let path = format!("{RUNS}/{run}.json");
        let bytes = self.warehouse.read(&path).await?.ok_or_else(|| {
            Error::configuration(format!("there is no run `{run}`"))
                .hint("`clientbase runs` lists them")
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::store(format!("{path} in {} cannot be read", self.warehouse.shown()))
                .because(error)
        })
    }

    /// The newest run whose results stand, or none before the first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest_finished(&self) -> Result<Option<RunReport>> {
        for name in self.names().await?.iter().rev() {
            let report = self.read(name).await?;
            if report.is_finished() {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }
}
