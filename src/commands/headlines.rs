//! What a run says of its results at once: the matrix of the last full month, and how many of
//! the lost clients probably are not lost.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::prelude::{Expr, ident, lit};
use datafusion::scalar::ScalarValue;

use crate::config::ParameterValue;
use crate::engine::{BuildContext, Built};
use crate::error::Result;
use crate::month::Month;
use crate::report::{Losses, Matrix};

/// Months of losses that are told together: in a single one there is seldom a doubt.
const LOSS_MONTHS: i64 = 12;

/// The finished tables of a run.
pub(super) struct Headlines<'a> {
    pub context: &'a BuildContext<'a>,
    pub built: &'a Built,
}

impl Headlines<'_> {
    /// The matrix of the first dimension and measure in the last full month; none when the
    /// table is not computed.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn matrix(&self) -> Result<Option<Matrix>> {
        let (month, parameters) = (self.month(), self.context.parameters);
        let first = |name: &str| match parameters.get(name) {
            Some(ParameterValue::Texts(texts)) => texts.first().cloned(),
            _ => None,
        };
        let (Some(dimension), Some(measure)) = (first("abc_dimensions"), first("abc_measures"))
        else {
            return Ok(None);
        };
        let wanted = ident("dimension")
            .eq(lit(dimension.as_str()))
            .and(ident("measure").eq(lit(measure.as_str())))
            .and(ident("month").eq(day(month)));
        let columns = ["abc", "xyz", "entities", "share_of_total"];
        let mut cells = Vec::new();
        for batch in self.rows("abc_xyz_matrix", Some(month), wanted, &columns).await? {
            let text = |place: usize| arrow::compute::cast(batch.column(place), &DataType::Utf8);
            let (abc, xyz) = (text(0)?, text(1)?);
            let entities = batch.column(2).as_primitive::<Int64Type>();
            let shares = batch.column(3).as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                cells.push((
                    abc.as_string::<i32>().value(row).to_owned(),
                    xyz.as_string::<i32>().value(row).to_owned(),
                    entities.value(row),
                    shares.is_valid(row).then(|| shares.value(row)),
                ));
            }
        }
        if cells.is_empty() {
            return Ok(None);
        }
        let window = parameters.whole_number("abc_window_months").unwrap_or(12);
        let is_full_window = month.months_since(self.context.history.first) + 1 >= window;
        Ok(Some(Matrix { month, dimension, measure, is_full_window, cells }))
    }

    /// Losses of the last twelve full months by each rule; none when `churn_gross_net` is not
    /// computed.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn losses(&self) -> Result<Vec<Losses>> {
        let last = self.month();
        let first = last.plus(1 - LOSS_MONTHS).max(self.context.history.first);
        let wanted = ident("period_kind")
            .eq(lit("month"))
            .and(ident("cut").eq(lit("all")))
            .and(ident("period").between(day(first), day(last)));
        let columns = [
            "lost_after_months",
            "lost_gross",
            "lost_net",
            "clients_to_check",
            "probably_not_lost",
        ];
        let mut by_rule: BTreeMap<i64, Losses> = BTreeMap::new();
        for batch in self.rows("churn_gross_net", None, wanted, &columns).await? {
            let counts = |place: usize| batch.column(place).as_primitive::<Int64Type>();
            let expected = batch.column(4).as_primitive::<Decimal128Type>();
            for row in 0..batch.num_rows() {
                let lost_after_months = counts(0).value(row);
                let of_rule = by_rule
                    .entry(lost_after_months)
                    .or_insert_with(|| Losses::none((first, last), lost_after_months));
                of_rule.lost_gross += counts(1).value(row);
                of_rule.lost_net += counts(2).value(row);
                of_rule.to_check += counts(3).value(row);
                of_rule.probably_not_lost +=
                    expected.value_as_string(row).parse::<f64>().unwrap_or_default();
            }
        }
        Ok(by_rule.into_values().collect())
    }

    fn month(&self) -> Month {
        self.context.history.as_of.last_full_month()
    }

    /// Rows of a table that this run has, or of one month of it.
    async fn rows(
        &self,
        table: &str,
        month: Option<Month>,
        wanted: Expr,
        columns: &[&str],
    ) -> Result<Vec<RecordBatch>> {
        let Self { context, built } = self;
        let (Some(model), Some(files)) = (context.catalog.model(table), built.files.get(table))
        else {
            return Ok(Vec::new());
        };
        let placed = files.values().filter(|(file, _)| file.slot.month == month);
        let placed = placed.map(|(file, staged)| {
            // After the commit nothing is staged any more.
            let staged = *staged && context.warehouse.file(table, &file.slot) != Some(file);
            (context.warehouse.relative_path(table, file, staged), file.clone())
        });
        let provider = context.session.table(&model.schema(), placed);
        let rows = context.session.context().read_table(provider)?.filter(wanted)?;
        let columns: Vec<Expr> = columns.iter().map(|name| ident(*name)).collect();
        Ok(rows.select(columns)?.collect().await?)
    }
}

fn day(month: Month) -> Expr {
    lit(ScalarValue::Date32(Some(month.epoch_day())))
}
