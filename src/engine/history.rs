//! What a run speaks for: the months from the first sale to the as-of date.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::ingest::{SALES, TableSlots};
use crate::models::{Fingerprint, FingerprintBuilder};
use crate::month::Month;
use crate::store::DataFile;

/// The date a run speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The date.
    pub date: NaiveDate,
}

impl AsOf {
    /// The as-of date as far as a month can see it: nothing for finished months, so that
    /// tomorrow's date changes no finished month.
    pub fn within(&self, month: Month) -> Option<NaiveDate> {
        (Month::of(self.date) == month && self.date < month.last_day()).then_some(self.date)
    }

    /// The last month that is over at the as-of date.
    pub fn last_full_month(&self) -> Month {
        let month = Month::of(self.date);
        if self.within(month).is_some() { month.plus(-1) } else { month }
    }
}

/// The history as a run sees it: files by table and slot, months, as-of date.
#[derive(Debug, Clone)]
pub struct History {
    tables: BTreeMap<&'static str, TableSlots>,
    /// First month of the data.
    pub first: Month,
    /// Month of the as-of date.
    pub last: Month,
    /// The date the run speaks for.
    pub as_of: AsOf,
}

impl History {
    /// Works out months and as-of date.
    ///
    /// # Errors
    /// When there are no sales, or none up to the given date.
    pub fn new(
        tables: BTreeMap<&'static str, TableSlots>,
        as_of: Option<NaiveDate>,
    ) -> Result<Self> {
        let no_sales = TableSlots::new();
        let sales = tables.get(SALES).unwrap_or(&no_sales);
        let months = sales.values().filter(|(file, _)| file.rows > 0);
        let first = months.filter_map(|(file, _)| file.slot.month).min().ok_or_else(|| {
            Error::data("no sales line was accepted, so there is nothing to compute")
                .hint("look at the rejects and at the rules of the staging SQL")
        })?;
        let last_day = sales.values().filter_map(|(file, _)| file.last_day).max();
        let data_end = last_day
            .and_then(NaiveDate::from_epoch_days)
            .ok_or_else(|| Error::bug("the sales files do not say their last day"))?;
        // Not the machine's clock: the same data must give the same results tomorrow.
        let as_of = AsOf { date: as_of.unwrap_or(data_end) };
        let last = Month::of(as_of.date);
        if last < first {
            return Err(Error::configuration(format!(
                "as-of date {} lies before the first sale, which is in {first}",
                as_of.date
            )));
        }
        if last.months_since(first) > MOST_MONTHS {
            return Err(Error::data(format!(
                "the sales span {} months, from {first} to {last}",
                last.months_since(first) + 1
            ))
            .hint("a date is probably wrong: look for years far from the others in the delivered files"));
        }
        Ok(Self { tables, first, last, as_of })
    }

    /// All months of the run.
    pub fn months(&self) -> impl DoubleEndedIterator<Item = Month> + Clone {
        self.first.through(self.last)
    }

    /// The same files for another as-of date.
    ///
    /// # Errors
    /// See [`History::new`].
    pub fn as_of(self, date: NaiveDate) -> Result<Self> {
        Self::new(self.tables, Some(date))
    }

    fn slots(&self, table: &str) -> impl Iterator<Item = &(DataFile, bool)> {
        self.tables.get(table).into_iter().flat_map(BTreeMap::values)
    }

    /// First month that a dated table has rows of.
    pub fn first_month_of(&self, table: &str) -> Option<Month> {
        self.slots(table).filter_map(|(file, _)| file.slot.month).min()
    }

    /// Files of a table for a range of months; all files of a table without months.
    pub fn files(
        &self,
        table: &str,
        first: Month,
        last: Month,
    ) -> impl Iterator<Item = &(DataFile, bool)> {
        let inside = move |file: &DataFile| {
            file.slot.month.is_none_or(|month| (first..=last).contains(&month))
        };
        self.slots(table).filter(move |(file, _)| inside(file))
    }

    /// Whether files of a range hold rows after the as-of date, which must stay unseen.
    pub fn needs_cut(&self, table: &str, first: Month, last: Month) -> bool {
        let end = self.as_of.date.to_epoch_days();
        self.files(table, first, last).any(|(file, _)| file.last_day.is_some_and(|day| day > end))
    }

    /// Content of a month of a table, as it is seen at the as-of date.
    pub fn content(&self, table: &str, month: Month) -> Fingerprint {
        let mut builder = FingerprintBuilder::default();
        for (file, _) in self.slots(table).filter(|(file, _)| file.slot.month == Some(month)) {
            builder.part("file", &file.slot).part("content", file.content);
        }
        if self.needs_cut(table, month, month) {
            builder.part("cut", self.as_of.date);
        }
        builder.finish()
    }

    /// Content of a table without months; none when it is empty.
    pub fn whole_content(&self, table: &str) -> Option<Fingerprint> {
        let mut builder = FingerprintBuilder::default();
        let mut whole = self.slots(table).filter(|(file, _)| file.slot.month.is_none()).peekable();
        whole.peek()?;
        for (file, _) in whole {
            builder.part("file", &file.slot).part("content", file.content);
        }
        Some(builder.finish())
    }
}

/// Fifty years: beyond it a date is a typing error, not a history.
const MOST_MONTHS: i64 = 600;
