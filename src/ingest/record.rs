//! What is kept of one delivered file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SALES;
use super::coverage::Coverage;
use super::observed::ObservedColumn;
use crate::models::Fingerprint;
use crate::month::Month;

/// What became of a delivered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Its rows are in the history, but for those that later files replaced.
    #[default]
    Accepted,
    /// It would change closed months; kept whole, waiting to be accepted by name.
    SetAside,
    /// A later file of the whole history arrived together with it; it was not read.
    Superseded,
    /// An increment with the same bytes as another one; its rows are there already.
    Duplicate,
}

impl DeliveryState {
    /// Whether rows may be in the history.
    pub fn is_in_history(self) -> bool {
        self == Self::Accepted
    }

    /// As the snapshots table writes it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::SetAside => "set_aside",
            Self::Superseded => "superseded",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One delivered file, as it was last read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// Hash of bytes, staging and reading settings: identity of what was read.
    pub snapshot: Fingerprint,
    /// Hash of staging and reading settings alone.
    pub definition: Fingerprint,
    #[serde(default = "sales")]
    pub table: String,
    pub source: String,
    /// Path below the source's folder.
    pub file: String,
    #[serde(default)]
    pub state: DeliveryState,
    /// What it replaces of earlier files.
    #[serde(default)]
    pub coverage: Coverage,
    /// Whether its rows replace those of earlier files that have the same key.
    #[serde(default)]
    pub replaces_keys: bool,
    pub bytes: u64,
    /// When the store saw the file change last, as RFC 3339.
    pub modified: String,
    pub e_tag: Option<String>,
    /// Full hash of the file's bytes.
    pub bytes_hash: String,
    /// Months that the file speaks for or has rows in.
    pub months: Vec<Month>,
    pub lines: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Accepted rows, by month.
    pub accepted_by_month: BTreeMap<Month, u64>,
    /// Sum of their revenue by month, as decimal numbers.
    #[serde(default)]
    pub revenue_by_month: BTreeMap<Month, String>,
    /// Rows left out, by rule of the source.
    pub excluded: BTreeMap<String, u64>,
    /// Rejected rows, by reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// Sum of accepted revenue, as a decimal number.
    pub revenue: String,
    /// Columns of the file.
    #[serde(default)]
    pub columns: Vec<ObservedColumn>,
    /// Run that read the file.
    pub run: String,
    /// When that run started, as RFC 3339.
    pub ingested_at: String,
    /// Order of reading: later files replace what earlier ones delivered.
    pub sequence: u64,
}

fn sales() -> String {
    SALES.to_owned()
}

impl SnapshotRecord {
    /// Whether its rows may be in the history.
    pub fn is_accepted(&self) -> bool {
        self.state.is_in_history()
    }

    /// The last month for which it may have brought everything.
    pub fn last_whole_month(&self) -> Option<Month> {
        match self.coverage.last_day() {
            // The day after it lies in the month after.
            Some(day) => Month::of_epoch_day(day + 1).map(|month| month.plus(-1)),
            None => self.months.last().copied(),
        }
    }

    /// Takes back what was counted: the rows are there already, by another file.
    pub fn become_duplicate(&mut self) {
        self.state = DeliveryState::Duplicate;
        (self.lines, self.accepted, self.rejected) = (0, 0, 0);
        self.accepted_by_month.clear();
        self.revenue_by_month.clear();
        self.excluded.clear();
        self.reject_reasons.clear();
        self.revenue = decimal_text(0);
    }
}

/// Ten-thousandths as a decimal number.
pub fn decimal_text(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs();
    format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000)
}

/// A decimal number with four places as ten-thousandths; what is not one counts as zero.
pub fn ten_thousandths(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap_or(0)
}
