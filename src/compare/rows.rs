//! Rows of one table that differ between two versions, slot by slot, never in memory at once:
//! sorted rows are merged, and the engine spills what does not fit.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::dataframe::DataFrame;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Operator, binary_expr};
use datafusion::prelude::{Expr, ident, lit};
use futures::StreamExt as _;

use super::{Comparison, DifferingSlot, Side};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::store::DataFile;

/// How two versions of a table can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedColumns {
    /// Columns that tell rows apart; none when whole rows are compared.
    pub key: Option<Vec<String>>,
    /// The other columns that both versions have with one type.
    pub compared: Vec<String>,
    /// Columns that only the first version has.
    pub only_before: Vec<String>,
    /// Columns that only the second version has.
    pub only_after: Vec<String>,
    /// Columns whose type differs: they are not compared.
    pub retyped: Vec<String>,
}

impl ComparedColumns {
    /// Compares two schemas; a missing table has the columns of the other.
    pub fn new(
        before: Option<&Schema>,
        after: Option<&Schema>,
        grain: Option<Vec<String>>,
        ignored: &[&str],
    ) -> Self {
        let empty = Schema::empty();
        let (before, after) =
            (before.or(after).unwrap_or(&empty), after.or(before).unwrap_or(&empty));
        let names = |schema: &Schema, other: &Schema| -> Vec<String> {
            let fields = schema.fields().iter();
            let missing = fields.filter(|field| other.field_with_name(field.name()).is_err());
            missing.map(|field| field.name().clone()).collect()
        };
        let mut found = Self {
            key: None,
            compared: Vec::new(),
            only_before: names(before, after),
            only_after: names(after, before),
            retyped: Vec::new(),
        };
        for field in after.fields() {
            let Ok(old) = before.field_with_name(field.name()) else { continue };
            if old.data_type() != field.data_type() {
                found.retyped.push(field.name().clone());
            } else if !ignored.contains(&field.name().as_str()) {
                found.compared.push(field.name().clone());
            }
        }
        // A key whose columns are not in both versions tells nothing apart.
        let grain = grain.filter(|grain| grain.iter().all(|name| found.compared.contains(name)));
        if let Some(grain) = &grain {
            found.compared.retain(|name| !grain.contains(name));
        }
        found.key = grain;
        found
    }

    /// The same without a key: whole rows.
    fn whole_rows(&self) -> Self {
        let mut whole = self.clone();
        let key = whole.key.take().unwrap_or_default();
        whole.compared = key.into_iter().chain(whole.compared).collect();
        whole
    }

    /// What a reader must know about columns that are not compared.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (columns, what) in [
            (&self.only_before, "only the first run has"),
            (&self.only_after, "only the second run has"),
            (&self.retyped, "another type has"),
        ] {
            if !columns.is_empty() {
                notes.push(format!("not compared: {what} {}", columns.join(", ")));
            }
        }
        notes
    }
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    Added,
    Removed,
    Changed,
}

impl RowChange {
    /// For people and programs.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// How many rows differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct RowCounts {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
}

/// A column of a [`RowBatch`] that is no key.
#[derive(Debug)]
pub struct ComparedValues {
    pub name: String,
    pub before: ArrayRef,
    pub after: ArrayRef,
    /// Where the two differ.
    pub differs: BooleanArray,
}

/// Some rows that differ.
#[derive(Debug)]
pub struct RowBatch {
    /// Whether rows are told apart by a key; otherwise `key` is the whole row.
    pub is_keyed: bool,
    pub changes: Vec<RowChange>,
    /// How often each row is meant; more than once only where whole rows are compared.
    pub times: Vec<u64>,
    pub key: Vec<(String, ArrayRef)>,
    pub values: Vec<ComparedValues>,
}

/// Differing rows of a slot, in the order of their key.
pub struct RowsOf {
    /// How they were compared in fact.
    pub columns: ComparedColumns,
    frame: DataFrame,
}

