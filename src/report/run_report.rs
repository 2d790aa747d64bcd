//! The report of one run, kept as JSON in the warehouse.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::engine::{MonthState, TableBuild};
use crate::error::{Error, Fault};
use crate::ingest::{DeliveryState, Restatement, SnapshotRecord, WorkReason};
use crate::models::Definition;
use crate::month::{Month, describe_ranges};
use crate::store::{Requests, TableVersion};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something changed and is published.
    Ok,
    /// Nothing had to be done.
    NothingToDo,
    /// Everything was computed and audited; nothing was kept, as asked.
    DryRun,
    /// An audit found rows; yesterday's results stand.
    AuditFailed,
    /// The run broke off. Before the commit yesterday's results stand; what was committed
    /// before it broke off is completed by the next run.
    Failed,
}

impl Outcome {
    /// For people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NothingToDo => "nothing to do",
            Self::DryRun => "dry run",
            Self::AuditFailed => "audit failed",
            Self::Failed => "failed",
        }
    }
}

/// Everything there is to say about one run. Fields are only ever added, each with a default,
/// so that old reports stay readable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    pub run: String,
    pub pipeline: String,
    pub outcome: Outcome,
    /// Start, UTC.
    pub started: String,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Version of clientbase.
    pub version: String,
    /// Date the results speak for.
    pub as_of: Option<String>,
    /// First and last month of the results.
    pub months: Option<(Month, Month)>,
    /// What a person should know about the files.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Files that were read.
    pub snapshots: Vec<SnapshotReport>,
    /// Months that were known and changed.
    #[serde(default)]
    pub restatements: Vec<Restatement>,
    /// Tables, in the order they were built.
    pub tables: Vec<TableReport>,
    pub audits: AuditReport,
    /// Files written to and removed from the published folder.
    pub published: Option<(usize, usize)>,
    /// Losses of the last twelve full months, by each rule.
    #[serde(default)]
    pub losses: Vec<Losses>,
    /// What the run asked of the stores of the warehouse and of the published folder.
    #[serde(default)]
    pub requests: Option<Requests>,
    /// Versions of the warehouse tables that these results are.
    pub versions: BTreeMap<String, TableVersion>,
    /// What the tables were made by.
    #[serde(default)]
    pub definitions: BTreeMap<String, Definition>,
    /// The finished run whose state this one went on from; none for the first.
    #[serde(default)]
    pub based_on: Option<String>,
    /// The run whose knowledge these results were computed from, when it was not today's.
    #[serde(default)]
    pub known: Option<String>,
    pub error: Option<ErrorReport>,
}

/// Clients lost in some months by one rule, and how many of them probably are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    pub first_month: Month,
    pub last_month: Month,
    /// Whole months without a purchase that make a loss.
    pub lost_after_months: i64,
    /// Ids that fell silent.
    pub lost_gross: i64,
    /// Clients, after confirmed links.
    pub lost_net: i64,
    /// Of the clients, those with a candidate that nobody has decided on.
    pub to_check: i64,
    /// Expected number of the clients that go on under another name or through a dealer.
    pub probably_not_lost: f64,
}

impl Losses {
    /// Of nobody yet.
    pub fn none((first_month, last_month): (Month, Month), lost_after_months: i64) -> Self {
        let (lost_gross, lost_net, to_check, probably_not_lost) = (0, 0, 0, 0.0);
        Self {
            first_month,
            last_month,
            lost_after_months,
            lost_gross,
            lost_net,
            to_check,
            probably_not_lost,
        }
    }
}

/// What became of one delivered file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotReport {
    pub source: String,
    pub file: String,
    pub reason: WorkReason,
    /// What became of it.
    #[serde(default)]
    pub state: DeliveryState,
    pub months: Vec<Month>,
    pub lines: u64,
    pub accepted: u64,
    pub excluded: BTreeMap<String, u64>,
    pub rejected: u64,
    pub reject_reasons: BTreeMap<String, u64>,
    /// Sum of accepted revenue.
    pub revenue: String,
}

