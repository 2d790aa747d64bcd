//! Which column means what: by its header, and by values that fit the meaning.

use std::collections::BTreeMap;

use serde::Serialize;

use super::column::ColumnEvidence;
use super::dictionary::{Dictionary, Role, normalized};
use super::evidence::Evidence;
use super::notes::{Note, NoteId};
use super::options::Options;
use crate::error::{Error, Result};
use crate::reading::header_name;

/// Why a column is used, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user said so.
    Given,
    /// Its header is known.
    Header,
    /// Its header is known, but its values do not fit.
    Unfit,
    /// Another column of this meaning goes before.
    Behind,
    /// Its header is not known.
    Unknown,
    /// Its name cannot be used: blank, twice, or with a quote.
    Unusable,
}

/// What became of every column.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Role → place of its column.
    pub chosen: BTreeMap<Role, usize>,
    /// Places of the columns whose blank cells take the value above, as the user says.
    pub fill_down: Vec<usize>,
    /// By column: its role, if any, and why.
    pub uses: Vec<(Option<Role>, Reason)>,
    /// Choices, warnings and questions.
    pub notes: Vec<Note>,
}

impl Mapping {
    /// The column of a role.
    pub fn get(&self, role: Role) -> Option<usize> {
        self.chosen.get(&role).copied()
    }
}

/// Share of fitting values from which on a column can have a meaning.
const FITTING: f64 = 0.8;

/// Gives every role its column.
///
/// # Errors
/// When the user names a column that is not there.
pub fn map_columns(
    evidence: &Evidence,
    dictionary: &Dictionary,
    options: &Options,
) -> Result<Mapping> {
    let columns = &evidence.columns;
    let mut mapping =
        Mapping { uses: vec![(None, Reason::Unknown); columns.len()], ..Mapping::default() };
    let twice = |name: &str| columns.iter().filter(|column| column.name == name).count() > 1;
    for (role, header) in &options.columns {
        let place = find(columns, header, "--column")?;
        if twice(&columns[place].name) {
            return Err(Error::data(format!(
                "the header has the column `{}` twice",
                columns[place].name
            ))
            .hint("rename one of them in the export"));
        }
        mapping.chosen.insert(*role, place);
        mapping.uses[place] = (Some(*role), Reason::Given);
    }
    for header in &options.fill_down {
        let place = find(columns, header, "--fill-down")?;
        if !mapping.fill_down.contains(&place) {
            mapping.fill_down.push(place);
        }
    }
    let mut candidates: BTreeMap<Role, Vec<(usize, usize)>> = BTreeMap::new();
    for (place, column) in columns.iter().enumerate() {
        if mapping.uses[place].1 == Reason::Given {
            continue;
        }
        let Some((role, rank)) = dictionary.look_up(&column.name) else { continue };
        mapping.uses[place] = (Some(role), Reason::Header);
        if column.name.contains('"') {
            mapping.uses[place].1 = Reason::Unusable;
            mapping.notes.push(Note::new(NoteId::ColumnName, [("column", &column.name)]));
        } else if twice(&column.name) {
            mapping.uses[place].1 = Reason::Unusable;
            let note = Note::new(NoteId::ColumnTwice, [("column", &column.name)]);
            if !mapping.notes.contains(&note) {
                mapping.notes.push(note);
            }
        } else if !fits(role, column) {
            mapping.uses[place].1 = Reason::Unfit;
            if column.filled > 0 {
                let value = column.examples.first().map_or("", |example| &example.text);
                mapping.notes.push(Note::new(
                    NoteId::ColumnUnfit,
                    [("column", &column.name), ("role", &role.name()), ("value", &value)],
                ));
            }
        } else {
            candidates.entry(role).or_default().push((rank, place));
        }
    }
    for (role, mut places) in candidates {
        places.sort_unstable();
        let given = mapping.chosen.get(&role).copied();
        let chosen = given.unwrap_or(places[0].1);
        mapping.chosen.insert(role, chosen);
        let others: Vec<usize> =
            places.iter().map(|(_, place)| *place).filter(|place| *place != chosen).collect();
        for place in &others {
            mapping.uses[*place].1 = Reason::Behind;
        }
        if !others.is_empty() && given.is_none() {
            let names: Vec<String> =
                others.iter().map(|place| format!("«{}»", columns[*place].name)).collect();
            mapping.notes.push(Note::new(
                NoteId::ColumnChosen,
                [
                    ("role", &role.name()),
                    ("column", &columns[chosen].name),
                    ("others", &names.join(", ")),
                ],
            ));
        }
    }
    refuse_document_revenue(evidence, &mut mapping);
    take_order_total(&mut mapping);
    Ok(mapping)
}

