//! Marks on the lines of sales: which lines are the first of something. Whatever counts
//! distinct purchase days or documents of clients, products, managers … adds up marks, and
//! needs no list of what it has seen. Made once, while a month is written in its order.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Date32Type, Schema, SchemaRef};
use chrono::NaiveDate;
use foldhash::quality::FixedState;

use super::canonical::MARKS;
use crate::error::{Error, Result};

/// Bit of the last purchase line of a client's day. Of the day, not of the month: results as of a
/// day in the middle of a month see no later line.
const LAST_PURCHASE_BIT: u32 = 16;

/// Bit of the first purchase line of a document; the values' bits follow it.
const DOCUMENT_BITS: u32 = 8;

/// Columns of the values that are marked. Bit 0 marks the first purchase line of a client's
/// day, bit `1 + p` the first of the day with this line's value of column `p`. Lines without a
/// value share one.
const VALUE_COLUMNS: [&str; 7] =
    ["product_id", "category", "manager", "department", "branch", "region", "channel"];

/// Stands for a value that a line does not have, here as in the result tables.
const UNKNOWN: &str = "(unknown)";

/// Sets that grew beyond this for one client are given back before the next.
const KEPT_CAPACITY: usize = 4_096;

/// Refuses sales that were kept before there were marks: no purchase of theirs would count.
/// Other columns may be missing: their lines have no value there.
///
/// # Errors
/// A configuration error that says what to do.
pub fn refuse_unmarked(kept: Option<&Schema>, place: &str) -> Result<()> {
    if kept.is_none_or(|kept| kept.index_of(MARKS).is_ok()) {
        return Ok(());
    }
    let problem = format!(
        "the sales in {place} were kept by an earlier version: they have no column `{MARKS}`"
    );
    Err(Error::configuration(problem).hint(
        "name another folder as `warehouse` in the pipeline file and run again: the delivered \
         files are read anew; keep the old folder until the results are compared",
    ))
}

/// Marks the sales lines of one month and source, which come in the order of the history.
///
/// Keeps a number for each value of each document of the client at hand. The numbers are
/// 64-bit hashes: among a million of one client's month the chance that any two values are
/// taken for one is below one in ten million.
pub struct Marker {
    schema: SchemaRef,
    hasher: FixedState,
    day_values: Numbers,
    document_values: Numbers,
    before: Option<Purchase>,
    /// Batches whose marks are not final: from the last purchase line on.
    pending: VecDeque<(RecordBatch, Vec<i64>)>,
    /// Place of that line: which pending batch, which row.
    last: Option<(usize, usize)>,
}

/// What the next purchase line is compared with.
struct Purchase {
    client: String,
    day: i32,
    document: u64,
    values: [u64; VALUE_COLUMNS.len()],
}

