//! Lines without a client: a few are left out by a rule, many are asked about.

use super::decision::Decision;
use super::dictionary::Role;
use super::evidence::Evidence;
use super::mapping::Mapping;
use super::notes::{Note, NoteId};
use super::preview::Preview;
use super::shown::money;

/// Name of the rule.
pub const RULE: &str = "no_client";

/// Share of lines without a client up to which a rule leaves them out unasked, where the
/// blanks look as if the client stood in the first line of its group.
const FEW: f64 = 0.05;
/// The same where they do not: shops have many sales to nobody in particular.
const MANY: f64 = 0.5;

/// The question about lines that have everything but a client, when they are not few.
pub fn question(
    preview: &Preview,
    decision: &Decision,
    evidence: &Evidence,
    mapping: &Mapping,
) -> Option<Note> {
    let place = decision.rules.iter().position(|rule| rule.name == RULE)?;
    let group = preview.excluded.get(&place)?;
    let lines = group.lines + preview.accepted;
    if preview.accepted == 0 || group.lines as f64 <= FEW * lines as f64 {
        return None;
    }
    let mut fill_down = Vec::new();
    let mut begins_groups = true;
    for role in [Role::ClientId, Role::ClientName] {
        let Some(place) = mapping.get(role) else { continue };
        let Some(relations) = evidence.relations.get(place) else { continue };
        let is_told = mapping.fill_down.contains(&place);
        if relations.blanks == 0 || relations.blank_below_total || is_told {
            continue;
        }
        begins_groups &= relations.starts_filled && relations.changes_when_filled;
        fill_down.push(format!("--fill-down \"{}\"", evidence.columns[place].name));
    }
    let are_groups = begins_groups && !fill_down.is_empty();
    if !are_groups && group.lines as f64 <= MANY * lines as f64 {
        return None;
    }
    let id = match (fill_down.is_empty(), begins_groups) {
        (true, _) => NoteId::NoClientLeft,
        (false, true) => NoteId::NoClientGroups,
        (false, false) => NoteId::NoClientAsked,
    };
    Some(Note::new(
        id,
        [
            ("rows", &group.lines),
            ("lines", &lines),
            ("revenue", &money(group.revenue, 2)),
            ("options", &fill_down.join(" ")),
        ],
    ))
}
