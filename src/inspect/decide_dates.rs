//! How the dates of a column are written; the order of day and month only by proof.

use super::column::ColumnEvidence;
use super::counts::{DateCounts, Example};
use super::date_shape::{DateOrder, DayPart};
use super::notes::{Note, NoteId};
use super::shown::day_text;
use crate::reading::DateParser;

/// How a column becomes a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayReading {
    /// Declared as a date with these patterns.
    Patterns(Vec<String>),
    /// Declared as text with a time zone; the day is what is written first.
    FirstDay,
}

/// Decides how a column of dates is read. `all` are the columns of the file: another column
/// with the same notation may prove the order.
pub fn decide_dates(
    column: &ColumnEvidence,
    all: &[ColumnEvidence],
    given: Option<DateOrder>,
) -> (DayReading, Vec<Note>) {
    let mut notes = Vec::new();
    let mut patterns: Vec<String> = Vec::new();
    if column.native_dates > 0 {
        notes.push(Note::new(NoteId::DateNative, [("column", &column.name)]));
        patterns.extend(["%Y-%m-%d".to_owned(), "%Y-%m-%d %H:%M:%S".to_owned()]);
    }
    let zoned: u64 = column.dates.iter().filter(|d| d.notation.time.zone).map(|d| d.all).sum();
    let texts: u64 = column.dates.iter().map(|counts| counts.all).sum();
    if zoned > 0 {
        return with_zone(column, zoned == texts && column.native_dates == 0);
    }
    let mut decided: Vec<(DayPart, DateOrder)> = Vec::new();
    for counts in &column.dates {
        let part = counts.notation.day;
        let known = decided.iter().find(|(known, _)| *known == part).map(|(_, order)| *order);
        let order = match known {
            Some(order) => order,
            None => match order_of(column, part, all, given) {
                Ok((order, note)) => {
                    notes.push(note);
                    decided.push((part, order));
                    order
                }
                Err(question) => {
                    notes.push(question);
                    continue;
                }
            },
        };
        patterns.extend(counts.notation.pattern(order).filter(|p| !patterns.contains(p)));
    }
    // A long name may be short: `%b` beside the same with `%B` says nothing more.
    let long: Vec<String> = patterns.iter().filter(|p| p.contains("%B")).cloned().collect();
    patterns.retain(|p| !p.contains("%b") || !long.contains(&p.replace("%b", "%B")));
    // Numbers are days of a spreadsheet only where nothing else is a date.
    if texts == 0 && column.serials > 0 {
        let value = column.examples.first().map_or("", |example| example.text.as_str());
        let day = |format: &str| {
            let day = DateParser::new(&[format.to_owned()]).parse(value);
            day.map_or_else(|_| "?".to_owned(), day_text)
        };
        let values: [(_, &dyn std::fmt::Display); 4] = [
            ("column", &column.name),
            ("value", &value),
            ("day", &day("excel")),
            ("day_1904", &day("excel1904")),
        ];
        notes.push(Note::new(NoteId::DateSerial, values));
        patterns.push("excel".to_owned());
    }
    if patterns.is_empty() && notes.is_empty() {
        notes.push(unknown(column));
    }
    // The report names the first note with the patterns it led to.
    if let Some(note) = notes.first_mut() {
        note.values.insert("patterns", patterns.join(", "));
    }
    (DayReading::Patterns(patterns), notes)
}

fn with_zone(column: &ColumnEvidence, all_zoned: bool) -> (DayReading, Vec<Note>) {
    let iso = column.dates.iter().all(|counts| counts.notation.day == DayPart::YearFirst('-'));
    if !all_zoned || !iso {
        return (DayReading::Patterns(Vec::new()), vec![unknown(column)]);
    }
    let value = column.dates.first().map_or("", |counts| &counts.example.text);
    let note = Note::new(NoteId::DateZone, [("column", &column.name), ("value", &value)]);
    (DayReading::FirstDay, vec![note])
}

