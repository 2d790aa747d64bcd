//! Third pass: all rows as the run would read them, counted by month, rule and reason.

use std::collections::BTreeMap;

use super::decision::Decision;
use super::dictionary::Role;
use super::distinct::{Distinct, OF_A_MONTH, OF_ALL};
use super::expression::Value;
use super::grand_totals::{TableSums, may_be_grand};
use super::shown::{cut, decimal_text, rescaled, shown_value};
use super::tables::{BLOCK_ROWS, DeliveredFile, Tables};
use super::typed::{Problem, RowReader};
use crate::error::Result;
use crate::month::Month;
use crate::reading::{Layout, ReadLimits, RowBlock};

/// Examples kept of a rule or reason.
const EXAMPLES: usize = 3;

/// A month of accepted lines.
#[derive(Debug, Clone)]
pub struct MonthTotals {
    /// Lines.
    pub lines: u64,
    /// Revenue, with `MONEY_SCALE` decimals.
    pub revenue: i128,
    /// Different clients.
    pub clients: Distinct,
}

impl Default for MonthTotals {
    fn default() -> Self {
        Self { lines: 0, revenue: 0, clients: Distinct::new(OF_A_MONTH) }
    }
}

/// Rows that shared a fate, with the first of them.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// How many.
    pub rows: u64,
    /// Of them, those with a day, an amount and, where there is one, a document.
    pub lines: u64,
    /// Revenue of all of them that have one, with `MONEY_SCALE` decimals.
    pub revenue: i128,
    /// Where the first of them stand, and what they hold.
    pub examples: Vec<String>,
}

/// One file's share.
#[derive(Debug, Clone, Default)]
pub struct FileTotals {
    /// Rows.
    pub rows: u64,
    /// Accepted rows.
    pub accepted: u64,
    /// Rejected rows.
    pub rejected: u64,
    /// Accepted rows by month.
    pub months: BTreeMap<Month, u64>,
    /// Days with accepted rows, as bits.
    pub days: BTreeMap<Month, u32>,
}

/// What a run would make of the rows.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The first accepted rows, by canonical column.
    pub first_rows: Vec<Vec<String>>,
    /// Rows.
    pub rows: u64,
    /// Accepted rows.
    pub accepted: u64,
    /// Rows above headers, which a run counts as left out.
    pub above_header: u64,
    /// Excluded rows, by the rule's place.
    pub excluded: BTreeMap<usize, Group>,
    /// Rejected rows, by column and reason.
    pub rejected: BTreeMap<(String, String), Group>,
    /// Accepted rows by month.
    pub months: BTreeMap<Month, MonthTotals>,
    /// Different clients.
    pub clients: Distinct,
    /// First and last day, since 1970-01-01.
    pub days: Option<(i32, i32)>,
    /// By file.
    pub files: Vec<FileTotals>,
    /// By table.
    pub tables: Vec<TableSums>,
    /// Accepted rows called a return whose revenue is above zero.
    pub positive_returns: u64,
    /// Accepted rows called a return whose revenue is below zero.
    pub negative_returns: u64,
}

/// Reads all rows as a run would.
///
/// # Errors
/// When a file cannot be read to its end.
pub fn preview(
    files: &[DeliveredFile],
    tables: &Tables,
    decision: &Decision,
    limits: &ReadLimits,
    most_rows: usize,
) -> Result<Preview> {
    let mut preview = Preview::new(files.len());
    let layout =
        Layout { fill_down: decision.fill_down.clone(), header_row: None, ..tables.layout.clone() };
    let needed = decision.raw.iter().filter(|raw| !raw.is_optional);
    let wanted: Vec<&str> = needed.map(|raw| raw.name.as_str()).collect();
    let mut block = RowBlock::new();
    for table in &tables.tables {
        let mut reader = tables.open(files, table, &layout, limits, &wanted)?;
        let mut rows = RowReader::new(decision, reader.header());
        preview.above_header += reader.rows_above();
        preview.rows += reader.rows_above();
        preview.tables.push(TableSums::new(&table.shown));
        while reader.next_block(&mut block, BLOCK_ROWS)? {
            for row in 0..block.len() {
                let place = (table.file, table.shown.as_str(), block.line(row));
                let (values, problem) = rows.read(&block, row);
                let source = (&block, row);
                preview.take(decision, &values, problem, place, source, most_rows);
            }
        }
    }
    Ok(preview)
}

impl Preview {
    fn new(files: usize) -> Self {
        Self {
            first_rows: Vec::new(),
            rows: 0,
            accepted: 0,
            above_header: 0,
            excluded: BTreeMap::new(),
            rejected: BTreeMap::new(),
            months: BTreeMap::new(),
            clients: Distinct::new(OF_ALL),
            days: None,
            files: vec![FileTotals::default(); files],
            tables: Vec::new(),
            positive_returns: 0,
            negative_returns: 0,
        }
    }

