//! Evidence → how the source is read and staged.

use super::column::ColumnEvidence;
use super::currencies;
use super::date_shape::date_shape;
use super::decide_amounts::amounts;
use super::decide_dates::{DayReading, decide_dates};
use super::decide_kinds::kinds;
use super::dictionary::Role;
use super::evidence::Evidence;
use super::expression::{Expression, RawColumn, RawType};
use super::fill_down::fill_down;
use super::mapping::{Mapping, proposals};
use super::no_values;
use super::notes::{Note, NoteId};
use super::options::Options;
use super::rules::{Rule, decide_rules};
use super::tables::MissingColumn;
use crate::reading::NumberFormat;

/// How a source is read and staged.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Separators of numbers.
    pub numbers: NumberFormat,
    /// Patterns of dates.
    pub date_formats: Vec<String>,
    /// Texts that stand for no value in columns of dates and numbers.
    pub null_values: Vec<String>,
    /// Columns whose blank cells take the value above.
    pub fill_down: Vec<String>,
    /// Declared raw columns.
    pub raw: Vec<RawColumn>,
    /// Canonical columns and what they are computed from, in canonical order.
    pub select: Vec<(Role, Expression)>,
    /// Rules that leave rows out, in order.
    pub rules: Vec<Rule>,
    /// Everything there is to say.
    pub notes: Vec<Note>,
}

impl Decision {
    /// What a canonical column is computed from.
    pub fn expression(&self, role: Role) -> Option<&Expression> {
        self.select.iter().find(|(known, _)| *known == role).map(|(_, expression)| expression)
    }

    /// Whether a text stands for no value in columns of dates and numbers.
    pub fn says_nothing(&self, text: &str) -> bool {
        self.null_values.iter().any(|null| null == text.trim())
    }

    /// Whether revenue is reckoned from quantity and price.
    pub fn is_by_price(&self) -> bool {
        matches!(self.expression(Role::Revenue), Some(Expression::Product(..)))
    }
}

/// Raw columns being declared.
pub(super) struct Raw<'a> {
    columns: &'a [ColumnEvidence],
    /// Declared so far.
    pub declared: Vec<RawColumn>,
}

impl Raw<'_> {
    /// Declares a column, if that is not done yet; its place among the declared ones.
    pub fn declare(&mut self, column: usize, raw_type: RawType) -> usize {
        let name = self.columns.get(column).map_or("", |column| &column.name);
        if let Some(place) = self.place(column) {
            return place;
        }
        self.declared.push(RawColumn { name: name.to_owned(), raw_type, is_optional: false });
        self.declared.len() - 1
    }

    /// Place of a column among the declared ones.
    pub fn place(&self, column: usize) -> Option<usize> {
        let name = &self.columns.get(column)?.name;
        self.declared.iter().position(|raw| raw.name == *name)
    }
}

/// Decides everything that follows from the columns.
pub fn decide(evidence: &Evidence, mapping: &Mapping, options: &Options) -> Decision {
    let columns = &evidence.columns;
    let mut notes = mapping.notes.clone();
    let mut raw = Raw { columns, declared: Vec::new() };
    let mut select: Vec<(Role, Expression)> = Vec::new();
    let mut date_formats = Vec::new();

    let is_dated = |place: &usize| {
        columns[*place].filled > 0 && columns[*place].share(columns[*place].registrars) >= 0.8
    };
    let registrar = mapping
        .get(Role::Registrar)
        .or_else(|| mapping.get(Role::DocumentId).filter(|place| is_dated(place)));
    let dated = registrar.filter(is_dated);
    match (mapping.get(Role::SaleDate), dated) {
        (Some(place), _) => {
            let (reading, found) = decide_dates(&columns[place], columns, options.date_order);
            notes.extend(found);
            match reading {
                DayReading::Patterns(patterns) => {
                    let at = raw.declare(place, RawType::Date);
                    select.push((Role::SaleDate, Expression::Column(at)));
                    date_formats = patterns;
                }
                DayReading::FirstDay => {
                    let at = raw.declare(place, RawType::Text);
                    select.push((Role::SaleDate, Expression::FirstDay(at)));
                }
            }
        }
        (None, Some(place)) => {
            let at = raw.declare(place, RawType::Text);
            select.push((Role::SaleDate, Expression::RegistrarDay(at)));
            let value = columns[place].examples.first().map_or("", |example| &example.text);
            let note =
                [("column", &columns[place].name as &dyn std::fmt::Display), ("value", &value)];
            notes.push(Note::new(NoteId::DateRegistrar, note));
        }
        (None, None) => notes
            .push(months_in_names(evidence).unwrap_or_else(|| missing(Role::SaleDate, evidence))),
    }
    texts(mapping, evidence, registrar, &mut raw, &mut select, &mut notes);
    // Without a day the text may name no kind: then the sign of the amount tells returns.
    let says_kind = registrar.filter(|place| is_dated(place) || columns[*place].returns > 0);
    kinds(mapping, evidence, says_kind, &mut raw, &mut select, &mut notes);
    let numbers = amounts(mapping, evidence, options, &mut raw, &mut select, &mut notes);

    let filled = fill_down(evidence, mapping, &mut notes);
    let blanks = (filled.names.as_slice(), filled.blank_in_headings.as_slice());
    let rules = decide_rules(evidence, mapping, blanks, options, &select, &mut raw, &mut notes);
    select.sort_by_key(|(role, _)| *role);
    let null_values = no_values::of_typed_columns(evidence, &raw.declared);
    notes.extend(no_values::notes(evidence, &raw.declared, &select));
    notes.extend(currencies::notes(evidence, mapping));
    let fill_down = filled.names;
    let raw = raw.declared;
    Decision { numbers, date_formats, null_values, fill_down, raw, select, rules, notes }
}

