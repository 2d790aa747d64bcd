//! `clientbase diff`: which rows differ between two runs, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::as_known::AsKnown;
use super::diff_rows::DiffWriter;
use super::load;
use crate::cli::{DiffArguments, DiffFormat};
use crate::compare::{
    Cause, Causes, Comparison, Deliveries, RowCounts, Side, count_rows, differing_rows,
};
use crate::config::Project;
use crate::console::Console;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::ingest::SALES;
use crate::month::{Month, describe_ranges};
use crate::report::{RunReport, plain_table, thousands};

/// Compares two runs.
///
/// # Errors
/// When a run or the table is not there.
pub async fn diff(
    project: &Project,
    arguments: &DiffArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let before = AsKnown::open(&pipeline, &catalog, &arguments.before).await?;
    let after = AsKnown::open(&pipeline, &catalog, &arguments.after).await?;
    let session = Session::for_reading(after.warehouse.location(), pipeline.limits)?;
    let comparison = Comparison {
        before: Side { report: &before.report, warehouse: &before.warehouse },
        after: Side { report: &after.report, warehouse: &after.warehouse },
        catalog: &catalog,
        parameters: &pipeline.parameters,
    };
    let work = Work { comparison, session: &session, arguments, console };
    match &arguments.table {
        None => work.summary().await?,
        Some(table) => {
            let is_known = [&before, &after].iter().any(|known| known.tables.contains(table));
            if !is_known {
                return Err(Error::configuration(format!("there is no table `{table}`"))
                    .hint("`clientbase tables` lists them"));
            }
            work.rows(table).await?;
        }
    }
    Ok(ExitCode::Ok)
}

/// Where lists of tables are broken.
const LINE_WIDTH: usize = 98;

struct Work<'a> {
    comparison: Comparison<'a>,
    session: &'a Session,
    arguments: &'a DiffArguments,
    console: &'a Console,
}

/// What differs in one table.
struct TableDifference {
    table: String,
    months: BTreeMap<Option<Month>, (RowCounts, BTreeSet<Cause>)>,
    notes: Vec<String>,
}

impl TableDifference {
    fn counts(&self) -> RowCounts {
        let mut sum = RowCounts::default();
        for (counts, _) in self.months.values() {
            sum.added += counts.added;
            sum.removed += counts.removed;
            sum.changed += counts.changed;
        }
        sum
    }
}

