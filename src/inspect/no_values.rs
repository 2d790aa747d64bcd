//! Words that stand for no value: which, where, and what that makes of the cells.

use std::collections::{BTreeMap, BTreeSet};

use super::dictionary::Role;
use super::evidence::Evidence;
use super::expression::{Expression, RawColumn, RawType};
use super::notes::{Note, NoteId};
use super::words::is_no_text;

/// Words in declared columns of dates and numbers.
pub(super) fn of_typed_columns(evidence: &Evidence, raw: &[RawColumn]) -> Vec<String> {
    let typed = raw.iter().filter(|raw| raw.raw_type != RawType::Text);
    let words: BTreeSet<&String> =
        typed.filter_map(|raw| words_of(evidence, raw)).flat_map(|words| words.keys()).collect();
    words.into_iter().cloned().collect()
}

/// One note for each column that holds such words and is read without them.
pub(super) fn notes(
    evidence: &Evidence,
    raw: &[RawColumn],
    select: &[(Role, Expression)],
) -> Vec<Note> {
    let without_words = |at: usize| {
        let is_of = |expression: &Expression| {
            matches!(expression, Expression::WithoutWords(..)) && expression.columns() == [at]
        };
        select.iter().any(|(_, expression)| is_of(expression))
    };
    let mut notes = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let Some(words) = words_of(evidence, raw) else { continue };
        if raw.raw_type == RawType::Text && !without_words(at) {
            continue;
        }
        let used: Vec<(&String, &u64)> = words
            .iter()
            .filter(|(word, _)| raw.raw_type != RawType::Text || is_no_text(word))
            .collect();
        let listed: Vec<String> =
            used.iter().map(|(word, count)| format!("«{word}» × {count}")).collect();
        let count: u64 = used.iter().map(|(_, count)| **count).sum();
        notes.push(Note::new(
            NoteId::NoValueWords,
            [("column", &raw.name), ("words", &listed.join(", ")), ("count", &count)],
        ));
    }
    notes
}

fn words_of<'a>(evidence: &'a Evidence, raw: &RawColumn) -> Option<&'a BTreeMap<String, u64>> {
    let column = evidence.columns.iter().find(|column| column.name == raw.name)?;
    Some(&column.no_values).filter(|words| !words.is_empty())
}