/// What a run did to one table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableReport {
    pub table: String,
    /// Months that were computed, as ranges; `all` for a table without months.
    pub built: String,
    pub months_built: usize,
    /// Months taken over from an interrupted run.
    pub months_resumed: usize,
    /// Months that were right already.
    pub months_kept: usize,
    /// Months whose content differs from before.
    pub months_changed: usize,
    pub rows_built: u64,
    /// Rows in the whole table.
    pub rows: u64,
    pub seconds: f64,
    /// Most bytes that one statement of the table held at a time, as far as the engine counts
    /// them: what is read and encoded, and rows that pass through, come on top.
    #[serde(default)]
    pub memory_bytes: u64,
    /// Bytes that went to disk for want of memory, all in all.
    #[serde(default)]
    pub spilled_bytes: u64,
}

/// What the audits said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AuditReport {
    pub passed: usize,
    pub failed: Vec<FailedAudit>,
}

/// An audit that found rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailedAudit {
    pub audit: String,
    pub table: String,
    pub months: String,
    pub description: String,
    pub rows: u64,
    /// File in the warehouse that keeps offending rows.
    pub kept_in: String,
}

/// Why a run broke off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Whose fault: configuration, data, store, locked or bug.
    pub fault: String,
    pub message: String,
    pub hint: Option<String>,
    pub exit_code: u8,
}

impl RunReport {
    /// Months of sales that were known before this run and differ after it.
    pub fn restated(&self) -> BTreeSet<Month> {
        self.restatements.iter().map(|restatement| restatement.month).collect()
    }

    /// A report of a run that has just started.
    pub fn started(run: &str, pipeline: &str, started: String) -> Self {
        Self {
            run: run.to_owned(),
            pipeline: pipeline.to_owned(),
            outcome: Outcome::Failed,
            started,
            seconds: 0.0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            as_of: None,
            months: None,
            notes: Vec::new(),
            snapshots: Vec::new(),
            restatements: Vec::new(),
            tables: Vec::new(),
            audits: AuditReport::default(),
            published: None,
            losses: Vec::new(),
            requests: None,
            versions: BTreeMap::new(),
            definitions: BTreeMap::new(),
            based_on: None,
            known: None,
            error: None,
        }
    }

    /// Whether the run's results stand: only such runs are links of the chain.
    pub fn is_finished(&self) -> bool {
        matches!(self.outcome, Outcome::Ok | Outcome::NothingToDo)
    }
}

impl From<&(SnapshotRecord, WorkReason)> for SnapshotReport {
    fn from((record, reason): &(SnapshotRecord, WorkReason)) -> Self {
        Self {
            source: record.source.clone(),
            file: record.file.clone(),
            reason: *reason,
            state: record.state,
            months: record.months.clone(),
            lines: record.lines,
            accepted: record.accepted,
            excluded: record.excluded.clone(),
            rejected: record.rejected,
            reject_reasons: record.reject_reasons.clone(),
            revenue: record.revenue.clone(),
        }
    }
}

impl From<&TableBuild> for TableReport {
    fn from(build: &TableBuild) -> Self {
        let count = |wanted: fn(&MonthState) -> bool| {
            build.months.values().filter(|state| wanted(state)).count()
        };
        let built: Vec<Option<Month>> = build
            .months
            .iter()
            .filter(|(_, state)| matches!(state, MonthState::Built))
            .map(|(month, _)| *month)
            .collect();
        let shown = match built.as_slice() {
            [None] => "all".to_owned(),
            months => describe_ranges(months.iter().flatten().copied()),
        };
        Self {
            table: build.table.clone(),
            built: shown,
            months_built: built.len(),
            months_resumed: count(|state| *state == MonthState::Resumed),
            months_kept: count(|state| *state == MonthState::Kept),
            months_changed: build.changed.len(),
            rows_built: build.rows_built,
            rows: build.rows,
            seconds: build.seconds,
            memory_bytes: build.memory_bytes,
            spilled_bytes: build.spilled_bytes,
        }
    }
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        let fault = match error.fault() {
            Fault::Configuration => "configuration",
            Fault::Data => "data",
            Fault::Store => "store",
            Fault::Locked => "locked",
            Fault::Bug => "bug",
        };
        Self {
            fault: fault.to_owned(),
            message: error.chain(),
            hint: error.hint_text().map(str::to_owned),
            exit_code: error.exit_code() as u8,
        }
    }
}