/// Plans the comparison of a slot. Where the key turns out not to tell rows apart in one of the
/// versions, whole rows are compared.
///
/// # Errors
/// When a store fails.
pub async fn differing_rows(
    comparison: &Comparison<'_>,
    session: &Session,
    table: &str,
    columns: &ComparedColumns,
    slot: &DifferingSlot,
) -> Result<RowsOf> {
    let context = session.context();
    // Merging sorted rows spills, a hash table cannot.
    context.state_ref().write().config_mut().options_mut().optimizer.prefer_hash_join = false;
    let schemas =
        (comparison.before.warehouse.schema(table)?, comparison.after.warehouse.schema(table)?);
    let schema = |of: Option<SchemaRef>, other: &Option<SchemaRef>| {
        of.or_else(|| other.clone()).ok_or_else(|| Error::bug(format!("`{table}` has no columns")))
    };
    let before = schema(schemas.0.clone(), &schemas.1)?;
    let after = schema(schemas.1, &schemas.0)?;
    let read = |side: Side<'_>, schema: &Schema, file: &Option<DataFile>| {
        let placed = file
            .iter()
            .map(|file| (side.warehouse.relative_path(table, file, false), file.clone()));
        context.read_table(session.table(schema, placed))
    };
    let before = read(comparison.before, &before, &slot.before)?;
    let after = read(comparison.after, &after, &slot.after)?;
    let mut columns = columns.clone();
    if let Some(key) = &columns.key
        && !(is_unique(&before, key).await? && is_unique(&after, key).await?)
    {
        columns = columns.whole_rows();
    }
    let frame = match &columns.key {
        Some(key) => by_key(before, after, key, &columns.compared)?,
        None => by_whole_row(before, after, &columns.compared)?,
    };
    Ok(RowsOf { columns, frame })
}

/// Counts the differing rows of a slot. A slot that only one run has is not read.
///
/// # Errors
/// When a store fails.
pub async fn count_rows(
    comparison: &Comparison<'_>,
    session: &Session,
    table: &str,
    columns: &ComparedColumns,
    slot: &DifferingSlot,
) -> Result<RowCounts> {
    match (&slot.before, &slot.after) {
        (None, Some(after)) => return Ok(RowCounts { added: after.rows, ..RowCounts::default() }),
        (Some(before), None) => {
            return Ok(RowCounts { removed: before.rows, ..RowCounts::default() });
        }
        _ => {}
    }
    let rows = differing_rows(comparison, session, table, columns, slot).await?;
    let mut counts = RowCounts::default();
    rows.each(false, |batch| {
        for (change, times) in batch.changes.iter().zip(&batch.times) {
            match change {
                RowChange::Added => counts.added += times,
                RowChange::Removed => counts.removed += times,
                RowChange::Changed => counts.changed += times,
            }
        }
        Ok(())
    })
    .await?;
    Ok(counts)
}

impl RowsOf {
    /// Hands over the rows, batch by batch.
    ///
    /// # Errors
    /// When a store fails, or the receiver does.
    pub async fn each(
        self,
        sorted: bool,
        mut receive: impl FnMut(RowBatch) -> Result<()>,
    ) -> Result<()> {
        let width = self.columns.key.as_ref().unwrap_or(&self.columns.compared).len();
        let order = (0..width).map(|place| ident(key_name(place)).sort(true, true)).collect();
        let frame = if sorted { self.frame.sort(order)? } else { self.frame };
        let mut stream = frame.execute_stream().await?;
        while let Some(batch) = stream.next().await {
            receive(RowBatch::new(&batch?, &self.columns)?)?;
        }
        Ok(())
    }
}

const IS_BEFORE: &str = "is_before";
const IS_AFTER: &str = "is_after";
const TIMES: &str = "times";

fn key_name(place: usize) -> String {
    format!("key_{place}")
}

fn value_name(side: &str, place: usize) -> String {
    format!("{side}_{place}")
}

/// Whether no two rows have one key.
async fn is_unique(frame: &DataFrame, key: &[String]) -> Result<bool> {
    let columns: Vec<Expr> = key.iter().map(ident).collect();
    let twice = frame
        .clone()
        .select(columns.iter().cloned().chain([lit(1_i64).alias(TIMES)]).collect::<Vec<_>>())?
        .aggregate(columns, vec![sum(ident(TIMES)).alias(TIMES)])?
        .filter(ident(TIMES).gt(lit(1_i64)))?
        .limit(0, Some(1))?;
    Ok(twice.count().await? == 0)
}

