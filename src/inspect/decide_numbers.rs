//! Which separators the numbers of a source have, by what cannot be otherwise.

use super::column::ColumnEvidence;
use super::counts::Example;
use super::notes::{Note, NoteId};
use crate::reading::NumberFormat;

const SEPARATORS: [char; 2] = ['.', ','];

/// Decides decimal and group separator from the columns that hold numbers.
pub fn decide_numbers(
    columns: &[&ColumnEvidence],
    given: Option<char>,
) -> (NumberFormat, Vec<Note>) {
    let mut notes = Vec::new();
    let decimal = match given {
        Some(decimal) => {
            notes.push(Note::new(NoteId::DecimalGiven, [("separator", &decimal)]));
            decimal
        }
        None => match proven_decimal(columns) {
            Ok((decimal, note)) => {
                notes.push(note);
                decimal
            }
            Err(question) => {
                notes.push(question);
                return (NumberFormat { decimal: '.', group: None }, notes);
            }
        },
    };
    let other = 1 - place_of(decimal);
    let mut group = None;
    for column in columns {
        let counts = &column.numbers;
        if counts.group[other] > 0 {
            group = Some(SEPARATORS[other]);
            if let Some(example) = &counts.group_example[other] {
                notes.retain(|note: &Note| {
                    !matches!(note.id, NoteId::GroupForced | NoteId::GroupProven)
                });
                notes.push(with_example(NoteId::GroupProven, SEPARATORS[other], column, example));
            }
        } else if counts.either[other] > 0
            && group.is_none()
            && let Some(example) = &counts.either_example[other]
        {
            // `1.234` beside decimal commas: thousands, if this column has decimals too.
            if counts.decimal[place_of(decimal)] == 0 && given.is_none() {
                notes.push(mixed(column, example, column, example));
                continue;
            }
            group = Some(SEPARATORS[other]);
            notes.push(with_example(NoteId::GroupForced, SEPARATORS[other], column, example));
        }
    }
    (NumberFormat { decimal, group }, notes)
}

fn proven_decimal(columns: &[&ColumnEvidence]) -> Result<(char, Note), Note> {
    // A separator is the decimal one where it stands before decimals, or the other groups.
    let proof = |separator: usize| {
        let mut count = 0;
        let mut first: Option<(&ColumnEvidence, &Example)> = None;
        for column in columns {
            let counts = &column.numbers;
            count += counts.decimal[separator] + counts.group[1 - separator];
            let example = counts.decimal_example[separator]
                .as_ref()
                .or(counts.group_example[1 - separator].as_ref());
            first = first.or(example.map(|example| (*column, example)));
        }
        first.map(|(column, example)| (column, example, count))
    };
    match (proof(0), proof(1)) {
        (Some((column, example, _)), Some((other_column, other, _))) => {
            Err(mixed(column, example, other_column, other))
        }
        (Some(found), None) => Ok(('.', proven('.', found))),
        (None, Some(found)) => Ok((',', proven(',', found))),
        (None, None) => {
            for column in columns {
                let counts = &column.numbers;
                if let Some(example) = counts.either_example.iter().flatten().next() {
                    return Err(Note::new(
                        NoteId::DecimalUnproven,
                        [("column", &column.name), ("value", &example.text), ("row", &example.row)],
                    ));
                }
            }
            let is_native = columns.iter().any(|column| column.native_numbers > 0);
            let id = if is_native { NoteId::DecimalNative } else { NoteId::DecimalNone };
            Ok(('.', Note::new(id, [])))
        }
    }
}

fn proven(separator: char, (column, example, count): (&ColumnEvidence, &Example, u64)) -> Note {
    let mut note = with_example(NoteId::DecimalProven, separator, column, example);
    note.values.insert("count", count.to_string());
    note
}

fn with_example(id: NoteId, separator: char, column: &ColumnEvidence, example: &Example) -> Note {
    Note::new(
        id,
        [
            ("separator", &separator),
            ("column", &column.name),
            ("value", &example.text),
            ("row", &example.row),
        ],
    )
}

fn mixed(
    column: &ColumnEvidence,
    one: &Example,
    other_column: &ColumnEvidence,
    other: &Example,
) -> Note {
    Note::new(
        NoteId::DecimalMixed,
        [
            ("column", &column.name),
            ("value", &one.text),
            ("row", &one.row),
            ("other_column", &other_column.name),
            ("other", &other.text),
            ("other_row", &other.row),
        ],
    )
}

fn place_of(separator: char) -> usize {
    usize::from(separator == ',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Cell, CellKind};

    fn decide(columns: &[&[&str]]) -> (NumberFormat, Vec<NoteId>) {
        let evidence: Vec<ColumnEvidence> = columns
            .iter()
            .map(|texts| {
                let mut column = ColumnEvidence::new("Сумма");
                for (row, text) in texts.iter().enumerate() {
                    let cell = Cell { bytes: text.as_bytes(), kind: CellKind::Text };
                    column.feed(Some(cell), row as u64 + 2);
                }
                column
            })
            .collect();
        let (format, notes) = decide_numbers(&evidence.iter().collect::<Vec<_>>(), None);
        (format, notes.iter().map(|note| note.id).collect())
    }

    #[test]
    fn proof_is_needed() {
        let (format, notes) = decide(&[&["12,000", "1,000"], &["15 480,00"]]);
        assert_eq!((format.decimal, format.group), (',', None));
        assert_eq!(notes, [NoteId::DecimalProven]);
        assert_eq!(decide(&[&["1,234", "5"]]).1, [NoteId::DecimalUnproven]);
        assert_eq!(decide(&[&["12,5", "12.5"]]).1, [NoteId::DecimalMixed]);
        assert_eq!(decide(&[&["12", "5"]]).1, [NoteId::DecimalNone]);
    }

    #[test]
    fn groups_are_declared_when_seen() {
        let (format, notes) = decide(&[&["1.234,50", "1.234"]]);
        assert_eq!((format.decimal, format.group), (',', Some('.')));
        assert_eq!(notes, [NoteId::DecimalProven, NoteId::GroupProven]);
        let (format, notes) = decide(&[&["1,234", "0.5"]]);
        assert_eq!((format.decimal, format.group), ('.', Some(',')));
        assert_eq!(notes, [NoteId::DecimalProven, NoteId::GroupForced]);
        let (format, _) = decide(&[&["1,234,567"]]);
        assert_eq!((format.decimal, format.group), ('.', Some(',')));
    }

    #[test]
    fn three_decimals_with_a_point_beside_commas_are_asked_for() {
        assert!(decide(&[&["12.000", "1.000"], &["15480,50"]]).1.contains(&NoteId::DecimalMixed));
    }
}
