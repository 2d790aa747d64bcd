//! The only reader of the wall clock. Results never depend on it: it stamps runs and commits.

use chrono::{DateTime, SecondsFormat, Utc};

/// Where the time of a run comes from; fixed in tests.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always the same moment.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The present moment, in UTC.
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(moment) => moment,
        }
    }
}

/// `2026-11-21T19:40:00Z`.
pub fn format_utc(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
