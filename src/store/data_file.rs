//! Names of data files carry all state: which month, made from what, with which content.
//!
//! `entity_month/2024-03-<fingerprint>-<content>.parquet`. A commit of a table therefore
//! carries the table's whole state, and no second record can disagree with it.

use std::fmt;

use crate::models::Fingerprint;
use crate::month::Month;

/// What a data file holds of its table: files of one slot replace each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Source of sales lines or rejects; none in result tables.
    pub source: Option<String>,
    /// The month, or none when the file is not of one month.
    pub month: Option<Month>,
}

impl Slot {
    /// A month of a result table, or the whole table.
    pub fn of_result(month: Option<Month>) -> Self {
        Self { source: None, month }
    }

    /// A month of a source.
    pub fn of_source(source: &str, month: Option<Month>) -> Self {
        Self { source: Some(source.to_owned()), month }
    }
}

/// Name of the slot part of a file that is not of one month.
const WHOLE: &str = "all";

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(formatter, "{source}/")?;
        }
        match self.month {
            Some(month) => write!(formatter, "{month}"),
            None => formatter.write_str(WHOLE),
        }
    }
}

/// One data file of a warehouse table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// What of the table it holds.
    pub slot: Slot,
    /// Hash of everything it was made from.
    pub fingerprint: Fingerprint,
    /// Hash of its bytes.
    pub content: Fingerprint,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Last day that its lines speak of, in sales files; days since 1970-01-01.
    pub last_day: Option<i32>,
}

impl DataFile {
    /// Path below the table's folder.
    pub fn name(&self) -> String {
        format!("{}-{}-{}.parquet", self.slot, self.fingerprint, self.content)
    }

    /// Reads a name back. Counts, which a name does not carry, are given.
    pub fn parse(name: &str, rows: u64, bytes: u64, last_day: Option<i32>) -> Option<Self> {
        let stem = name.strip_suffix(".parquet")?;
        let (source, stem) = match stem.rsplit_once('/') {
            Some((source, stem)) => (Some(source.to_owned()), stem),
            None => (None, stem),
        };
        let (stem, content) = stem.rsplit_once('-')?;
        let (slot, fingerprint) = stem.rsplit_once('-')?;
        let month = if slot == WHOLE { None } else { Some(slot.parse().ok()?) };
        Some(Self {
            slot: Slot { source, month },
            fingerprint: fingerprint.parse().ok()?,
            content: content.parse().ok()?,
            rows,
            bytes,
            last_day,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_state() {
        for slot in [
            Slot::of_result("2024-03".parse().ok()),
            Slot::of_result(None),
            Slot::of_source("shop-1", "2024-12".parse().ok()),
        ] {
            let file = DataFile {
                slot,
                fingerprint: Fingerprint::of(b"inputs"),
                content: Fingerprint::of(b"bytes"),
                rows: 7,
                bytes: 99,
                last_day: None,
            };
            assert_eq!(DataFile::parse(&file.name(), 7, 99, None), Some(file));
        }
        assert_eq!(DataFile::parse("part-0001.parquet", 1, 1, None), None);
    }
}
