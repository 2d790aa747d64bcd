//! What a delivered file of a source replaces, and what is expected of it.

use regex::Regex;

use super::file::{ContractTable, Place, SourceTable};
use crate::error::{Error, Result};
use crate::ingest::CanonicalTable;

/// What a delivered file replaces of what its source delivered before.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The months or days that it speaks for.
    Period(Period),
    /// Nothing; with a key, the earlier rows that have the same key.
    Increment {
        /// Canonical columns; empty: every row is new.
        key: Vec<&'static str>,
    },
    /// Everything: each file is the whole history.
    Full,
}

/// How the days that a file speaks for are known.
#[derive(Debug, Clone)]
pub enum Period {
    /// The whole months that its accepted rows lie in.
    Months,
    /// The days from its first to its last accepted row.
    Days,
    /// The month, day or range of days in the file's name.
    FileName(Option<Regex>),
}

/// Groups of a pattern for file names: the first day and, after `to_`, the last.
pub const NAME_GROUPS: [&str; 6] = ["year", "month", "day", "to_year", "to_month", "to_day"];

impl Delivery {
    /// Whether rows replace earlier ones that have the same key.
    pub fn replaces_keys(&self) -> bool {
        matches!(self, Self::Increment { key } if !key.is_empty())
    }

    pub(super) fn check(
        table: &SourceTable,
        fills: &'static CanonicalTable,
        place: &Place<'_>,
    ) -> Result<Self> {
        let kinds: &[&str] = match fills.day_column {
            Some(_) => &["period", "increment", "full"],
            None => &["full", "increment"],
        };
        let kind = place.word("source.kind", &table.kind, kinds)?;
        if let (Some(period), true) = (&table.period, kind != "period") {
            return Err(place.error("source.period", period, "only belongs to kind = \"period\""));
        }
        if let (Some(key), true) = (&table.key, kind != "increment") {
            return Err(place.error("source.key", key, "only belongs to kind = \"increment\""));
        }
        match kind {
            "full" => Ok(Self::Full),
            "increment" => Ok(Self::Increment { key: key_columns(table, fills, place)? }),
            _ => Ok(Self::Period(Period::check(table, place)?)),
        }
    }
}

fn key_columns(
    table: &SourceTable,
    fills: &'static CanonicalTable,
    place: &Place<'_>,
) -> Result<Vec<&'static str>> {
    let Some(given) = &table.key else { return Ok(Vec::new()) };
    let known = || fills.columns.iter().map(|column| column.name);
    let columns = given.get_ref().iter().map(|name| {
        known().find(|column| column == name).ok_or_else(|| {
            let list = known().collect::<Vec<_>>().join(", ");
            let problem =
                format!("has `{name}`, which is no column of `{}`; they are {list}", fills.name);
            place.error("source.key", given, &problem)
        })
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    if columns.is_empty() {
        return Err(place.error("source.key", given, "must name at least one column"));
    }
    Ok(columns)
}

impl Period {
    fn check(table: &SourceTable, place: &Place<'_>) -> Result<Self> {
        let period = place.word("source.period", &table.period, &["data", "days", "file_name"])?;
        match (period, &table.file_name_pattern) {
            ("file_name", None) => Ok(Self::FileName(None)),
            ("file_name", Some(given)) => {
                let pattern = Regex::new(given.get_ref()).map_err(|error| {
                    place
                        .error("source.file_name_pattern", given, "is no regular expression")
                        .because(error)
                })?;
                let names: Vec<&str> = pattern.capture_names().flatten().collect();
                if let Some(unknown) = names.iter().find(|name| !NAME_GROUPS.contains(name)) {
                    let problem = format!(
                        "has the group `{unknown}`; the groups are {}",
                        NAME_GROUPS.join(", ")
                    );
                    return Err(place.error("source.file_name_pattern", given, &problem));
                }
                if !(names.contains(&"year") && names.contains(&"month")) {
                    let problem = "needs the groups `year` and `month`, like \
                                   (?<year>\\d{4})-(?<month>\\d{2})";
                    return Err(place.error("source.file_name_pattern", given, problem));
                }
                Ok(Self::FileName(Some(pattern)))
            }
            (_, Some(given)) => Err(place.error(
                "source.file_name_pattern",
                given,
                "only belongs to period = \"file_name\"",
            )),
            ("days", None) => Ok(Self::Days),
            _ => Ok(Self::Months),
        }
    }
}

/// What happens to a file that changes months long past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedMonths {
    /// Days after a month's end when it is closed; none: months never close.
    pub after_days: Option<i64>,
    /// What to do with files that change a closed month.
    pub policy: ClosedPolicy,
}

