//! Staged rows → canonical rows of a history table, or the reason why not.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch,
    StringArray, new_null_array,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, SchemaRef};
use chrono::Datelike as _;

use super::SALES;
use super::canonical::CanonicalTable;
use super::coverage::DayRange;
use super::staging::EXCLUDED;
use super::typed_rows::Problem;
use crate::error::{Error, Result};
use crate::month::Month;
use crate::reading::SALE_YEARS;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Accepted,
    /// Left out by the source's rule of this name.
    Excluded(String),
    Rejected(Problem),
}

/// Decides the fate of staged rows and gives back the accepted ones as canonical rows.
pub struct LineMaker {
    pub table: &'static CanonicalTable,
    pub schema: SchemaRef,
    pub source: String,
    /// Columns by which rows replace earlier ones.
    pub key: Vec<&'static str>,
    /// The only days that rows may lie in, when the file's name says them.
    pub period: Option<DayRange>,
}

/// Where rows come from: what their provenance columns say.
pub struct Provenance<'a> {
    /// The delivered file, with the sheet or archived file the rows lie in.
    pub file: &'a str,
    /// Line of the file (row of the sheet) each row starts at.
    pub lines: &'a [u64],
    /// Undeclared columns as JSON text, when they are kept.
    pub extra: Option<StringArray>,
}

impl LineMaker {
    /// Canonical rows of the accepted ones, and the fate of every row.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn make(
        &self,
        staged: &RecordBatch,
        from: Provenance<'_>,
        problems: Vec<Option<Problem>>,
    ) -> Result<(RecordBatch, Vec<Fate>)> {
        let rows = staged.num_rows();
        let mut fates = first_fates(staged, problems)?;
        let mut columns = Vec::with_capacity(self.table.columns.len());
        for canonical in self.table.columns {
            let array = match staged.column_by_name(canonical.name) {
                None => new_null_array(&canonical.data_type, rows),
                Some(column) => convert(column, canonical.name, &canonical.data_type, &mut fates)?,
            };
            if canonical.required {
                reject_nulls(&array, canonical.name, "is missing", &mut fates);
            } else if self.key.contains(&canonical.name) {
                // Rows without a key would replace each other, whatever they say.
                reject_nulls(&array, canonical.name, "is missing, and is in `key`", &mut fates);
            }
            columns.push(array);
        }
        let mut purchases = None;
        if self.table.name == SALES {
            let line = SalesLine::of(self.table, &columns)?;
            let kinds = line.kinds(&mut fates);
            purchases = Some(line.purchases(&kinds));
            columns[self.place_of("kind")?] = Arc::new(kinds);
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        if let Some(name) = self.table.day_column {
            let days = columns[self.place_of(name)?].as_primitive::<Date32Type>();
            arrays.push(Arc::new(self.months(name, days, &mut fates)));
        }
        arrays.push(Arc::new(repeated(&self.source, rows)));
        arrays.extend(columns);
        arrays.extend(purchases.map(|purchases| Arc::new(purchases) as ArrayRef));
        arrays.push(match from.extra {
            Some(extra) => Arc::new(extra),
            None => new_null_array(&DataType::Utf8, rows),
        });
        arrays.push(Arc::new(repeated(from.file, rows)));
        arrays.push(Arc::new(from.lines.iter().map(|line| *line as i64).collect::<Int64Array>()));
        let all = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
        if fates.iter().all(|fate| *fate == Fate::Accepted) {
            return Ok((all, fates));
        }
        let accepted: BooleanArray =
            fates.iter().map(|fate| Some(*fate == Fate::Accepted)).collect();
        Ok((filter_record_batch(&all, &accepted)?, fates))
    }

    /// First day of each row's month; rows outside the file's period are rejected.
    fn months(&self, column: &str, days: &Date32Array, fates: &mut [Fate]) -> Date32Array {
        let mut last: Option<(i32, i32)> = None;
        let mut month_of = |(row, fate): (usize, &mut Fate)| {
            let day = days.is_valid(row).then(|| days.value(row))?;
            let reject = |fate: &mut Fate, reason: String| {
                if *fate == Fate::Accepted {
                    let date = Date32Type::to_naive_date_opt(day);
                    let value = date.map_or_else(|| day.to_string(), |date| date.to_string());
                    *fate = Fate::Rejected(Problem { column: column.to_owned(), value, reason });
                }
            };
            if let Some(period) = self.period.filter(|period| !period.contains(day)) {
                reject(fate, format!("lies outside the period of the file, {period}"));
            }
            // Neighbouring rows are mostly of one day.
            if let Some((_, month)) = last.filter(|(known, _)| *known == day) {
                return Some(month);
            }
            let date = Date32Type::to_naive_date_opt(day);
            let Some(date) = date.filter(|date| SALE_YEARS.contains(&date.year())) else {
                reject(fate, "lies in a year that cannot be".to_owned());
                return None;
            };
            let month = Month::of(date).epoch_day();
            last = Some((day, month));
            Some(month)
        };
        fates.iter_mut().enumerate().map(&mut month_of).collect()
    }

    fn place_of(&self, name: &str) -> Result<usize> {
        place_of(self.table, name)
    }
}

fn repeated(text: &str, rows: usize) -> StringArray {
    StringArray::from_iter_values(std::iter::repeat_n(text, rows))
}

