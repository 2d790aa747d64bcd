//! Amounts in more than one currency: sums mix them.

use std::collections::BTreeMap;

use super::dictionary::Role;
use super::evidence::Evidence;
use super::mapping::Mapping;
use super::notes::{Note, NoteId};

/// Warnings about signs of several currencies beside amounts, and about a column of currencies
/// with several values.
pub(super) fn notes(evidence: &Evidence, mapping: &Mapping) -> Vec<Note> {
    let mut notes = Vec::new();
    let said = |column: &str, counts: Vec<String>| {
        let values: [(_, &dyn std::fmt::Display); 3] =
            [("column", &column), ("count", &counts.len()), ("currencies", &counts.join(", "))];
        Note::new(NoteId::CurrenciesMixed, values)
    };
    for role in [Role::Revenue, Role::Price, Role::Cost] {
        let Some(place) = mapping.get(role) else { continue };
        let column = &evidence.columns[place];
        let signs = &column.numbers.currencies;
        if signs.len() > 1 {
            let counts = signs.iter().map(|(sign, count)| format!("{sign} {count}")).collect();
            notes.push(said(&column.name, counts));
        }
    }
    if let Some(place) = mapping.get(Role::Currency) {
        let column = &evidence.columns[place];
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (text, count) in column.values.iter().flatten() {
            if !column.no_values.contains_key(text) {
                *counts.entry(text.trim_end_matches('.').to_uppercase()).or_default() += count;
            }
        }
        if counts.len() > 1 {
            let counts = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            notes.push(said(&column.name, counts));
        }
    }
    notes
}
