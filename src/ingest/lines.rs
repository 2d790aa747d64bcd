//! Staged rows → accepted sales lines, or the reason why not.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch,
    StringArray, new_null_array,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, SchemaRef};

use super::canonical::CANONICAL_COLUMNS;
use super::csv_rows::Problem;
use super::staging::EXCLUDED;
use super::values::SALE_YEARS;
use crate::error::{Error, Result};
use crate::month::Month;
use chrono::Datelike as _;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Accepted,
    /// Left out by the source's rule of this name.
    Excluded(String),
    Rejected(Problem),
}

/// Decides the fate of staged rows and gives back the accepted ones as sales lines.
pub struct LineMaker {
    pub sales_schema: SchemaRef,
    pub source: String,
    pub file: String,
    /// The only month that lines may lie in, when the file's name says it.
    pub period: Option<Month>,
}

impl LineMaker {
    /// Canonical lines of the accepted rows, and the fate of every row.
    ///
    /// # Errors
    /// Only when arrays do not fit together.
    pub fn make(
        &self,
        staged: &RecordBatch,
        lines: &[u64],
        problems: Vec<Option<Problem>>,
    ) -> Result<(RecordBatch, Vec<Fate>)> {
        let rows = staged.num_rows();
        let excluded = match staged.column_by_name(EXCLUDED) {
            Some(column) => cast(column, &DataType::Utf8)?,
            None => new_null_array(&DataType::Utf8, rows),
        };
        let excluded = excluded.as_string::<i32>();
        let mut fates: Vec<Fate> = problems
            .into_iter()
            .enumerate()
            .map(|(row, problem)| match problem {
                _ if excluded.is_valid(row) => Fate::Excluded(excluded.value(row).to_owned()),
                Some(problem) => Fate::Rejected(problem),
                None => Fate::Accepted,
            })
            .collect();
        let mut columns = Vec::with_capacity(CANONICAL_COLUMNS.len());
        for canonical in &CANONICAL_COLUMNS {
            let array = match staged.column_by_name(canonical.name) {
                None => new_null_array(&canonical.data_type, rows),
                Some(column) => convert(column, canonical.name, &canonical.data_type, &mut fates)?,
            };
            if canonical.required {
                reject_nulls(&array, canonical.name, &mut fates);
            }
            columns.push(array);
        }
        let line = Line::of(&columns)?;
        let kinds = line.kinds(&mut fates);
        let months = self.months(&line, &mut fates);
        let purchases = line.purchases(&kinds);
        let accepted: BooleanArray =
            fates.iter().map(|fate| Some(*fate == Fate::Accepted)).collect();
        let kind_place = place_of("kind")?;
        columns[kind_place] = Arc::new(kinds);
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(months),
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.source, rows))),
        ];
        arrays.extend(columns);
        arrays.push(Arc::new(purchases));
        arrays.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.file, rows))));
        arrays.push(Arc::new(Int64Array::from_iter_values(lines.iter().map(|line| *line as i64))));
        let all = RecordBatch::try_new(Arc::clone(&self.sales_schema), arrays)?;
        Ok((filter_record_batch(&all, &accepted)?, fates))
    }

    /// First day of each line's month; lines outside the file's period are rejected.
    fn months(&self, line: &Line<'_>, fates: &mut [Fate]) -> Date32Array {
        let month_of = |(row, fate): (usize, &mut Fate)| {
            let day = line.sale_date.is_valid(row).then(|| line.sale_date.value(row))?;
            let date = Date32Type::to_naive_date_opt(day);
            let month = date.filter(|date| SALE_YEARS.contains(&date.year())).map(Month::of);
            let Some(month) = month else {
                if *fate == Fate::Accepted {
                    *fate = Fate::Rejected(Problem {
                        column: "sale_date".to_owned(),
                        value: date.map_or_else(|| day.to_string(), |date| date.to_string()),
                        reason: "lies in a year that cannot be".to_owned(),
                    });
                }
                return None;
            };
            if let Some(period) = self.period
                && *fate == Fate::Accepted
                && month != period
            {
                let value = Date32Type::to_naive_date_opt(day)
                    .map_or_else(String::new, |date| date.to_string());
                *fate = Fate::Rejected(Problem {
                    column: "sale_date".to_owned(),
                    value,
                    reason: format!("lies outside the period of the file, {period}"),
                });
            }
            Some(month.epoch_day())
        };
        fates.iter_mut().enumerate().map(month_of).collect()
    }
}

/// The canonical columns that decide kind and purchase.
struct Line<'a> {
    sale_date: &'a Date32Array,
    kind: &'a StringArray,
    quantity: &'a Decimal128Array,
    revenue: &'a Decimal128Array,
}

const SALE: &str = "sale";
const RETURN: &str = "return";

impl<'a> Line<'a> {
    fn of(columns: &'a [ArrayRef]) -> Result<Self> {
        Ok(Self {
            sale_date: columns[place_of("sale_date")?].as_primitive(),
            kind: columns[place_of("kind")?].as_string(),
            quantity: columns[place_of("quantity")?].as_primitive(),
            revenue: columns[place_of("revenue")?].as_primitive(),
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

fn place_of(name: &str) -> Result<usize> {
    CANONICAL_COLUMNS
        .iter()
        .position(|column| column.name == name)
        .ok_or_else(|| Error::bug(format!("there is no canonical column `{name}`")))
}

fn reject_nulls(array: &ArrayRef, name: &str, fates: &mut [Fate]) {
    for row in (0..array.len()).filter(|row| array.is_null(*row)) {
        if fates[row] == Fate::Accepted {
            fates[row] = Fate::Rejected(Problem {
                column: name.to_owned(),
                value: String::new(),
                reason: "is missing".to_owned(),
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