/// Columns: keys, `is_before`, `is_after`, values before, values after.
fn by_key(
    before: DataFrame,
    after: DataFrame,
    key: &[String],
    compared: &[String],
) -> Result<DataFrame> {
    let side = |frame: DataFrame, side: &str, mark: &str| {
        let keys = key.iter().enumerate();
        let keys =
            keys.map(|(place, name)| ident(name).alias(format!("{side}_{}", key_name(place))));
        let values = compared.iter().enumerate();
        let values = values.map(|(place, name)| ident(name).alias(value_name(side, place)));
        frame.select(keys.chain(values).chain([lit(true).alias(mark)]).collect::<Vec<_>>())
    };
    let (before, after) = (side(before, "before", IS_BEFORE)?, side(after, "after", IS_AFTER)?);
    let keys = |side: &str| -> Vec<String> {
        (0..key.len()).map(|place| format!("{side}_{}", key_name(place))).collect()
    };
    let (left, right) = (keys("before"), keys("after"));
    let (left, right): (Vec<&str>, Vec<&str>) =
        (left.iter().map(String::as_str).collect(), right.iter().map(String::as_str).collect());
    let joined = before.join(after, JoinType::Full, &left, &right, None)?;
    let mut differs = ident(IS_BEFORE).is_null().or(ident(IS_AFTER).is_null());
    for place in 0..compared.len() {
        let (old, new) = (ident(value_name("before", place)), ident(value_name("after", place)));
        differs = differs.or(binary_expr(old, Operator::IsDistinctFrom, new));
    }
    let mut columns: Vec<Expr> = left
        .iter()
        .zip(&right)
        .enumerate()
        .map(|(place, (old, new))| coalesce(vec![ident(*old), ident(*new)]).alias(key_name(place)))
        .collect();
    columns.extend([ident(IS_BEFORE), ident(IS_AFTER)]);
    for side in ["before", "after"] {
        columns.extend((0..compared.len()).map(|place| ident(value_name(side, place))));
    }
    Ok(joined.filter(differs)?.select(columns)?)
}

/// Columns: those compared, and by how many rows the second version has more of it.
fn by_whole_row(before: DataFrame, after: DataFrame, compared: &[String]) -> Result<DataFrame> {
    let side = |frame: DataFrame, count: i64| {
        let columns = compared.iter().enumerate();
        let columns = columns.map(|(place, name)| ident(name).alias(key_name(place)));
        frame.select(columns.chain([lit(count).alias(TIMES)]).collect::<Vec<_>>())
    };
    let group = (0..compared.len()).map(|place| ident(key_name(place))).collect();
    let counted = side(before, -1)?
        .union(side(after, 1)?)?
        .aggregate(group, vec![sum(ident(TIMES)).alias(TIMES)])?;
    Ok(counted.filter(ident(TIMES).not_eq(lit(0_i64)))?)
}

impl RowBatch {
    fn new(batch: &RecordBatch, columns: &ComparedColumns) -> Result<Self> {
        let named = |names: &[String]| -> Vec<(String, ArrayRef)> {
            names.iter().cloned().zip(batch.columns().iter().cloned()).collect()
        };
        let Some(key) = &columns.key else {
            let counts = batch.column(columns.compared.len()).as_primitive::<Int64Type>().values();
            let change = |count: &i64| match *count > 0 {
                true => RowChange::Added,
                false => RowChange::Removed,
            };
            return Ok(Self {
                is_keyed: false,
                changes: counts.iter().map(change).collect(),
                times: counts.iter().map(|count| count.unsigned_abs()).collect(),
                key: named(&columns.compared),
                values: Vec::new(),
            });
        };
        let (is_before, is_after) = (batch.column(key.len()), batch.column(key.len() + 1));
        let changes = (0..batch.num_rows())
            .map(|row| match (is_before.is_null(row), is_after.is_null(row)) {
                (true, _) => RowChange::Added,
                (_, true) => RowChange::Removed,
                _ => RowChange::Changed,
            })
            .collect();
        let mut values = Vec::new();
        for (place, name) in columns.compared.iter().enumerate() {
            let before = batch.column(key.len() + 2 + place);
            let after = batch.column(key.len() + 2 + columns.compared.len() + place);
            let compare = make_comparator(before, after, SortOptions::default())?;
            let differs = (0..batch.num_rows()).map(|row| compare(row, row) != Ordering::Equal);
            values.push(ComparedValues {
                name: name.clone(),
                before: before.clone(),
                after: after.clone(),
                differs: BooleanArray::from(differs.collect::<Vec<_>>()),
            });
        }
        let times = vec![1; batch.num_rows()];
        Ok(Self { is_keyed: true, changes, times, key: named(key), values })
    }
}