/// What to do with files that change a closed month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedPolicy {
    /// Take them; the restatement is recorded like any other.
    Accept,
    /// Take them and say so.
    Warn,
    /// Set them aside, whole, until they are accepted by name.
    Refuse,
}

impl ClosedMonths {
    fn policy(word: &str) -> ClosedPolicy {
        match word {
            "refuse" => ClosedPolicy::Refuse,
            "warn" => ClosedPolicy::Warn,
            _ => ClosedPolicy::Accept,
        }
    }

    pub(super) fn check(table: &SourceTable, place: &Place<'_>) -> Result<Self> {
        let after_days = match &table.closed_after_days {
            None => None,
            given => Some(place.whole_number("source.closed_after_days", given, 0, 0..=36_500)?),
        };
        let words = ["accept", "warn", "refuse"];
        let policy =
            Self::policy(place.word("source.closed_months", &table.closed_months, &words)?);
        if let (Some(given), None) = (&table.closed_months, after_days)
            && policy != ClosedPolicy::Accept
        {
            let problem = "needs `closed_after_days`, which says when a month is closed";
            return Err(place.error("source.closed_months", given, problem));
        }
        Ok(Self { after_days, policy })
    }
}

/// What is said when a file is not as its source's files were before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Ignore,
    /// A note in the report.
    Warn,
    /// The run ends before anything is committed.
    Error,
}

/// What is expected of a source's files.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// An optional or undeclared column that was there before is missing.
    pub missing_columns: Reaction,
    /// A column that was never there before.
    pub new_columns: Reaction,
    /// A column that held numbers or dates holds something else.
    pub changed_types: Reaction,
    /// A month has far fewer lines or far less revenue than usual.
    pub unusual_months: Reaction,
    /// Smallest share of the usual number of lines.
    pub min_lines_share: f64,
    /// Smallest share of the usual revenue.
    pub min_revenue_share: f64,
    /// Months before, whose median is the usual.
    pub usual_months: usize,
}

const DEFAULT_MIN_SHARE: f64 = 0.5;
const DEFAULT_USUAL_MONTHS: i64 = 12;

impl Contract {
    pub(super) fn check(table: &ContractTable, place: &Place<'_>) -> Result<Self> {
        let reaction = |key: &str, setting| -> Result<Reaction> {
            let key = format!("source.contract.{key}");
            match place.word(&key, setting, &["warn", "ignore", "error"])? {
                "ignore" => Ok(Reaction::Ignore),
                "error" => Ok(Reaction::Error),
                "warn" => Ok(Reaction::Warn),
                other => Err(Error::bug(format!("{key} cannot be {other}"))),
            }
        };
        let share = |key: &str, setting| {
            let key = format!("source.contract.{key}");
            place.number(&key, setting, DEFAULT_MIN_SHARE, 0.0..=1.0)
        };
        let usual = place.whole_number(
            "source.contract.usual_months",
            &table.usual_months,
            DEFAULT_USUAL_MONTHS,
            3..=120,
        )?;
        Ok(Self {
            missing_columns: reaction("missing_columns", &table.missing_columns)?,
            new_columns: reaction("new_columns", &table.new_columns)?,
            changed_types: reaction("changed_types", &table.changed_types)?,
            unusual_months: reaction("unusual_months", &table.unusual_months)?,
            min_lines_share: share("min_lines_share", &table.min_lines_share)?,
            min_revenue_share: share("min_revenue_share", &table.min_revenue_share)?,
            usual_months: usual as usize,
        })
    }
}
