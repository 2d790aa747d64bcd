//! Values of Parquet columns as text, without loss.

use std::fmt::Write;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, TimestampSecondArray,
    UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt64Type,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveTime};

use super::block::CellKind;

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// Whether a column of this type has one plain value a row.
pub(super) fn is_flat(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_flat(values),
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _) => true,
        other => other.is_numeric(),
    }
}

/// A column whose values can be written one by one.
pub(super) enum ColumnText {
    Text(StringArray),
    Boolean(BooleanArray),
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Float32(ArrayRef),
    Float64(ArrayRef),
    Decimal128(ArrayRef),
    Decimal256(ArrayRef),
    /// Days since 1970-01-01.
    Date(Int64Array),
    /// Seconds since midnight.
    Time(Int64Array),
    /// Seconds since 1970-01-01, UTC or local as the file means it.
    Timestamp(TimestampSecondArray),
    Null,
}

impl ColumnText {
    /// Brings an array into one of the few shapes that are written.
    pub fn of(array: &ArrayRef) -> Result<Self, ArrowError> {
        let to = |data_type: DataType| cast(array, &data_type);
        let signed = |array: ArrayRef| array.as_primitive::<Int64Type>().clone();
        Ok(match array.data_type() {
            DataType::Dictionary(_, values) => Self::of(&to(values.as_ref().clone())?)?,
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean(array.as_boolean().clone()),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(to(DataType::Utf8)?.as_string::<i32>().clone())
            }
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                Self::Signed(signed(to(DataType::Int64)?))
            }
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
                Self::Unsigned(to(DataType::UInt64)?.as_primitive::<UInt64Type>().clone())
            }
            DataType::Float16 | DataType::Float32 => Self::Float32(to(DataType::Float32)?),
            DataType::Float64 => Self::Float64(to(DataType::Float64)?),
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                Self::Decimal128(to(DataType::Decimal128(*precision, *scale))?)
            }
            DataType::Decimal128(_, _) => Self::Decimal128(array.clone()),
            DataType::Decimal256(_, _) => Self::Decimal256(array.clone()),
            DataType::Date32 => Self::Date(signed(cast(&to(DataType::Int32)?, &DataType::Int64)?)),
            DataType::Date64 => {
                let milliseconds = signed(to(DataType::Int64)?);
                Self::Date(milliseconds.unary(|value| value.div_euclid(DAY_SECONDS * 1000)))
            }
            DataType::Time32(unit) => {
                let values = signed(cast(&to(DataType::Int32)?, &DataType::Int64)?);
                Self::Time(values.unary(|value| value / per_second(*unit)))
            }
            DataType::Time64(unit) => {
                let values = signed(to(DataType::Int64)?);
                Self::Time(values.unary(|value| value / per_second(*unit)))
            }
            DataType::Timestamp(unit, None) => Self::Timestamp(seconds(array, *unit)),
            DataType::Timestamp(unit, Some(zone)) => {
                Self::Timestamp(in_zone(&seconds(array, *unit), zone)?)
            }
            other => {
                return Err(ArrowError::NotYetImplemented(format!("a column of type {other}")));
            }
        })
    }

    /// Writes the value of a row; nothing for null.
    pub fn write(&self, row: usize, text: &mut String) -> CellKind {
        // Writing to memory cannot fail.
        match self {
            Self::Text(array) if array.is_valid(row) => text.push_str(array.value(row)),
            Self::Boolean(array) if array.is_valid(row) => {
                let _ = write!(text, "{}", array.value(row));
                return CellKind::Boolean;
            }
            Self::Signed(array) if array.is_valid(row) => {
                let _ = write!(text, "{}", array.value(row));
                return CellKind::Number;
            }
            Self::Unsigned(array) if array.is_valid(row) => {
                let _ = write!(text, "{}", array.value(row));
                return CellKind::Number;
            }
            Self::Float32(array) if array.is_valid(row) => {
                let value = array.as_primitive::<Float32Type>().value(row);
                let _ = write!(text, "{value}");
                return if value.is_finite() { CellKind::Number } else { CellKind::Error };
            }
            Self::Float64(array) if array.is_valid(row) => {
                let value = array.as_primitive::<Float64Type>().value(row);
                let _ = write!(text, "{value}");
                return if value.is_finite() { CellKind::Number } else { CellKind::Error };
            }
            Self::Decimal128(array) if array.is_valid(row) => {
                text.push_str(&array.as_primitive::<Decimal128Type>().value_as_string(row));
                return CellKind::Number;
            }
            Self::Decimal256(array) if array.is_valid(row) => {
                text.push_str(&array.as_primitive::<Decimal256Type>().value_as_string(row));
                return CellKind::Number;
            }
            Self::Date(array) if array.is_valid(row) => {
                return write_moment(array.value(row).checked_mul(DAY_SECONDS), "%Y-%m-%d", text);
            }
            Self::Timestamp(array) if array.is_valid(row) => {
                return write_moment(Some(array.value(row)), "%Y-%m-%d %H:%M:%S", text);
            }
            Self::Time(array) if array.is_valid(row) => {
                let second = u32::try_from(array.value(row)).ok();
                let time = second.and_then(|s| NaiveTime::from_num_seconds_from_midnight_opt(s, 0));
                let Some(time) = time else { return CellKind::Error };
                let _ = write!(text, "{}", time.format("%H:%M:%S"));
            }
            _ => {}
        }
        CellKind::Text
    }
}

fn write_moment(second: Option<i64>, format: &str, text: &mut String) -> CellKind {
    let moment = second.and_then(|second| DateTime::from_timestamp(second, 0));
    match moment {
        Some(moment) => {
            let _ = write!(text, "{}", moment.format(format));
            CellKind::Date
        }
        None => {
            text.push_str("a moment out of range");
            CellKind::Error
        }
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The seconds of a clock in the column's zone: a day is a day there.
fn in_zone(moments: &TimestampSecondArray, zone: &str) -> Result<TimestampSecondArray, ArrowError> {
    let zone: Tz = zone.parse()?;
    let local = |second: i64| {
        let moment = DateTime::from_timestamp(second, 0)?;
        Some(moment.with_timezone(&zone).naive_local().and_utc().timestamp())
    };
    Ok(moments.unary_opt(local))
}

/// Whole seconds; what is below them is no part of a day.
fn seconds(array: &ArrayRef, unit: TimeUnit) -> TimestampSecondArray {
    let floor = |value: i64| value.div_euclid(per_second(unit));
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().unary(floor),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().unary(floor),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().unary(floor),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().unary(floor),
    }
}
