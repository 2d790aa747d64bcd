//! Tables and parameters as one statement sees them.

use std::collections::BTreeMap;

use datafusion::prelude::{SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;

use super::bind::IMPLIED;
use super::build::BuildContext;
use super::segments::register_segments;
use super::staleness::{TableFiles, input_months};
use crate::config::ParameterType;
use crate::error::{Error, Result};
use crate::ingest::{CanonicalTable, canonical_table, history_schema};
use crate::models::{Read, SEGMENTS};
use crate::month::Month;

/// Tables as a statement sees them: staged before committed, cut to declared windows.
pub struct Tables<'a> {
    pub build: &'a BuildContext<'a>,
    pub files: &'a TableFiles,
}

impl Tables<'_> {
    /// Registers the declared inputs for a range of months.
    ///
    /// # Errors
    /// When an input does not exist, which loading has ruled out.
    pub async fn register(
        &self,
        context: &SessionContext,
        reads: &[Read],
        range: Option<(Month, Month)>,
    ) -> Result<()> {
        let BuildContext { history, parameters, .. } = self.build;
        let (first, last) = range.unwrap_or((history.first, history.last));
        for read in reads.iter().filter(|read| read.table != SEGMENTS) {
            let window = read.window.months(first, last, parameters);
            let mut months = input_months(self.build, &read.table, window);
            let (from, to) = match (months.next(), months.last()) {
                (Some(from), to) => (from, to.unwrap_or(from)),
                // A table without months, or a window before the first one.
                (None, _) => (window.0.unwrap_or(history.first), window.1.unwrap_or(history.last)),
            };
            if let Some(table) = canonical_table(&read.table) {
                self.register_history(context, table, from, to)?;
                continue;
            }
            let model = self
                .build
                .catalog
                .model(&read.table)
                .ok_or_else(|| Error::bug(format!("{} reads an unknown table", read.table)))?;
            let files = self.files.get(&read.table).into_iter().flat_map(BTreeMap::values);
            let visible = files.filter(|(file, _)| {
                file.slot.month.is_none_or(|month| (from..=to).contains(&month))
            });
            let placed = visible.map(|(file, staged)| {
                (self.build.warehouse.relative_path(&read.table, file, *staged), file.clone())
            });
            let schema = model.schema();
            let table = match read.is_ordered {
                true => self.build.session.ordered_table(&schema, placed, &model.order()),
                false => self.build.session.table(&schema, placed),
            };
            context.register_table(&*read.table, table)?;
        }
        register_segments(context, self.build.catalog, reads).await
    }

    fn register_history(
        &self,
        context: &SessionContext,
        canonical: &CanonicalTable,
        from: Month,
        to: Month,
    ) -> Result<()> {
        let (history, name) = (self.build.history, canonical.name);
        let placed = history.files(name, from, to).map(|(file, staged)| {
            (self.build.warehouse.relative_path(name, file, *staged), file.clone())
        });
        let table = self.build.session.table(&history_schema(canonical), placed);
        match canonical.day_column {
            Some(day) if history.needs_cut(name, from, to) => {
                let end = ScalarValue::Date32(Some(history.as_of.date.to_epoch_days()));
                let seen = context.read_table(table)?.filter(ident(day).lt_eq(lit(end)))?;
                context.register_table(name, seen.into_view())?;
            }
            _ => {
                context.register_table(name, table)?;
            }
        }
        Ok(())
    }
}

/// Values of the parameters that a statement declares, and of its range.
///
/// # Errors
/// When a value is missing, which loading has ruled out.
pub fn statement_parameters(
    declared: &[(String, ParameterType)],
    range: Option<(Month, Month)>,
    context: &BuildContext<'_>,
) -> Result<Vec<(String, ScalarValue)>> {
    let date = |month: Month| ScalarValue::Date32(Some(month.epoch_day()));
    let mut values = Vec::new();
    if let Some((first, last)) = range {
        values.push(("first_month".to_owned(), date(first)));
        values.push(("last_month".to_owned(), date(last)));
        let months = last.months_since(first) + 1;
        values.push(("range_months".to_owned(), ScalarValue::Int64(Some(months))));
    }
    for (name, _) in declared {
        let value = match name.as_str() {
            implied if IMPLIED.contains(&implied) => continue,
            "as_of_date" => ScalarValue::Date32(Some(context.history.as_of.date.to_epoch_days())),
            "history_first_month" => date(context.history.first),
            other => context
                .parameters
                .get(other)
                .map(ScalarValue::from)
                .ok_or_else(|| Error::bug(format!("parameter `{other}` lost its value")))?,
        };
        values.push((name.clone(), value));
    }
    Ok(values)
}
