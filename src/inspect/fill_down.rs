//! Columns whose blank cells take the value above: headings of groups, and documents whose first
//! line alone is filled in full.

use super::dictionary::Role;
use super::evidence::Evidence;
use super::mapping::Mapping;
use super::notes::{Note, NoteId};

/// Columns that may stand once above the lines they speak for.
const HEADINGS: [Role; 10] = [
    Role::ClientId,
    Role::ClientName,
    Role::DocumentId,
    Role::SaleDate,
    Role::Manager,
    Role::Department,
    Role::Branch,
    Role::Region,
    Role::Category,
    Role::Registrar,
];

/// What is filled down.
#[derive(Debug, Default)]
pub(super) struct FilledDown {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Places of the columns that are blank in rows of headings.
    pub blank_in_headings: Vec<usize>,
    /// Places of the columns that stand in rows of their own.
    groups: Vec<usize>,
    places: Vec<usize>,
}

/// Finds the columns that are filled down, those that the user names included.
pub(super) fn fill_down(
    evidence: &Evidence,
    mapping: &Mapping,
    notes: &mut Vec<Note>,
) -> FilledDown {
    let mut found = FilledDown::default();
    for place in &mapping.fill_down {
        let column = &evidence.columns[*place].name;
        let broken =
            evidence.relations.get(*place).is_some_and(|relations| relations.blank_below_total);
        let id = if broken { NoteId::FillDownBroken } else { NoteId::FillDownGiven };
        notes.push(Note::new(id, [("column", column)]));
        found.names.push(column.clone());
        found.places.push(*place);
    }
    let mut roles: Vec<Role> = HEADINGS.to_vec();
    // A heading inside another begins below it: the outer one must be known first.
    loop {
        let before = found.places.len();
        roles.retain(|role| !take(*role, evidence, mapping, &mut found, notes));
        if found.places.len() == before {
            break;
        }
    }
    let filled = std::mem::take(&mut found.places);
    found.blank_in_headings.retain(|place| !filled.contains(place));
    found
}

/// Whether a role's column is filled down, or never will be.
fn take(
    role: Role,
    evidence: &Evidence,
    mapping: &Mapping,
    found: &mut FilledDown,
    notes: &mut Vec<Note>,
) -> bool {
    let Some(place) = mapping.get(role) else { return true };
    let Some(relations) = evidence.relations.get(place) else { return true };
    if found.places.contains(&place) || relations.blanks == 0 || relations.blank_below_total {
        return true;
    }
    let is_below = |outer: &usize| relations.filled_before >> *outer & 1 == 1;
    if !relations.starts_filled && !found.groups.iter().any(is_below) {
        return false;
    }
    let column = &evidence.columns[place];
    // Never filled together with what every line has: it stands in rows of its own.
    let lines: Vec<usize> = [Role::ProductName, Role::ProductId, Role::SaleDate, Role::DocumentId]
        .into_iter()
        .filter_map(|role| mapping.get(role))
        .filter(|other| {
            let filled = evidence.columns[*other].filled;
            // As many lines as headings at least.
            *other != place && filled >= column.filled && !evidence.meet(*other, place)
        })
        .collect();
    if !lines.is_empty() {
        notes.push(Note::new(
            NoteId::FillDownGroups,
            [("column", &column.name), ("rows", &column.filled)],
        ));
        found.names.push(column.name.clone());
        found.places.push(place);
        found.groups.push(place);
        if found.blank_in_headings.is_empty() {
            found.blank_in_headings = lines;
        }
        return true;
    }
    let document = mapping.get(Role::DocumentId).or(mapping.get(Role::Registrar));
    let continues = document
        .filter(|document| *document != place && evidence.repeats_when_blank(place, *document));
    let Some(document) = continues.filter(|_| relations.starts_filled) else { return false };
    found.names.push(column.name.clone());
    found.places.push(place);
    notes.push(Note::new(
        NoteId::FillDownDocuments,
        [("column", &column.name), ("document", &evidence.columns[document].name)],
    ));
    true
}
