//! What says that a line is a return.

use super::decision::{Decision, Raw};
use super::dictionary::Role;
use super::evidence::Evidence;
use super::expression::{Expression, RawType};
use super::mapping::Mapping;
use super::notes::{Note, NoteId};
use super::words::{KindWord, kind_word};

/// Decides what `kind` is computed from.
pub(super) fn kinds(
    mapping: &Mapping,
    evidence: &Evidence,
    registrar: Option<usize>,
    raw: &mut Raw<'_>,
    select: &mut Vec<(Role, Expression)>,
    notes: &mut Vec<Note>,
) {
    let Some(place) = mapping.get(Role::Kind) else {
        if let Some(place) = registrar {
            let at = raw.declare(place, RawType::Text);
            select.push((Role::Kind, Expression::RegistrarKind(at)));
        }
        return;
    };
    let column = &evidence.columns[place];
    let known: Option<Vec<(&String, KindWord)>> = column.values.as_ref().and_then(|values| {
        values.keys().map(|text| kind_word(text).map(|kind| (text, kind))).collect()
    });
    let Some(known) = known.filter(|known| !known.is_empty()) else {
        let values: Vec<&str> = column.examples.iter().map(|e| e.text.as_str()).collect();
        notes.push(Note::new(
            NoteId::KindUnknown,
            [("column", &column.name), ("values", &values.join(", "))],
        ));
        return;
    };
    let at = raw.declare(place, RawType::Text);
    if known.iter().all(|(text, _)| ["sale", "return"].contains(&text.as_str())) {
        select.push((Role::Kind, Expression::Column(at)));
        return;
    }
    let of = |wanted: KindWord| -> Vec<String> {
        known.iter().filter(|(_, kind)| *kind == wanted).map(|(text, _)| (*text).clone()).collect()
    };
    let (returns, sales) = (of(KindWord::Return), of(KindWord::Sale));
    notes.push(Note::new(
        NoteId::KindMapped,
        [("column", &column.name), ("returns", &returns.join(", ")), ("sales", &sales.join(", "))],
    ));
    select.push((Role::Kind, Expression::Kind { column: at, returns, sales }));
}

/// Turns the amounts of returns negative: some programs write them without a minus.
pub fn negate_returns(decision: &mut Decision) {
    let Some(kind) = decision.expression(Role::Kind).cloned() else { return };
    for (role, expression) in &mut decision.select {
        if matches!(role, Role::Revenue | Role::Quantity | Role::Cost) {
            let amount = expression.clone();
            *expression = Expression::NegatedReturn(Box::new(amount), Box::new(kind.clone()));
        }
    }
}
