//! The only reader of the wall clock. Results never depend on it: it stamps runs and commits.

use chrono::{DateTime, SecondsFormat, Utc};

/// The present moment, in UTC.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// `2026-11-21T19:40:00Z`.
pub fn format_utc(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