impl Marker {
    /// For rows that become this schema, which has the column of the marks.
    pub fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            hasher: FixedState::default(),
            day_values: Numbers::default(),
            document_values: Numbers::default(),
            before: None,
            pending: VecDeque::new(),
            last: None,
        }
    }

    /// Takes the next rows, and gives those back whose marks are final.
    ///
    /// # Errors
    /// Only when they are not sales lines.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let lines = Lines::of(batch)?;
        let place = self.pending.len();
        self.pending.push_back((batch.clone(), vec![0; batch.num_rows()]));
        let mut above = None;
        for row in 0..batch.num_rows() {
            if !lines.is_purchase.value(row) || lines.is_purchase.is_null(row) {
                continue;
            }
            let marks = self.marks_of(&lines, row, above);
            above = Some(row);
            self.pending[place].1[row] = marks;
            self.last = Some((place, row));
        }
        let open = self.last.map_or(self.pending.len(), |(place, _)| place);
        self.last = self.last.map(|(_, row)| (0, row));
        self.pending.drain(..open).map(|rows| finished(&self.schema, rows)).collect()
    }

    /// The rest of the rows.
    ///
    /// # Errors
    /// Only when they are not sales lines.
    pub fn finish(mut self) -> Result<Vec<RecordBatch>> {
        self.end_client();
        self.pending.drain(..).map(|rows| finished(&self.schema, rows)).collect()
    }

    /// Marks of a purchase line; `above` is the one before it, if it is of the same batch.
    fn marks_of(&mut self, lines: &Lines<'_>, row: usize, above: Option<usize>) -> i64 {
        let client = lines.client.value(row);
        let is_client = match (above, &self.before) {
            (Some(above), _) => lines.client.value(above) == client,
            (None, Some(before)) => before.client == client,
            (None, None) => false,
        };
        if !is_client {
            self.end_client();
        }
        let day = lines.day.value(row);
        let before = self.before.take();
        let is_day = before.as_ref().is_some_and(|before| before.day == day);
        if !is_day {
            self.end_day();
        }
        let document = match (above, &before) {
            (Some(above), Some(before)) if is_day && lines.share_document(above, row) => {
                before.document
            }
            _ => self.hasher.hash_one(&*lines.document(row, day)),
        };
        let is_document = before.as_ref().is_some_and(|before| before.document == document);
        let mut marks = i64::from(!is_day);
        if !is_document && self.document_values.insert(document) {
            marks |= 1 << DOCUMENT_BITS;
        }
        let mut values = [0; VALUE_COLUMNS.len()];
        for (place, column) in lines.values.iter().enumerate() {
            let same = match (above, &before) {
                (Some(above), Some(before)) if same_text(column, above, row) => {
                    Some(before.values[place])
                }
                _ => None,
            };
            let value = same.unwrap_or_else(|| self.hasher.hash_one(text_or_unknown(column, row)));
            values[place] = value;
            let dimension = place as u64 + 1;
            let is_known = same.is_some();
            let of_day = self.hasher.hash_one((dimension, value));
            if !(is_known && is_day) && self.day_values.insert(of_day) {
                marks |= 1 << dimension;
            }
            let is_of_document = || self.hasher.hash_one((dimension, document, value));
            if !(is_known && is_document) && self.document_values.insert(is_of_document()) {
                marks |= 1 << (u64::from(DOCUMENT_BITS) + dimension);
            }
        }
        let client = match before {
            Some(before) if is_client => before.client,
            _ => client.to_owned(),
        };
        self.before = Some(Purchase { client, day, document, values });
        marks
    }

    fn end_day(&mut self) {
        if let Some((place, row)) = self.last.take() {
            self.pending[place].1[row] |= 1 << LAST_PURCHASE_BIT;
        }
        self.day_values.clear();
    }

    fn end_client(&mut self) {
        self.end_day();
        self.before = None;
        self.document_values.clear();
    }
}

fn finished(schema: &SchemaRef, (batch, marks): (RecordBatch, Vec<i64>)) -> Result<RecordBatch> {
    let marks: ArrayRef = Arc::new(Int64Array::from(marks));
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        MARKS => Ok(Arc::clone(&marks)),
        name => column(&batch, name).map(Arc::clone),
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_>>()?)?)
}

/// Numbers of one client.
#[derive(Default)]
struct Numbers(HashSet<u64, FixedState>);

impl Numbers {
    fn insert(&mut self, number: u64) -> bool {
        self.0.insert(number)
    }

    fn clear(&mut self) {
        if self.0.capacity() > KEPT_CAPACITY {
            self.0 = HashSet::default();
        } else {
            self.0.clear();
        }
    }
}

/// The columns that marks are made from.
struct Lines<'b> {
    is_purchase: &'b BooleanArray,
    client: &'b StringArray,
    day: &'b Date32Array,
    document: &'b StringArray,
    values: [&'b StringArray; VALUE_COLUMNS.len()],
}

