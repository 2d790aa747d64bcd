//! One delivered file: read, typed, staged, checked, sorted by client and encoded by month.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Date32Array, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, concat_batches, filter_record_batch};
use arrow::compute::{lexsort_to_indices, max, take_record_batch};
use arrow::datatypes::{Date32Type, Decimal128Type, SchemaRef};

use super::canonical::sales_schema;
use super::csv_rows::{CsvRows, RawRows};
use super::decode::text_of;
use super::lines::{Fate, LineMaker};
use super::rejects::RejectedRows;
use super::staging::StagingPlan;
use crate::config::{Period, Source};
use crate::error::{Error, Result};
use crate::models::Staging;
use crate::month::Month;
use crate::store::{EncodedFile, ParquetEncoder};

/// What one file turned into.
pub struct ReadSnapshot {
    /// Hash of the file's bytes.
    pub bytes_hash: blake3::Hash,
    /// Months that the file speaks for.
    pub months: Vec<Month>,
    /// Accepted lines by month, with the last day in each.
    pub sales: BTreeMap<Month, (EncodedFile, Option<i32>)>,
    /// Rejected rows, if there are any.
    pub rejects: Option<EncodedFile>,
    /// What happened to the file's rows.
    pub counts: Counts,
    /// The first rejects, for messages.
    pub reject_examples: Vec<String>,
}

/// Rows of a file by their fate: `lines = accepted + excluded + rejected`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Rows left out, by rule.
    pub excluded: BTreeMap<String, u64>,
    /// Rejected rows, by column and reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// Sum of accepted revenue, in ten-thousandths of the currency.
    pub revenue: i128,
}

/// Reads one file to its end. Runs on a blocking thread.
///
/// # Errors
/// Data errors when the file cannot be read; they name file and line.
pub fn read_snapshot(
    bytes: impl Read + Send + 'static,
    path: &str,
    source: &Source,
    staging: &Staging,
    plan: &StagingPlan,
) -> Result<ReadSnapshot> {
    let period = match source.period {
        Period::Data => None,
        Period::FileName => Some(month_in_name(path)?),
    };
    let (text, passed) = text_of(bytes, path, source.encoding).map_err(|error| {
        Error::data(format!("{path}: the file cannot be decompressed")).because(error)
    })?;
    let mut rows = CsvRows::open(text, path, source, staging)?;
    let maker = LineMaker {
        sales_schema: sales_schema(),
        source: source.name.clone(),
        file: path.to_owned(),
        period,
    };
    let mut counts = Counts::default();
    let mut rejected = RejectedRows::default();
    let mut accepted: Vec<RecordBatch> = Vec::new();
    while let Some(mut raw) = rows.next_rows()? {
        let staged = plan.evaluate(raw.batch.clone())?;
        let problems = std::mem::take(&mut raw.problems);
        let (lines, fates) = maker.make(&staged, &raw.lines, problems)?;
        count(&raw, &fates, source, path, &mut counts, &mut rejected);
        counts.accepted += lines.num_rows() as u64;
        counts.revenue += sum_revenue(&lines);
        accepted.push(lines);
    }
    let schema = Arc::clone(&maker.sales_schema);
    drop(rows);
    let mut sales = BTreeMap::new();
    for (month, batch) in split_by_month(&schema, accepted)? {
        let last_day = batch
            .column_by_name("sale_date")
            .and_then(|days| max(days.as_primitive::<Date32Type>()));
        let mut encoder = ParquetEncoder::new(Arc::clone(&schema))?;
        encoder.write(sorted(&batch)?)?;
        sales.insert(month, (encoder.finish()?, last_day));
    }
    let months = period.map_or_else(|| sales.keys().copied().collect(), |month| vec![month]);
    let rejects = if counts.rejected > 0 { Some(rejected.encode()?) } else { None };
    Ok(ReadSnapshot {
        bytes_hash: passed.finish(),
        months,
        sales,
        rejects,
        counts,
        reject_examples: rejected.examples,
    })
}