    fn take(
        &mut self,
        decision: &Decision,
        row: &[Value<'_>],
        problem: Option<Problem>,
        (file, shown, line): (usize, &str, u64),
        (block, place): (&RowBlock, usize),
        most_rows: usize,
    ) {
        let text = || block.text(place);
        self.rows += 1;
        if let Some(file) = self.files.get_mut(file) {
            file.rows += 1;
        }
        let mut rules = decision.rules.iter().enumerate();
        if let Some((at, rule)) = rules.find(|(_, rule)| rule.condition.holds(row)) {
            let text = || format!("{shown}:{line}: {}", cut(&text(), 100));
            let group = self.excluded.entry(at).or_default();
            group.take(text);
            let revenue = revenue_of(decision, row);
            group.lines += u64::from(is_line(decision, row));
            group.revenue = group.revenue.saturating_add(revenue.unwrap_or(0));
            let Some(table) = self.tables.last_mut() else { return };
            match revenue {
                Some(revenue) if rule.leaves_out_lines() => table.leave_out(revenue),
                Some(total) if rule.name == "totals_row" && !decision.is_by_price() => {
                    table.total(line, total, may_be_grand(block, place));
                }
                _ => {}
            }
            return;
        }
        let line_values: Vec<Value<'_>> =
            decision.select.iter().map(|(_, expression)| expression.evaluate(row)).collect();
        let problem = problem.or_else(|| wrong_with(decision, &line_values));
        if let Some(problem) = problem {
            let example = || match problem.value.as_str() {
                "" => format!("{shown}:{line}: {}", cut(&text(), 100)),
                value => format!("{shown}:{line}: {}", cut(value, 60)),
            };
            self.rejected
                .entry((problem.column.clone(), problem.reason.clone()))
                .or_default()
                .take(example);
            if let Some(file) = self.files.get_mut(file) {
                file.rejected += 1;
            }
            if let Some(table) = self.tables.last_mut() {
                table.leave_out(revenue_of(decision, row).unwrap_or(0));
            }
            return;
        }
        self.accept(decision, &line_values, file);
        if self.first_rows.len() < most_rows {
            self.first_rows.push(line_values.iter().map(shown_value).collect());
        }
    }

    fn accept(&mut self, decision: &Decision, line: &[Value<'_>], file: usize) {
        self.accepted += 1;
        let value = |role| {
            decision.select.iter().position(|(known, _)| *known == role).and_then(|at| line.get(at))
        };
        let Some(Value::Day(day)) = value(Role::SaleDate) else { return };
        let Some(month) = Month::of_epoch_day(*day) else { return };
        let revenue = match value(Role::Revenue) {
            Some(Value::Decimal(digits, scale)) => rescaled(*digits, *scale).unwrap_or(0),
            _ => 0,
        };
        if let Some(table) = self.tables.last_mut() {
            table.accept(revenue);
        }
        let totals = self.months.entry(month).or_default();
        totals.lines += 1;
        totals.revenue = totals.revenue.saturating_add(revenue);
        if let Some(Value::Text(client)) = value(Role::ClientId) {
            totals.clients.add(client);
            self.clients.add(client);
        }
        if value(Role::Kind) == Some(&Value::Text("return".into())) {
            match revenue {
                1.. => self.positive_returns += 1,
                0 => {}
                _ => self.negative_returns += 1,
            }
        }
        let (first, last) = self.days.unwrap_or((*day, *day));
        self.days = Some((first.min(*day), last.max(*day)));
        if let Some(file) = self.files.get_mut(file) {
            file.accepted += 1;
            *file.months.entry(month).or_default() += 1;
            *file.days.entry(month).or_default() |= 1 << (*day - month.epoch_day()).clamp(0, 31);
        }
    }
}

impl Group {
    fn take(&mut self, example: impl FnOnce() -> String) {
        self.rows += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}

/// Revenue of a row with `MONEY_SCALE` decimals, where it has one.
fn revenue_of(decision: &Decision, row: &[Value<'_>]) -> Option<i128> {
    match decision.expression(Role::Revenue)?.evaluate(row) {
        Value::Decimal(digits, scale) => rescaled(digits, scale),
        _ => None,
    }
}

/// Whether a row has a day, an amount and, where there is such a column, a document.
fn is_line(decision: &Decision, row: &[Value<'_>]) -> bool {
    [Role::SaleDate, Role::Revenue, Role::DocumentId].iter().all(|role| {
        decision.expression(*role).is_none_or(|expression| !expression.evaluate(row).is_null())
    })
}

/// What keeps a staged line out of the history.
fn wrong_with(decision: &Decision, line: &[Value<'_>]) -> Option<Problem> {
    let problem = |role: Role, value: String, reason: &str| {
        Some(Problem { column: role.name().to_owned(), value, reason: reason.to_owned() })
    };
    for ((role, _), value) in decision.select.iter().zip(line) {
        match (role, value) {
            (Role::SaleDate | Role::ClientId | Role::Revenue, Value::Null) => {
                return problem(*role, String::new(), "is missing");
            }
            (Role::Revenue | Role::Cost, Value::Decimal(digits, scale)) => {
                let fits = rescaled(*digits, *scale);
                if fits.is_none() {
                    return problem(
                        *role,
                        decimal_text(*digits, *scale),
                        "has more than 4 decimals",
                    );
                }
                if fits.is_some_and(|digits| digits.unsigned_abs() >= 10_u128.pow(18)) {
                    return problem(*role, decimal_text(*digits, *scale), "is too large");
                }
            }
            (Role::Kind, Value::Text(kind)) if kind != "sale" && kind != "return" => {
                return problem(*role, kind.to_string(), "is neither sale nor return");
            }
            _ => {}
        }
    }
    None
}