/// An amount that stands once in a document is not the amount of its first line, when the lines
/// have quantity and price.
fn refuse_document_revenue(evidence: &Evidence, mapping: &mut Mapping) {
    let (Some(revenue), Some(document)) =
        (mapping.get(Role::Revenue), mapping.get(Role::DocumentId))
    else {
        return;
    };
    let by_price = mapping.get(Role::Quantity).is_some() && mapping.get(Role::Price).is_some();
    let is_given = mapping.uses[revenue].1 == Reason::Given;
    if by_price && !is_given && evidence.repeats_when_blank(revenue, document) {
        mapping.chosen.remove(&Role::Revenue);
        mapping.uses[revenue].1 = Reason::Behind;
        mapping.notes.retain(|note| {
            note.id != NoteId::ColumnChosen
                || note.values.get("role").is_none_or(|role| role != "revenue")
        });
        let columns = &evidence.columns;
        mapping.notes.push(Note::new(
            NoteId::RevenueOfDocument,
            [("column", &columns[revenue].name), ("document", &columns[document].name)],
        ));
    }
}

/// The amount of an order stands for revenue where lines have none of their own.
fn take_order_total(mapping: &mut Mapping) {
    let by_price = mapping.get(Role::Quantity).is_some() && mapping.get(Role::Price).is_some();
    if let Some(total) = mapping.get(Role::OrderTotal)
        && mapping.get(Role::Revenue).is_none()
        && !by_price
    {
        mapping.chosen.insert(Role::Revenue, total);
        mapping.uses[total].0 = Some(Role::Revenue);
    }
}

/// Whether the values of a column can have a meaning.
fn fits(role: Role, column: &ColumnEvidence) -> bool {
    let share = |count| column.share(count) >= FITTING;
    match role {
        Role::SaleDate => share(column.date_like().max(column.serials)),
        Role::Quantity | Role::Revenue | Role::OrderTotal | Role::Price | Role::Cost => {
            share(column.number_like()) && !share(column.date_like())
        }
        Role::LineNumber => {
            column.number_like() == column.filled && column.numbers.most_decimals == 0
        }
        // A number of a document has a digit; «name» is one in some exports and a person in others.
        Role::Registrar if column.filled == 0 => false,
        // A registrar without a day in it is a document still.
        Role::DocumentId | Role::Registrar => column
            .examples
            .iter()
            .all(|example| example.text.bytes().any(|byte| byte.is_ascii_digit())),
        Role::CancelledAt => share(column.date_like()),
        _ => column.filled > 0,
    }
}

