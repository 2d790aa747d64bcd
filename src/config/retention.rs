//! How long old table versions stay readable.

use chrono::{DateTime, TimeDelta, Utc};

use super::file::{Place, RetentionTable};
use crate::error::Result;

/// Which finished runs `maintain` must leave readable: all that satisfy either rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs that started at most so many days before the newest one.
    pub keep_days: i64,
    /// So many of the newest runs, however old.
    pub keep_runs: usize,
}

/// Ten years: sales are asked about for as long as books are kept.
const DEFAULT_KEEP_DAYS: i64 = 3650;
const DEFAULT_KEEP_RUNS: i64 = 30;

impl Default for Retention {
    fn default() -> Self {
        Self { keep_days: DEFAULT_KEEP_DAYS, keep_runs: DEFAULT_KEEP_RUNS as usize }
    }
}

impl Retention {
    pub(super) fn check(raw: &RetentionTable, place: &Place<'_>) -> Result<Self> {
        let keep_days = place.whole_number(
            "retention.keep_days",
            &raw.keep_days,
            DEFAULT_KEEP_DAYS,
            1..=36_500,
        )?;
        let keep_runs = place.whole_number(
            "retention.keep_runs",
            &raw.keep_runs,
            DEFAULT_KEEP_RUNS,
            1..=100_000,
        )?;
        Ok(Self { keep_days, keep_runs: keep_runs as usize })
    }

    /// How many of the newest finished runs are kept, given their starts, oldest first. Days
    /// count back from the newest run, not from today: a wrong clock or a pipeline that rests
    /// makes nothing old.
    pub fn kept(&self, starts: &[Option<DateTime<Utc>>]) -> usize {
        let Some(newest) = starts.iter().flatten().max() else { return starts.len() };
        let oldest = *newest - TimeDelta::days(self.keep_days);
        // A start that cannot be read counts as recent: what is not understood is kept.
        let recent = starts
            .iter()
            .position(|start| start.is_none_or(|start| start >= oldest))
            .map_or(0, |first| starts.len() - first);
        recent.max(self.keep_runs).min(starts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Option<DateTime<Utc>> {
        Some(DateTime::UNIX_EPOCH + TimeDelta::days(number))
    }

    #[test]
    fn either_rule_keeps_a_run() {
        let rule = |keep_days, keep_runs| Retention { keep_days, keep_runs };
        let starts = [day(0), day(10), day(20), day(21), day(22)];
        assert_eq!(rule(2, 1).kept(&starts), 3);
        assert_eq!(rule(1, 1).kept(&starts), 2);
        assert_eq!(rule(1, 4).kept(&starts), 4);
        assert_eq!(rule(22, 1).kept(&starts), 5);
        assert_eq!(rule(1, 30).kept(&starts), 5);
        assert_eq!(rule(1, 1).kept(&[]), 0);
        assert_eq!(rule(1, 1).kept(&[day(0), None, day(22)]), 2);
    }
}
