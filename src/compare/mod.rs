//! What differs between two finished runs: months whose files have other content, rows in
//! them, and the causes.

mod causes;
mod deliveries;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

pub use causes::{Cause, Causes};
pub use deliveries::Deliveries;
pub use rows::{
    ComparedColumns, ComparedValues, RowBatch, RowChange, RowCounts, RowsOf, count_rows,
    differing_rows,
};

use crate::config::Parameters;
use crate::error::Result;
use crate::ingest::{REJECTS, SNAPSHOTS, canonical_table};
use crate::models::Catalog;
use crate::month::Month;
use crate::report::RunReport;
use crate::store::{DataFile, Slot, Warehouse};

/// One of the two runs, with the table versions it left.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub report: &'a RunReport,
    pub warehouse: &'a Warehouse,
}

/// Two runs side by side.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    pub before: Side<'a>,
    pub after: Side<'a>,
    /// Today's models, for grain and windows.
    pub catalog: &'a Catalog,
    pub parameters: &'a Parameters,
}

/// A slot of a table whose content differs: its file in either run.
#[derive(Debug, Clone)]
pub struct DifferingSlot {
    pub slot: Slot,
    pub before: Option<DataFile>,
    pub after: Option<DataFile>,
}

impl<'a> Comparison<'a> {
    /// Tables that people ask about, in the order in which they depend on each other: inputs,
    /// results of today, and results that only one of the runs had.
    pub fn tables(&self) -> Vec<String> {
        let exists = |table: &str| {
            [self.before, self.after].iter().any(|side| side.report.versions.contains_key(table))
        };
        let is_result = |table: &str| {
            [self.before, self.after].iter().any(|side| side.report.definitions.contains_key(table))
        };
        let reads = self.catalog.models.iter().flat_map(|model| &model.reads);
        let inputs: BTreeSet<&str> = reads
            .map(|read| read.table.as_str())
            .filter(|table| self.catalog.model(table).is_none())
            .collect();
        let mut tables: Vec<String> = inputs.into_iter().map(str::to_owned).collect();
        tables.extend(self.catalog.models.iter().map(|model| model.name.clone()));
        let known: BTreeSet<&String> =
            [self.before, self.after].iter().flat_map(|side| side.report.versions.keys()).collect();
        for table in known {
            if !tables.contains(table) && is_result(table) {
                tables.push(table.clone());
            }
        }
        tables.retain(|table| exists(table));
        tables
    }

    /// Slots of a table whose content differs. No data is read for it: names tell.
    pub fn differing(&self, table: &str, month: Option<Month>) -> Vec<DifferingSlot> {
        let of = |side: Side<'a>| -> BTreeMap<Slot, DataFile> {
            side.warehouse.files(table).map(|file| (file.slot.clone(), file.clone())).collect()
        };
        let (mut before, after) = (of(self.before), of(self.after));
        let mut found: Vec<DifferingSlot> = Vec::new();
        for (slot, file) in after {
            let old = before.remove(&slot);
            if old.as_ref().is_none_or(|old| old.content != file.content) {
                found.push(DifferingSlot { slot, before: old, after: Some(file) });
            }
        }
        let gone = before.into_iter();
        found.extend(gone.map(|(slot, file)| DifferingSlot {
            slot,
            before: Some(file),
            after: None,
        }));
        found.retain(|differing| month.is_none() || differing.slot.month == month);
        found.sort_by_key(|differing| (differing.slot.month, differing.slot.source.clone()));
        found
    }

    /// How rows of a table are told apart, and which of its columns both runs have.
    ///
    /// # Errors
    /// When the columns of a version cannot be read.
    pub fn columns(&self, table: &str) -> Result<ComparedColumns> {
        let grain: Option<Vec<String>> = match table {
            REJECTS => Some(["source", "file", "row_number"].map(str::to_owned).to_vec()),
            SNAPSHOTS => Some(["source", "file"].map(str::to_owned).to_vec()),
            _ => self.catalog.model(table).map(|model| model.grain.clone()),
        };
        // A line of sales is what it says, not where it stands in which file.
        let is_history = canonical_table(table).is_some();
        let ignored: &[&str] = if is_history { &["source_file", "source_row"] } else { &[] };
        let before = self.before.warehouse.schema(table)?;
        let after = self.after.warehouse.schema(table)?;
        Ok(ComparedColumns::new(before.as_deref(), after.as_deref(), grain, ignored))
    }

    /// The runs behind the older one up to the newer one, as borders of names.
    pub fn between(&self) -> (&'a str, &'a str) {
        let (one, other) = (self.before.report.run.as_str(), self.after.report.run.as_str());
        (one.min(other), one.max(other))
    }

    /// The later of the two runs.
    pub fn newer(&self) -> Side<'a> {
        if self.before.report.run > self.after.report.run { self.before } else { self.after }
    }
}