pub(super) fn missing(role: Role, evidence: &Evidence) -> Note {
    let columns = proposals(role, evidence);
    Note::new(NoteId::ColumnMissing, [("role", &role.name()), ("columns", &columns)])
}

/// What to say of a table whose columns are months or days.
fn months_in_names(evidence: &Evidence) -> Option<Note> {
    let is_date = |name: &str| {
        let day = |text: String| date_shape(&text).is_some();
        day(name.to_owned()) || day(format!("1 {name}")) || day(format!("1.{name}"))
    };
    let named: Vec<String> = evidence
        .columns
        .iter()
        .filter(|column| is_date(&column.name))
        .map(|column| format!("«{}»", column.name))
        .collect();
    let shown = named.get(..2)?.join(", ");
    Some(Note::new(NoteId::DatesInHeader, [("columns", &shown), ("count", &named.len())]))
}

fn texts(
    mapping: &Mapping,
    evidence: &Evidence,
    registrar: Option<usize>,
    raw: &mut Raw<'_>,
    select: &mut Vec<(Role, Expression)>,
    notes: &mut Vec<Note>,
) {
    let columns = &evidence.columns;
    let text = |place: usize, raw: &mut Raw<'_>, notes: &mut Vec<Note>, is_code: bool| {
        let column = &columns[place];
        let at = raw.declare(place, RawType::Text);
        if is_code && column.filled > 0 && column.point_zero == column.filled {
            let value = column.examples.first().map_or("", |example| &example.text);
            let values: [(_, &dyn std::fmt::Display); 2] =
                [("column", &column.name), ("value", &value)];
            notes.push(Note::new(NoteId::CodesWithoutPointZero, values));
            Expression::WithoutPointZero(at)
        } else if !column.no_texts().is_empty() {
            Expression::WithoutWords(Box::new(Expression::Trimmed(at)), column.no_texts())
        } else if column.padded > 0 {
            Expression::Trimmed(at)
        } else {
            Expression::Column(at)
        }
    };
    for role in [
        Role::DocumentId,
        Role::ClientId,
        Role::ClientName,
        Role::ProductId,
        Role::ProductName,
        Role::Category,
        Role::Manager,
        Role::Department,
        Role::Branch,
        Role::Region,
        Role::Channel,
    ] {
        let place = mapping.get(role).or(registrar.filter(|_| role == Role::DocumentId));
        let Some(place) = place else { continue };
        let is_code = matches!(role, Role::DocumentId | Role::ClientId | Role::ProductId);
        let expression = text(place, raw, notes, is_code);
        select.push((role, expression));
    }
    if mapping.get(Role::ClientId).is_none() {
        match mapping.get(Role::ClientName) {
            Some(place) => {
                let at = raw.declare(place, RawType::Text);
                // The name is the identity: blanks around it must not make another client.
                let words = columns[place].no_texts();
                let name = match words.is_empty() {
                    true => Expression::Trimmed(at),
                    false => Expression::WithoutWords(Box::new(Expression::Trimmed(at)), words),
                };
                select.push((Role::ClientId, name));
                notes.push(Note::new(NoteId::ClientByName, [("column", &columns[place].name)]));
            }
            None => notes.push(missing(Role::ClientId, evidence)),
        }
    }
    if let Some(place) = mapping.get(Role::LineNumber) {
        let at = raw.declare(place, RawType::Bigint);
        select.push((Role::LineNumber, Expression::Column(at)));
    }
}

/// Declares columns optional that some tables lack; those a line cannot do without become a
/// question.
pub fn allow_missing(
    decision: &mut Decision,
    mapping: &Mapping,
    evidence: &Evidence,
    missing: &[MissingColumn],
) {
    for column in missing {
        let is_declared = |raw: &&mut RawColumn| raw.name == column.name;
        let Some(raw) = decision.raw.iter_mut().find(is_declared) else { continue };
        raw.is_optional = true;
        let fills =
            mapping.chosen.iter().find(|(_, at)| evidence.columns[**at].name == column.name);
        let is_needed = fills.is_some_and(|(role, _)| {
            matches!(
                role,
                Role::SaleDate
                    | Role::ClientId
                    | Role::ClientName
                    | Role::Revenue
                    | Role::Price
                    | Role::Quantity
                    | Role::DocumentId
                    | Role::Registrar
            )
        });
        let is_filled_down = decision.fill_down.contains(&column.name);
        let id = if is_needed || is_filled_down {
            NoteId::LayoutsDiffer
        } else {
            NoteId::ColumnOptional
        };
        let name = format!("«{}»", column.name);
        decision.notes.push(Note::new(
            id,
            [("one", &column.there), ("other", &column.table), ("what", &name)],
        ));
    }
}