impl Work<'_> {
    async fn difference(&self, table: &str, causes: &mut Causes<'_>) -> Result<TableDifference> {
        let columns = self.comparison.columns(table)?;
        let mut months: BTreeMap<Option<Month>, (RowCounts, BTreeSet<Cause>)> = BTreeMap::new();
        for slot in self.comparison.differing(table, self.arguments.month) {
            let counted =
                count_rows(&self.comparison, self.session, table, &columns, &slot).await?;
            let (counts, why) = months.entry(slot.slot.month).or_default();
            counts.added += counted.added;
            counts.removed += counted.removed;
            counts.changed += counted.changed;
            why.extend(causes.of(table, slot.slot.month));
        }
        Ok(TableDifference { table: table.to_owned(), months, notes: columns.notes() })
    }

    async fn summary(&self) -> Result<()> {
        let mut causes = Causes::new(self.comparison);
        let deliveries = Deliveries::between(&self.comparison, self.session).await?;
        let mut tables = Vec::new();
        for table in self.comparison.tables() {
            let difference = self.difference(&table, &mut causes).await?;
            if !difference.months.is_empty() {
                tables.push(difference);
            }
        }
        match self.arguments.format {
            DiffFormat::Table => {
                self.console.data(self.summary_as_text(&tables, &deliveries))?;
            }
            DiffFormat::Csv => self.console.data(summary_as_csv(&tables)?.trim_end())?,
            DiffFormat::Json => {
                let document = self.summary_as_json(&tables, &deliveries);
                self.console.data(serde_json::to_string_pretty(&document)?)?;
            }
        }
        Ok(())
    }

    fn heading(&self) -> String {
        let Comparison { before, after, .. } = self.comparison;
        let shown = |report: &RunReport| {
            format!("{} (as of {})", report.run, report.as_of.as_deref().unwrap_or("?"))
        };
        format!("from run {} to run {}", shown(before.report), shown(after.report))
    }

    fn summary_as_text(&self, tables: &[TableDifference], deliveries: &Deliveries) -> String {
        if tables.is_empty() {
            return format!("{}: nothing differs", self.heading());
        }
        let rows = tables.iter().map(|difference| {
            let counts = difference.counts();
            vec![
                difference.table.clone(),
                describe(difference.months.keys().copied()),
                thousands(counts.added),
                thousands(counts.removed),
                thousands(counts.changed),
            ]
        });
        let header = ["table", "months that differ", "rows added", "removed", "changed"];
        let mut text = format!(
            "{}\n\n{}\n\nwhy\n",
            self.heading(),
            plain_table(&header, &[2, 3, 4], rows.collect())
        );
        // Months of all tables with the same causes are told together.
        let mut told: BTreeMap<&BTreeSet<Cause>, Vec<String>> = BTreeMap::new();
        for difference in tables {
            let mut groups: BTreeMap<&BTreeSet<Cause>, Vec<Option<Month>>> = BTreeMap::new();
            for (month, (_, causes)) in &difference.months {
                groups.entry(causes).or_default().push(*month);
            }
            for (causes, months) in groups {
                let months = describe(months.into_iter());
                told.entry(causes).or_default().push(format!("{} {months}", difference.table));
            }
        }
        for (causes, tables) in told {
            for cause in causes {
                text.push_str(&format!("  {cause}\n"));
                for delivery in delivered(deliveries, cause) {
                    text.push_str(&format!("    {delivery}\n"));
                }
            }
            let mut line = String::from("      ");
            for (place, table) in tables.iter().enumerate() {
                let end = if place + 1 < tables.len() { "; " } else { "" };
                if line.len() + table.len() > LINE_WIDTH {
                    text.push_str(&format!("{}\n", line.trim_end()));
                    line = String::from("      ");
                }
                line.push_str(&format!("{table}{end}"));
            }
            text.push_str(&format!("{line}\n"));
        }
        for difference in tables {
            for note in &difference.notes {
                text.push_str(&format!("  note: {}: {note}\n", difference.table));
            }
        }
        text.trim_end().to_owned()
    }

    fn summary_as_json(
        &self,
        tables: &[TableDifference],
        deliveries: &Deliveries,
    ) -> serde_json::Value {
        let causes = |causes: &BTreeSet<Cause>| -> Vec<serde_json::Value> {
            let one = |cause: &Cause| json!({ "cause": cause.to_string(), "delivered": delivered(deliveries, cause) });
            causes.iter().map(one).collect()
        };
        let table = |difference: &TableDifference| {
            let months: serde_json::Map<String, serde_json::Value> = difference
                .months
                .iter()
                .map(|(month, (counts, why))| {
                    (describe([*month].into_iter()), json!({ "rows": counts, "why": causes(why) }))
                })
                .collect();
            json!({
                "table": difference.table, "rows": difference.counts(), "months": months,
                "notes": difference.notes,
            })
        };
        let side = |report: &RunReport| json!({ "run": report.run, "started": report.started, "as_of": report.as_of });
        json!({
            "before": side(self.comparison.before.report),
            "after": side(self.comparison.after.report),
            "tables": tables.iter().map(table).collect::<Vec<_>>(),
        })
    }

    async fn rows(&self, table: &str) -> Result<()> {
        let slots = self.comparison.differing(table, self.arguments.month);
        if self.arguments.format == DiffFormat::Table {
            self.console.data(self.heading())?;
            if slots.is_empty() {
                let month = self.arguments.month.map(|month| format!(" {month}"));
                self.console
                    .data(format_args!("{table}{}: nothing differs", month.unwrap_or_default()))?;
                return Ok(());
            }
        }
        let columns = self.comparison.columns(table)?;
        for note in columns.notes() {
            self.console.talk(format_args!("note: {note}"));
        }
        let mut writer = DiffWriter::new(self.arguments.format, self.arguments.limit);
        for slot in &slots {
            let rows =
                differing_rows(&self.comparison, self.session, table, &columns, slot).await?;
            if rows.columns.key.is_none() && columns.key.is_some() {
                self.console.talk(format_args!(
                    "note: {} of {table}: {} do not tell rows apart in both runs, so whole rows \
                     are compared",
                    slot.slot,
                    columns.key.as_deref().unwrap_or_default().join(", ")
                ));
            }
            if let Some(table) = writer.begin(&rows.columns) {
                self.console.data(table)?;
            }
            let mut pieces = Vec::new();
            rows.each(true, |batch| {
                writer.write(&batch, &mut pieces)?;
                // What is written leaves at once: a table may be long.
                if !pieces.is_empty() {
                    self.console.data(String::from_utf8_lossy(&pieces).trim_end_matches('\n'))?;
                    pieces.clear();
                }
                Ok(())
            })
            .await?;
        }
        if let Some(rest) = writer.finish() {
            self.console.data(rest)?;
        }
        if self.arguments.format == DiffFormat::Table {
            self.why(table, &slots.iter().map(|slot| slot.slot.month).collect()).await?;
        }
        Ok(())
    }

    async fn why(&self, table: &str, months: &BTreeSet<Option<Month>>) -> Result<()> {
        let mut causes = Causes::new(self.comparison);
        let deliveries = Deliveries::between(&self.comparison, self.session).await?;
        let mut all: BTreeMap<Cause, Vec<Option<Month>>> = BTreeMap::new();
        for month in months {
            for cause in causes.of(table, *month) {
                all.entry(cause).or_default().push(*month);
            }
        }
        let mut text = String::from("\nwhy");
        for (cause, months) in all {
            text.push_str(&format!("\n  {}: {cause}", describe(months.into_iter())));
            for delivery in delivered(&deliveries, &cause) {
                text.push_str(&format!("\n    {delivery}"));
            }
        }
        self.console.data(text)
    }
}

fn delivered<'d>(deliveries: &'d Deliveries, cause: &Cause) -> &'d [String] {
    match cause {
        Cause::Input { table, month } => deliveries.of(table, *month),
        Cause::NewMonth(month) => deliveries.of(SALES, Some(*month)),
        _ => &[],
    }
}

/// `2024-01..2024-03`, or `all` for a table without months.
fn describe(months: impl Iterator<Item = Option<Month>>) -> String {
    let months: Vec<Option<Month>> = months.collect();
    match months.as_slice() {
        [None] => "all".to_owned(),
        months => describe_ranges(months.iter().flatten().copied()),
    }
}

fn summary_as_csv(tables: &[TableDifference]) -> Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let failed =
        |error: csv::Error| Error::store("the differences cannot be written").because(error);
    csv.write_record(["table", "month", "added", "removed", "changed", "why"]).map_err(failed)?;
    for difference in tables {
        for (month, (counts, causes)) in &difference.months {
            let why: Vec<String> = causes.iter().map(ToString::to_string).collect();
            csv.write_record([
                difference.table.clone(),
                describe([*month].into_iter()),
                counts.added.to_string(),
                counts.removed.to_string(),
                counts.changed.to_string(),
                why.join("; "),
            ])
            .map_err(failed)?;
        }
    }
    let bytes = csv.into_inner().map_err(|error| {
        Error::store("the differences cannot be written").because(error.into_error())
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
