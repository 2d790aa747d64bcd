//! What there is to say about encoding, delimiter and header.

use super::encoding::{EncodingChoice, EncodingProof};
use super::header::HeaderPlace;
use super::notes::{Note, NoteId};
use super::records::DelimiterChoice;

/// Why an encoding was chosen.
pub fn of_encoding(choice: &EncodingChoice) -> Note {
    let name = choice.encoding.name().to_lowercase();
    match choice.proof {
        EncodingProof::Given => Note::new(NoteId::EncodingGiven, [("encoding", &name)]),
        EncodingProof::Mark => Note::new(NoteId::EncodingMark, [("encoding", &name)]),
        EncodingProof::ZeroBytes => Note::new(NoteId::EncodingZeroBytes, [("encoding", &name)]),
        EncodingProof::Ascii => Note::new(NoteId::EncodingAscii, []),
        EncodingProof::ValidUtf8 { letters } => {
            Note::new(NoteId::EncodingUtf8, [("letters", &letters)])
        }
        EncodingProof::MostlyUtf8 { letters, faults } => {
            Note::new(NoteId::EncodingMostlyUtf8, [("letters", &letters), ("faults", &faults)])
        }
        EncodingProof::Letters { letters, next } => Note::new(
            NoteId::EncodingLetters,
            [("encoding", &name), ("letters", &letters), ("next", &next.name().to_lowercase())],
        ),
        EncodingProof::Unsure { letters, next } => Note::new(
            NoteId::EncodingUnsure,
            [("encoding", &name), ("letters", &letters), ("next", &next.name().to_lowercase())],
        ),
    }
}

/// A delimiter as people write it.
pub fn delimiter_name(delimiter: u8) -> String {
    if delimiter == b'\t' { "tab".to_owned() } else { format!("\"{}\"", char::from(delimiter)) }
}

/// Why a delimiter was chosen.
pub fn of_delimiter(choice: &DelimiterChoice, is_given: bool) -> Vec<Note> {
    let name = delimiter_name(choice.delimiter);
    let id = if is_given { NoteId::DelimiterGiven } else { NoteId::Delimiter };
    let mut notes = vec![Note::new(
        id,
        [
            ("delimiter", &name),
            ("cells", &choice.cells),
            ("fitting", &choice.fitting_rows),
            ("rows", &choice.rows),
        ],
    )];
    if let Some(rival) = choice.rival {
        let rival = delimiter_name(rival);
        notes.push(Note::new(NoteId::DelimiterRival, [("delimiter", &name), ("rival", &rival)]));
    }
    if !choice.quoted {
        notes.push(Note::new(NoteId::QuotesAreLetters, []));
    }
    notes
}

/// Where the header was found.
pub fn of_header(place: &HeaderPlace) -> Vec<Note> {
    let id = if place.rows == 2 { NoteId::HeaderTwoRows } else { NoteId::Header };
    let mut notes = vec![Note::new(id, [("line", &place.line), ("known", &place.known)])];
    if !place.above.is_empty() {
        let text = place.above.iter().map(|line| format!("«{line}»")).collect::<Vec<_>>();
        notes.push(Note::new(
            NoteId::HeaderAbove,
            [("count", &place.above.len()), ("text", &text.join(" "))],
        ));
    }
    notes
}