impl<'b> Lines<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self> {
        let text = |name: &str| -> Result<&'b StringArray> {
            let texts = column(batch, name)?.as_string_opt::<i32>();
            texts.ok_or_else(|| Error::bug(format!("`{name}` of sales is not text")))
        };
        let mut values = [text("client_id")?; VALUE_COLUMNS.len()];
        for (value, name) in values.iter_mut().zip(VALUE_COLUMNS) {
            *value = text(name)?;
        }
        Ok(Self {
            is_purchase: column(batch, "is_purchase")?.as_boolean(),
            client: text("client_id")?,
            day: column(batch, "sale_date")?.as_primitive::<Date32Type>(),
            document: text("document_id")?,
            values,
        })
    }

    /// Whether two lines of one client and day are of one document.
    fn share_document(&self, one: usize, other: usize) -> bool {
        same_text(self.document, one, other)
    }

    /// Where the source gives no number, the lines of a day are one document.
    fn document(&self, row: usize, day: i32) -> Cow<'b, str> {
        if self.document.is_valid(row) {
            return Cow::Borrowed(self.document.value(row));
        }
        let date = NaiveDate::from_epoch_days(day);
        Cow::Owned(date.map(|date| date.to_string()).unwrap_or_default())
    }
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef> {
    let found = batch.column_by_name(name);
    found.ok_or_else(|| Error::bug(format!("sales lines have no column `{name}`")))
}

fn same_text(texts: &StringArray, one: usize, other: usize) -> bool {
    text_or_unknown(texts, one) == text_or_unknown(texts, other)
}