fn count(
    raw: &RawRows,
    fates: &[Fate],
    source: &Source,
    path: &str,
    counts: &mut Counts,
    rejected: &mut RejectedRows,
) {
    counts.lines += fates.len() as u64;
    for (row, fate) in fates.iter().enumerate() {
        match fate {
            Fate::Accepted => {}
            Fate::Excluded(rule) => *counts.excluded.entry(rule.clone()).or_default() += 1,
            Fate::Rejected(problem) => {
                counts.rejected += 1;
                let reason = format!("{} {}", problem.column, problem.reason).trim().to_owned();
                *counts.reject_reasons.entry(reason).or_default() += 1;
                let text = raw.text(row, source);
                rejected.push(&source.name, path, raw.lines[row], problem, &text);
            }
        }
    }
}

fn sum_revenue(lines: &RecordBatch) -> i128 {
    let Some(revenue) = lines.column_by_name("revenue") else { return 0 };
    revenue.as_primitive::<Decimal128Type>().iter().flatten().sum()
}

/// Accepted lines of each month, in the order of the file.
fn split_by_month(
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<BTreeMap<Month, RecordBatch>> {
    let mut parts: BTreeMap<Month, Vec<RecordBatch>> = BTreeMap::new();
    for batch in batches {
        let days: &Date32Array = batch.column(0).as_primitive();
        // The column holds first days of months, so there are few.
        let mut distinct: Vec<i32> = days.values().to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for day in distinct {
            let month = Month::of_epoch_day(day)
                .ok_or_else(|| Error::bug(format!("day {day} lies in no month")))?;
            let mask: BooleanArray =
                days.values().iter().map(|other| Some(*other == day)).collect();
            parts.entry(month).or_default().push(filter_record_batch(&batch, &mask)?);
        }
    }
    parts.into_iter().map(|(month, parts)| Ok((month, concat_batches(schema, &parts)?))).collect()
}

/// Lines are kept by client, then time: models group by client, and like compresses like.
/// The row number makes the order total, so that the file is the same every time.
const SALES_ORDER: [&str; 5] =
    ["client_id", "sale_date", "document_id", "line_number", "source_row"];

fn sorted(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<SortColumn> = SALES_ORDER
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: Some(SortOptions { descending: false, nulls_first: true }),
        })
        .collect();
    let order: UInt32Array = lexsort_to_indices(&columns, None)?;
    Ok(take_record_batch(batch, &order)?)
}

/// The month that a file's name says, written `2024-03`, `2024_03`, `2024.03` or `202403`.
///
/// # Errors
/// When there is none, or more than one.
pub fn month_in_name(path: &str) -> Result<Month> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let bytes = name.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found: Vec<Month> = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let run = (start..bytes.len()).take_while(|at| is_digit(*at)).count();
        if run == 0 {
            // Bytes of a letter, which may be several.
            start += 1;
            continue;
        }
        let digits = &name[start..start + run];
        let separated = run == 4
            && matches!(bytes.get(start + 4), Some(b'-' | b'_' | b'.'))
            && is_digit(start + 5)
            && is_digit(start + 6)
            && !is_digit(start + 7);
        let text = if separated {
            Some(format!("{digits}-{}", &name[start + 5..start + 7]))
        } else if run == 6 {
            Some(format!("{}-{}", &digits[..4], &digits[4..]))
        } else {
            None
        };
        if let Some(month) = text.and_then(|text| text.parse::<Month>().ok()) {
            found.push(month);
            start += if separated { 7 } else { run };
        } else {
            start += run;
        }
    }
    match found.as_slice() {
        [month] => Ok(*month),
        [] => Err(Error::data(format!("{path}: the file's name holds no month like 2024-03"))
            .hint("rename the file, or set period = \"data\" for the source")),
        several => {
            let months: Vec<String> = several.iter().map(Month::to_string).collect();
            Err(Error::data(format!("{path}: the file's name holds more than one month"))
                .hint(format!("found {}; rename the file", months.join(" and "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::month_in_name;

    #[test]
    fn names_say_their_month() {
        let month = |name: &str| month_in_name(name).map(|month| month.to_string()).ok();
        assert_eq!(month("a/sales_2024-03.csv.gz").as_deref(), Some("2024-03"));
        assert_eq!(month("продажи_202403.csv").as_deref(), Some("2024-03"));
        assert_eq!(month("2023/export 2024_12.csv").as_deref(), Some("2024-12"));
        assert_eq!(month("sales.csv"), None);
        assert_eq!(month("sales_2024-13.csv"), None);
        assert_eq!(month("2024-01_2024-02.csv"), None);
        assert_eq!(month("doc 12345678.csv"), None);
    }
}
