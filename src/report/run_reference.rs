//! What a person types to name a run: the run itself, `last`, or a moment.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::run_report::RunReport;
use super::runs_folder::{RunsFolder, run_id};
use crate::error::{Error, Result};
use crate::store::RetentionMark;

/// A finished run, as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunReference {
    /// `last`, `last~3`: the newest finished run, or so many before it.
    Last(usize),
    /// A date or date-time in UTC: the newest finished run that had started before this moment,
    /// which is the end of what was written. With its text.
    Before(DateTime<Utc>, String),
    /// The run's name or its beginning.
    Named(String),
}

impl FromStr for RunReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("last") {
            let back = match rest.strip_prefix('~') {
                None if rest.is_empty() => Some(0),
                None => None,
                Some(number) => number.parse().ok(),
            };
            return back.map(Self::Last).ok_or_else(|| wrong(text));
        }
        if let Some(end) = end_of(text) {
            return Ok(Self::Before(end, text.to_owned()));
        }
        let is_name = text.starts_with(|first: char| first.is_ascii_digit())
            && text.chars().all(|letter| letter.is_ascii_digit() || letter == '-');
        // `2024-3` is a mistyped date, not the beginning of a run's name.
        let is_mistyped_date = text.find('-').is_some_and(|place| place < 8);
        if is_name && !is_mistyped_date {
            return Ok(Self::Named(text.to_owned()));
        }
        Err(wrong(text))
    }
}

fn wrong(text: &str) -> String {
    format!(
        "`{text}` is neither a run nor a moment; write a run like 20261121-194000-123 (its \
         beginning will do), last, last~1, 2026-11-21 or 2026-11-21T19:40 (UTC)"
    )
}

/// The moment just behind a date, minute or second.
fn end_of(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        let next = date.checked_add_days(Days::new(1))?;
        return Some(next.and_time(NaiveTime::MIN).and_utc());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return moment.to_utc().checked_add_signed(TimeDelta::seconds(1));
    }
    let text = text.strip_suffix('Z').unwrap_or(text).replace(' ', "T");
    for (format, step) in
        [("%Y-%m-%dT%H:%M", TimeDelta::minutes(1)), ("%Y-%m-%dT%H:%M:%S", TimeDelta::seconds(1))]
    {
        if let Ok(moment) = NaiveDateTime::parse_from_str(&text, format) {
            return moment.and_utc().checked_add_signed(step);
        }
    }
    None
}

impl fmt::Display for RunReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(0) => formatter.write_str("last"),
            Self::Last(back) => write!(formatter, "last~{back}"),
            Self::Before(_, text) | Self::Named(text) => formatter.write_str(text),
        }
    }
}

impl RunsFolder<'_> {
    /// The finished run that is meant, whose table versions are all still there.
    ///
    /// # Errors
    /// When there is no such run, it did not finish, or retention has removed its versions.
    pub async fn find(&self, wanted: &RunReference) -> Result<RunReport> {
        let report = match wanted {
            RunReference::Last(back) => self.before_last(*back).await?,
            RunReference::Before(end, text) => self.started_before(*end, text).await?,
            RunReference::Named(text) => self.named(text).await?,
        };
        if let Some(mark) = RetentionMark::load(self.warehouse()).await?
            && mark.has_removed(&report.run)
        {
            return Err(Error::configuration(format!(
                "run {} is older than retention keeps: its table versions were removed at {}",
                report.run, mark.removed_at
            ))
            .hint(format!("the oldest run that can be read is {}", mark.oldest_kept_run)));
        }
        Ok(report)
    }

    async fn before_last(&self, back: usize) -> Result<RunReport> {
        let mut finished = 0;
        for name in self.names().await?.iter().rev() {
            let report = self.read(name).await?;
            if report.is_finished() {
                if finished == back {
                    return Ok(report);
                }
                finished += 1;
            }
        }
        Err(match finished {
            0 => Error::configuration(format!("no run in {} has finished yet", self.shown()))
                .hint("run the pipeline first: clientbase run"),
            count => {
                Error::configuration(format!("there is no run last~{back}: only {count} finished"))
                    .hint("`clientbase runs` lists them")
            }
        })
    }

    async fn started_before(&self, end: DateTime<Utc>, text: &str) -> Result<RunReport> {
        let names = self.names().await?;
        let end = run_id(end);
        for name in names.iter().rev().filter(|name| **name < end) {
            let report = self.read(name).await?;
            if report.is_finished() {
                return Ok(report);
            }
        }
        let mut first = None;
        for name in names.iter().filter(|name| **name >= end) {
            let report = self.read(name).await?;
            if report.is_finished() {
                first = Some(report);
                break;
            }
        }
        let error = Error::configuration(format!("no finished run had started by {text} (UTC)"));
        Err(match first {
            Some(first) => {
                error.hint(format!("the first one is {}, started at {}", first.run, first.started))
            }
            None => error.hint("run the pipeline first: clientbase run"),
        })
    }

    async fn named(&self, text: &str) -> Result<RunReport> {
        let names = self.names().await?;
        let fitting: Vec<&String> = names.iter().filter(|name| name.starts_with(text)).collect();
        let name = match fitting.as_slice() {
            [only] => only.as_str(),
            [] => {
                return Err(Error::configuration(format!("there is no run `{text}`"))
                    .hint("`clientbase runs` lists them"));
            }
            [first, .., last] if names.iter().all(|name| name != text) => {
                return Err(Error::configuration(format!(
                    "{} runs begin with `{text}`, from {first} to {last}",
                    fitting.len()
                ))
                .hint("write more of the name"));
            }
            _ => text,
        };
        let report = self.read(name).await?;
        if !report.is_finished() {
            return Err(Error::configuration(format!(
                "run {name} did not finish ({}), so it left no results",
                report.outcome.shown()
            ))
            .hint("`clientbase runs` shows which runs finished"));
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> String {
        match text.parse() {
            Ok(RunReference::Before(end, _)) => end.to_rfc3339(),
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn moments_end_where_their_last_digit_ends() {
        assert_eq!(end("2024-02-29"), "2024-03-01T00:00:00+00:00");
        assert_eq!(end("2024-02-29T10:05"), "2024-02-29T10:06:00+00:00");
        assert_eq!(end("2024-02-29 10:05:07"), "2024-02-29T10:05:08+00:00");
        assert_eq!(end("2024-02-29T10:05:07Z"), "2024-02-29T10:05:08+00:00");
        assert_eq!(end("2024-02-29T10:05:07+03:00"), "2024-02-29T07:05:08+00:00");
    }

    #[test]
    fn names_and_places_are_told_apart() {
        assert_eq!("last".parse(), Ok(RunReference::Last(0)));
        assert_eq!("last~12".parse(), Ok(RunReference::Last(12)));
        for name in ["20261121", "20261121-194000-123"] {
            assert_eq!(name.parse(), Ok(RunReference::Named(name.to_owned())));
        }
        for text in ["", "lastly", "last~", "last~x", "2024-13-01", "2024-3", "yesterday"] {
            assert!(text.parse::<RunReference>().is_err(), "{text}");
        }
    }
}