fn unknown(column: &ColumnEvidence) -> Note {
    let value = column.examples.first().map_or("", |example| &example.text);
    Note::new(NoteId::DateUnknown, [("column", &column.name), ("value", &value)])
}

fn order_of(
    column: &ColumnEvidence,
    part: DayPart,
    all: &[ColumnEvidence],
    given: Option<DateOrder>,
) -> Result<(DateOrder, Note), Note> {
    let name = &column.name;
    let here = Proof::of(column, part);
    match part {
        DayPart::YearFirst(_) | DayPart::Compact => {
            let note = Note::new(NoteId::DateIso, [("column", name), ("value", &here.example)]);
            Ok((DateOrder::Ymd, note))
        }
        DayPart::NamedMonth(named) if !named.has_short_year() => {
            let note =
                Note::new(NoteId::DateNamedMonth, [("column", name), ("value", &here.example)]);
            Ok((DateOrder::Dmy, note))
        }
        DayPart::ShortYear(_) | DayPart::NamedMonth(_) => match given {
            Some(order) => Ok((
                order,
                Note::new(NoteId::DateGiven, [("column", name), ("order", &name_of(order))]),
            )),
            None => {
                Err(Note::new(NoteId::DateShortYear, [("column", name), ("value", &here.example)]))
            }
        },
        DayPart::YearLast(_) => {
            let proven = match (here.first, here.second) {
                (Some((day, day_count)), Some((month, _))) => {
                    let _ = day_count;
                    return Err(Note::new(
                        NoteId::DateOrderMixed,
                        [
                            ("column", name),
                            ("value", &day.text),
                            ("row", &day.row),
                            ("other", &month.text),
                            ("other_row", &month.row),
                        ],
                    ));
                }
                (Some(proof), None) => Some((DateOrder::Dmy, proof)),
                (None, Some(proof)) => Some((DateOrder::Mdy, proof)),
                (None, None) => None,
            };
            if let Some((order, (example, count))) = proven {
                if given.is_some_and(|given| given != order) {
                    return Err(Note::new(
                        NoteId::DateOrderContradicted,
                        [
                            ("given", &given.map_or("", name_of)),
                            ("column", name),
                            ("value", &example.text),
                            ("row", &example.row),
                            ("order", &name_of(order)),
                        ],
                    ));
                }
                return Ok((
                    order,
                    Note::new(
                        NoteId::DateProven,
                        [
                            ("column", name),
                            ("order", &name_of(order)),
                            ("value", &example.text),
                            ("row", &example.row),
                            ("count", &count),
                        ],
                    ),
                ));
            }
            if let Some(order) = given.filter(|order| *order != DateOrder::Ymd) {
                let note =
                    Note::new(NoteId::DateGiven, [("column", name), ("order", &name_of(order))]);
                return Ok((order, note));
            }
            proven_elsewhere(column, part, all).ok_or_else(|| {
                let examples: Vec<&str> = column.examples.iter().map(|e| e.text.as_str()).collect();
                Note::new(
                    NoteId::DateOrderUnproven,
                    [("column", name), ("examples", &examples.join(", ")), ("count", &here.all)],
                )
            })
        }
    }
}