/// A rule that leaves a row out comes before its problems: a total needs no date.
fn first_fates(staged: &RecordBatch, problems: Vec<Option<Problem>>) -> Result<Vec<Fate>> {
    let rows = staged.num_rows();
    let excluded = match staged.column_by_name(EXCLUDED) {
        Some(column) => cast(column, &DataType::Utf8)?,
        None => new_null_array(&DataType::Utf8, rows),
    };
    let excluded = excluded.as_string::<i32>();
    let fate = |(row, problem)| match problem {
        _ if excluded.is_valid(row) => Fate::Excluded(excluded.value(row).to_owned()),
        Some(problem) => Fate::Rejected(problem),
        None => Fate::Accepted,
    };
    Ok(problems.into_iter().enumerate().map(fate).collect())
}

/// The columns of a sales line that decide kind and purchase.
struct SalesLine<'a> {
    kind: &'a StringArray,
    quantity: &'a Decimal128Array,
    revenue: &'a Decimal128Array,
}

const SALE: &str = "sale";
const RETURN: &str = "return";

impl<'a> SalesLine<'a> {
    fn of(table: &CanonicalTable, columns: &'a [ArrayRef]) -> Result<Self> {
        Ok(Self {
            kind: columns[place_of(table, "kind")?].as_string(),
            quantity: columns[place_of(table, "quantity")?].as_primitive(),
            revenue: columns[place_of(table, "revenue")?].as_primitive(),
        })
    }

    /// A line with a negative quantity or amount is a return whatever it calls itself.
    fn kinds(&self, fates: &mut [Fate]) -> StringArray {
        let negative =
            |amounts: &Decimal128Array, row| amounts.is_valid(row) && amounts.value(row) < 0;
        let kind_of = |(row, fate): (usize, &mut Fate)| {
            let given = self.kind.is_valid(row).then(|| self.kind.value(row));
            if let Some(other) = given.filter(|kind| ![SALE, RETURN].contains(kind))
                && *fate == Fate::Accepted
            {
                *fate = Fate::Rejected(Problem {
                    column: "kind".to_owned(),
                    value: other.to_owned(),
                    reason: format!("is neither {SALE} nor {RETURN}"),
                });
            }
            let is_return = given == Some(RETURN)
                || negative(self.quantity, row)
                || negative(self.revenue, row);
            Some(if is_return { RETURN } else { SALE })
        };
        fates.iter_mut().enumerate().map(kind_of).collect()
    }

    fn purchases(&self, kinds: &StringArray) -> BooleanArray {
        let is_purchase = |row: usize| {
            kinds.value(row) == SALE
                && self.revenue.is_valid(row)
                && self.revenue.value(row) > 0
                && (self.quantity.is_null(row) || self.quantity.value(row) > 0)
        };
        (0..kinds.len()).map(|row| Some(is_purchase(row))).collect()
    }
}

fn place_of(table: &CanonicalTable, name: &str) -> Result<usize> {
    table
        .columns
        .iter()
        .position(|column| column.name == name)
        .ok_or_else(|| Error::bug(format!("`{}` has no column `{name}`", table.name)))
}

fn reject_nulls(array: &ArrayRef, name: &str, reason: &str, fates: &mut [Fate]) {
    if array.null_count() == 0 {
        return;
    }
    for row in (0..array.len()).filter(|row| array.is_null(*row)) {
        if fates[row] == Fate::Accepted {
            fates[row] = Fate::Rejected(Problem {
                column: name.to_owned(),
                value: String::new(),
                reason: reason.to_owned(),
            });
        }
    }
}

/// A staged column as the canonical type. Decimals must fit exactly; others never lose.
fn convert(
    column: &ArrayRef,
    name: &str,
    target: &DataType,
    fates: &mut [Fate],
) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, scale) = target else {
        let array = cast(column, target)?;
        return Ok(match array.as_string_opt::<i32>() {
            // A blank name is no name.
            Some(texts) if texts.iter().flatten().any(|text| text.trim().is_empty()) => {
                let named = texts.iter().map(|text| text.filter(|text| !text.trim().is_empty()));
                Arc::new(named.collect::<StringArray>())
            }
            _ => array,
        });
    };
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    let decimal = match column.data_type() {
        DataType::Decimal128(..) => Arc::clone(column),
        _ => cast(column, &DataType::Decimal128(38, 0))?,
    };
    let values = decimal.as_primitive::<Decimal128Type>();
    let from_scale = values.scale();
    let limit = 10_i128.pow(u32::from(*precision));
    let mut rescaled = Vec::with_capacity(values.len());
    for (row, fate) in fates.iter_mut().enumerate() {
        if values.is_null(row) {
            rescaled.push(None);
            continue;
        }
        let exact = rescale(values.value(row), from_scale, *scale);
        match exact.filter(|value| value.abs() < limit) {
            Some(value) => rescaled.push(Some(value)),
            None => {
                rescaled.push(None);
                if *fate == Fate::Accepted {
                    let reason = match exact {
                        Some(_) => "is too large".to_owned(),
                        None => format!("has more than {scale} decimals"),
                    };
                    *fate = Fate::Rejected(Problem {
                        column: name.to_owned(),
                        value: values.value_as_string(row),
                        reason,
                    });
                }
            }
        }
    }
    let array = Decimal128Array::from(rescaled).with_precision_and_scale(*precision, *scale)?;
    Ok(Arc::new(array))
}

/// A decimal's digits at another scale, when that is possible without rounding.
fn rescale(value: i128, from: i8, to: i8) -> Option<i128> {
    let shift = i32::from(to) - i32::from(from);
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        // Saturating: a value beyond all limits stays beyond them and is called too large.
        Some(value.saturating_mul(factor))
    } else {
        (value % factor == 0).then_some(value / factor)
    }
}