fn text_or_unknown(texts: &StringArray, row: usize) -> &str {
    if texts.is_valid(row) { texts.value(row) } else { UNKNOWN }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use arrow::array::new_null_array;
    use arrow::compute::concat_batches;

    use super::super::canonical::{canonical_table, history_schema, row_schema};
    use super::*;

    /// Client, day, document, product, manager, whether it is a purchase.
    type Line = (&'static str, i32, Option<&'static str>, Option<&'static str>, &'static str, bool);

    /// Lines in order, in which nearly everything comes again somewhere.
    fn mixed(count: usize) -> Vec<Line> {
        let mut state = 11_u64;
        let mut roll = |sides: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % sides
        };
        let mut lines: Vec<Line> = (0..count)
            .map(|_| {
                (
                    ["A", "B", "C"][roll(3) as usize],
                    19_000 + roll(4) as i32,
                    [None, Some("D1"), Some("D2"), Some("D3")][roll(4) as usize],
                    [None, Some("P1"), Some("P2"), Some("(unknown)")][roll(4) as usize],
                    ["Ann", "Bob"][roll(8) as usize / 7],
                    roll(5) > 0,
                )
            })
            .collect();
        lines.sort_by_key(|line| (line.0, line.1, line.2));
        lines
    }

    fn batch_of(lines: &[Line]) -> RecordBatch {
        let schema = row_schema(canonical_table("sales").expect("the table"));
        let text = |of: &dyn Fn(&Line) -> Option<&'static str>| -> ArrayRef {
            Arc::new(StringArray::from_iter(lines.iter().map(of)))
        };
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            match field.name().as_str() {
                "client_id" => text(&|line| Some(line.0)),
                "sale_date" => {
                    Arc::new(Date32Array::from_iter_values(lines.iter().map(|line| line.1)))
                }
                "document_id" => text(&|line| line.2),
                "product_id" => text(&|line| line.3),
                "manager" => text(&|line| Some(line.4)),
                "is_purchase" => {
                    Arc::new(BooleanArray::from_iter(lines.iter().map(|line| Some(line.5))))
                }
                _ => new_null_array(field.data_type(), lines.len()),
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("a batch")
    }

    fn marks_of(lines: &[Line], batch_rows: usize) -> Vec<i64> {
        let schema = history_schema(canonical_table("sales").expect("the table"));
        let mut marker = Marker::new(Arc::clone(&schema));
        let mut marked = Vec::new();
        for part in lines.chunks(batch_rows) {
            marked.extend(marker.push(&batch_of(part)).expect("lines"));
        }
        marked.extend(marker.finish().expect("the rest"));
        let all = concat_batches(&schema, &marked).expect("one batch");
        let marks = all.column_by_name(MARKS).expect("marks");
        marks.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
    }

    fn bit(marks: i64, bit: u32) -> i64 {
        (marks >> bit) & 1
    }

    #[test]
    fn sums_of_marks_are_distinct_counts() {
        let lines = mixed(400);
        let marks = marks_of(&lines, 400);
        let document = |line: &Line| match line.2 {
            Some(document) => document.to_owned(),
            None => format!("of day {}", line.1),
        };
        // Column of the value → its distinct client days, its distinct documents.
        let mut days: BTreeMap<(usize, &str), BTreeSet<(&str, i32)>> = BTreeMap::new();
        let mut documents: BTreeMap<(usize, &str), BTreeSet<(&str, String)>> = BTreeMap::new();
        let mut day_sums: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut document_sums: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for (line, marks) in lines.iter().zip(&marks) {
            if !line.5 {
                assert_eq!(*marks, 0, "a line that is no purchase is marked");
                continue;
            }
            // The category is never given: all lines share the unknown one.
            let values = [(0, ""), (1, line.3.unwrap_or(UNKNOWN)), (2, UNKNOWN), (3, line.4)];
            for (column, value) in values {
                days.entry((column, value)).or_default().insert((line.0, line.1));
                documents.entry((column, value)).or_default().insert((line.0, document(line)));
                *day_sums.entry((column, value)).or_default() +=
                    bit(*marks, column as u32) as usize;
                *document_sums.entry((column, value)).or_default() +=
                    bit(*marks, DOCUMENT_BITS + column as u32) as usize;
            }
        }
        let days: BTreeMap<_, _> =
            days.into_iter().map(|(value, set)| (value, set.len())).collect();
        assert_eq!(day_sums, days);
        let documents: BTreeMap<_, _> =
            documents.into_iter().map(|(value, set)| (value, set.len())).collect();
        assert_eq!(document_sums, documents);
    }

    #[test]
    fn the_last_purchase_line_of_each_day_of_a_client_is_marked() {
        let lines = mixed(400);
        let mut last: BTreeMap<(&str, i32), usize> = BTreeMap::new();
        for (row, line) in lines.iter().enumerate().filter(|(_, line)| line.5) {
            last.insert((line.0, line.1), row);
        }
        let marks = marks_of(&lines, 400);
        let found: Vec<usize> =
            (0..lines.len()).filter(|row| bit(marks[*row], LAST_PURCHASE_BIT) == 1).collect();
        assert_eq!(found, last.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn batches_make_no_difference() {
        let mut lines = mixed(400);
        // Batches without a purchase stand between a client's last purchase and the next client.
        lines.extend((0..40).map(|_| ("D", 19_001, Some("D1"), None, "Ann", false)));
        lines.push(("E", 19_001, None, None, "Ann", true));
        let expected = marks_of(&lines, lines.len());
        for batch_rows in [1, 2, 7, 100] {
            assert_eq!(marks_of(&lines, batch_rows), expected, "{batch_rows} rows");
        }
    }

    #[test]
    fn sales_without_marks_are_refused_and_other_missing_columns_are_not() {
        let sales = canonical_table("sales").expect("the table");
        let marked = history_schema(sales);
        assert!(refuse_unmarked(None, "warehouse").is_ok());
        assert!(refuse_unmarked(Some(&marked), "warehouse").is_ok());
        let place = marked.index_of(MARKS).expect("marks");
        let without_first = marked.project(&[place]).expect("a schema");
        assert!(refuse_unmarked(Some(&without_first), "warehouse").is_ok());
        let refused = refuse_unmarked(Some(&row_schema(sales)), "warehouse").expect_err("refused");
        assert_eq!(refused.exit_code(), crate::exit_code::ExitCode::Configuration);
        assert!(refused.to_string().contains("`marks`"), "{refused}");
    }
}