/// What all dates of one notation, with and without a time, prove together.
struct Proof<'a> {
    first: Option<(&'a Example, u64)>,
    second: Option<(&'a Example, u64)>,
    example: String,
    all: u64,
}

impl<'a> Proof<'a> {
    fn of(column: &'a ColumnEvidence, part: DayPart) -> Self {
        let same: Vec<&DateCounts> =
            column.dates.iter().filter(|counts| counts.notation.day == part).collect();
        let proof = |place: usize, count: fn(&DateCounts) -> u64| {
            let example = same.iter().find_map(|counts| counts.proof[place].as_ref());
            example.map(|example| (example, same.iter().map(|counts| count(counts)).sum()))
        };
        Self {
            first: proof(0, |counts| counts.first_over_12),
            second: proof(1, |counts| counts.second_over_12),
            example: same.first().map_or_else(String::new, |counts| counts.example.text.clone()),
            all: same.iter().map(|counts| counts.all).sum(),
        }
    }
}

fn proven_elsewhere(
    column: &ColumnEvidence,
    part: DayPart,
    all: &[ColumnEvidence],
) -> Option<(DateOrder, Note)> {
    let mut found: Option<(DateOrder, &ColumnEvidence, &Example)> = None;
    for other in all.iter().filter(|other| other.name != column.name) {
        // A few dates in a column of remarks prove nothing about the program that wrote both.
        if other.share(other.date_like()) < 0.95 {
            continue;
        }
        let proof = Proof::of(other, part);
        let order = match (proof.first, proof.second) {
            (Some((example, _)), None) => (DateOrder::Dmy, other, example),
            (None, Some((example, _))) => (DateOrder::Mdy, other, example),
            (Some(_), Some(_)) => return None,
            (None, None) => continue,
        };
        if found.is_some_and(|known| known.0 != order.0) {
            return None;
        }
        found = Some(order);
    }
    found.map(|(order, other, example)| {
        let values: [(&'static str, &dyn std::fmt::Display); 5] = [
            ("column", &column.name),
            ("other", &other.name),
            ("order", &name_of(order)),
            ("value", &example.text),
            ("row", &example.row),
        ];
        (order, Note::new(NoteId::DateProvenElsewhere, values))
    })
}

/// The option's word for an order.
pub fn name_of(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Dmy => "dmy",
        DateOrder::Mdy => "mdy",
        DateOrder::Ymd => "ymd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Cell, CellKind};

    fn column(name: &str, texts: &[&str]) -> ColumnEvidence {
        let mut column = ColumnEvidence::new(name);
        for (row, text) in texts.iter().enumerate() {
            column
                .feed(Some(Cell { bytes: text.as_bytes(), kind: CellKind::Text }), row as u64 + 2);
        }
        column
    }

    fn decide(texts: &[&str], given: Option<DateOrder>) -> (DayReading, NoteId) {
        let column = column("Дата", texts);
        let (reading, notes) = decide_dates(&column, std::slice::from_ref(&column), given);
        (reading, notes[0].id)
    }

    #[test]
    fn order_needs_proof() {
        let is = |reading: &DayReading, expected: &[&str]| {
            let expected = expected.iter().map(|p| (*p).to_owned()).collect();
            assert_eq!(*reading, DayReading::Patterns(expected));
        };
        let (reading, note) = decide(&["01.02.2024", "13.02.2024 10:00:00"], None);
        is(&reading, &["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"]);
        assert_eq!(note, NoteId::DateProven);
        let (reading, _) = decide(&["02/01/2024", "02/13/2024"], None);
        is(&reading, &["%m/%d/%Y"]);
        assert_eq!(decide(&["01.02.2024", "03.04.2024"], None).1, NoteId::DateOrderUnproven);
        let (reading, note) = decide(&["01/02/2024"], Some(DateOrder::Mdy));
        is(&reading, &["%m/%d/%Y"]);
        assert_eq!(note, NoteId::DateGiven);
        assert_eq!(decide(&["13.02.2024", "02.13.2024"], None).1, NoteId::DateOrderMixed);
        assert_eq!(decide(&["13.02.2024"], Some(DateOrder::Mdy)).1, NoteId::DateOrderContradicted);
        assert_eq!(decide(&["13.02.24"], None).1, NoteId::DateShortYear);
        assert_eq!(decide(&["45657", "45658"], None).1, NoteId::DateSerial);
        assert_eq!(decide(&["январь"], None).1, NoteId::DateUnknown);
        assert_eq!(decide(&["2024-01-02 10:00:00 +0300"], None).0, DayReading::FirstDay);
    }

    #[test]
    fn another_column_of_the_same_notation_proves_the_order() {
        let sale = column("Дата", &["01.02.2024", "03.02.2024"]);
        let due = column("Срок оплаты", &["15.02.2024", "17.02.2024"]);
        let (_, notes) = decide_dates(&sale, &[sale.clone(), due], None);
        assert_eq!(notes[0].id, NoteId::DateProvenElsewhere);
    }
}