/// Columns whose values can have a meaning, to propose them.
pub fn proposals(role: Role, evidence: &Evidence) -> String {
    let names: Vec<String> = evidence
        .columns
        .iter()
        .filter(|column| column.filled > 0 && !column.name.is_empty())
        .filter(|column| match role {
            Role::ClientId => {
                column.share(column.number_like()) < FITTING
                    && column.share(column.date_like()) < FITTING
            }
            role => fits(role, column),
        })
        .take(8)
        .map(|column| format!("«{}»", column.name))
        .collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn find(columns: &[ColumnEvidence], header: &str, option: &str) -> Result<usize> {
    let wanted = header_name(header);
    let exact = columns.iter().position(|column| column.name == wanted);
    let like = || columns.iter().position(|column| normalized(&column.name) == normalized(&wanted));
    exact.or_else(like).ok_or_else(|| {
        let nearest = columns.iter().max_by(|one, other| {
            let likeness = |column: &ColumnEvidence| {
                strsim::normalized_damerau_levenshtein(
                    &normalized(&column.name),
                    &normalized(&wanted),
                )
            };
            likeness(one).total_cmp(&likeness(other))
        });
        let nearest = nearest.map_or("", |column| &column.name);
        Error::configuration(format!("{option}: there is no column `{header}`"))
            .hint(format!("the nearest column is `{nearest}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{CellKind, RowBlock};

    fn evidence(header: &[&str], rows: &[&[&str]]) -> Evidence {
        let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mut evidence = Evidence::new(&names);
        let mut block = RowBlock::new();
        for (line, cells) in rows.iter().enumerate() {
            cells.iter().for_each(|cell| block.push_cell(cell.as_bytes(), CellKind::Text));
            block.end_row(line as u64 + 2);
        }
        let places: Vec<usize> = (0..names.len()).collect();
        evidence.feed(&block, &places);
        evidence
    }

    #[test]
    fn the_more_telling_header_wins_if_its_values_fit() {
        let dictionary = Dictionary::shipped().unwrap();
        let evidence = evidence(
            &["Дата", "Контрагент", "Сумма с НДС", "Сумма", "Выручка"],
            &[&["01.02.2024", "Ромашка", "12", "10", "да"]],
        );
        let mapping = map_columns(&evidence, &dictionary, &Options::default()).unwrap();
        assert_eq!(mapping.get(Role::Revenue), Some(3));
        assert_eq!(mapping.uses[2], (Some(Role::Revenue), Reason::Behind));
        assert_eq!(mapping.uses[4], (Some(Role::Revenue), Reason::Unfit));
        let options = Options {
            columns: vec![(Role::Revenue, "сумма с ндс".to_owned())],
            ..Options::default()
        };
        let mapping = map_columns(&evidence, &dictionary, &options).unwrap();
        assert_eq!(mapping.get(Role::Revenue), Some(2));
        let options =
            Options { columns: vec![(Role::Cost, "Сума".to_owned())], ..Options::default() };
        let error = map_columns(&evidence, &dictionary, &options).unwrap_err();
        assert_eq!(error.hint_text(), Some("the nearest column is `Сумма`"));
    }

    #[test]
    fn an_amount_of_the_whole_order_is_not_that_of_a_line() {
        let dictionary = Dictionary::shipped().unwrap();
        let rows: [&[&str]; 3] =
            [&["7", "1", "5", "15"], &["7", "2", "5", ""], &["8", "1", "5", "5"]];
        let map = |header: [&str; 4]| {
            map_columns(&evidence(&header, &rows), &dictionary, &Options::default()).unwrap()
        };
        let mapping = map(["Order", "Qty", "Price", "Amount"]);
        assert_eq!(mapping.get(Role::Revenue), None);
        assert_eq!(mapping.notes[0].id, NoteId::RevenueOfDocument);
        assert_eq!(map(["Order", "Qty", "Price", "Total"]).get(Role::Revenue), None);
        assert_eq!(map(["Order", "Qty", "Rate", "Total"]).get(Role::Revenue), Some(3));
    }

    #[test]
    fn names_that_stand_twice_are_not_used() {
        let dictionary = Dictionary::shipped().unwrap();
        let evidence = evidence(&["Сумма", "Сумма"], &[&["1", "2"]]);
        let mapping = map_columns(&evidence, &dictionary, &Options::default()).unwrap();
        assert_eq!(mapping.get(Role::Revenue), None);
        assert_eq!(mapping.notes.len(), 1);
    }
}
