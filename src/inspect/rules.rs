//! Rows that are no lines of sales: totals, group headings, lines without a client, without a
//! price, of cancelled orders.

use super::condition::Condition;
use super::decision::Raw;
use super::dictionary::Role;
use super::evidence::Evidence;
use super::expression::{Expression, RawType};
use super::mapping::Mapping;
use super::no_client;
use super::notes::{Note, NoteId};
use super::options::{NoClient, Options};
use super::words::is_cancelled;

/// A rule that leaves rows out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name under which rows are counted.
    pub name: &'static str,
    /// When it holds.
    pub condition: Condition,
    /// Which note explains it.
    pub note: NoteId,
}

impl Rule {
    /// Whether the rows it leaves out have amounts of their own, and do not repeat those of lines.
    pub fn leaves_out_lines(&self) -> bool {
        !matches!(self.name, "totals_row" | "group_row" | "repeated_header")
    }
}

/// Columns that say which sale a line belongs to.
const KEYS: [Role; 7] = [
    Role::SaleDate,
    Role::DocumentId,
    Role::Registrar,
    Role::ClientId,
    Role::ClientName,
    Role::ProductId,
    Role::ProductName,
];

/// Columns that may stand once above the lines they speak for.
const HEADINGS: [Role; 9] = [
    Role::ClientId,
    Role::ClientName,
    Role::DocumentId,
    Role::SaleDate,
    Role::Manager,
    Role::Department,
    Role::Branch,
    Role::Region,
    Role::Category,
];

/// Finds columns whose blank cells take the value above, and for group headings the columns that
/// are blank in them.
pub(super) fn fill_down(
    evidence: &Evidence,
    mapping: &Mapping,
    given: &[usize],
    notes: &mut Vec<Note>,
) -> (Vec<String>, Vec<usize>) {
    let mut names = Vec::new();
    let mut blank_in_headings: Vec<usize> = Vec::new();
    let document = mapping.get(Role::DocumentId).or(mapping.get(Role::Registrar));
    for place in given {
        let column = &evidence.columns[*place].name;
        let broken =
            evidence.relations.get(*place).is_some_and(|relations| relations.blank_below_total);
        let id = if broken { NoteId::FillDownBroken } else { NoteId::FillDownGiven };
        notes.push(Note::new(id, [("column", column)]));
        names.push(column.clone());
    }
    for role in HEADINGS {
        let Some(place) = mapping.get(role) else { continue };
        if given.contains(&place) {
            continue;
        }
        let column = &evidence.columns[place];
        let Some(relations) = evidence.relations.get(place) else { continue };
        if relations.blanks == 0 || !relations.starts_filled || relations.blank_below_total {
            continue;
        }
        // Never filled together with what every line has: it stands in rows of its own.
        let lines: Vec<usize> =
            [Role::ProductName, Role::ProductId, Role::SaleDate, Role::DocumentId]
                .into_iter()
                .filter_map(|role| mapping.get(role))
                .filter(|other| {
                    let filled = evidence.columns[*other].filled;
                    // As many lines as headings at least.
                    *other != place && filled >= column.filled && !evidence.meet(*other, place)
                })
                .collect();
        if !lines.is_empty() {
            names.push(column.name.clone());
            notes.push(Note::new(
                NoteId::FillDownGroups,
                [("column", &column.name), ("rows", &column.filled)],
            ));
            if blank_in_headings.is_empty() {
                blank_in_headings = lines;
            }
            continue;
        }
        let continues = document
            .filter(|document| *document != place && evidence.repeats_when_blank(place, *document));
        if let Some(document) = continues {
            names.push(column.name.clone());
            notes.push(Note::new(
                NoteId::FillDownDocuments,
                [("column", &column.name), ("document", &evidence.columns[document].name)],
            ));
        }
    }
    (names, blank_in_headings)
}

/// Decides the rules, those that may turn out to hold nowhere included: the preview counts.
pub(super) fn decide_rules(
    evidence: &Evidence,
    mapping: &Mapping,
    (filled_down, blank_in_headings): (&[String], &[usize]),
    options: &Options,
    select: &[(Role, Expression)],
    raw: &mut Raw<'_>,
    notes: &mut Vec<Note>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    // A column that is filled down is never blank.
    let keys: Vec<usize> = KEYS
        .into_iter()
        .filter_map(|role| mapping.get(role))
        .filter_map(|place| raw.place(place))
        .filter(|at| !filled_down.contains(&raw.declared[*at].name))
        .collect();
    if evidence.header_rows > 0 {
        let texts = raw.declared.iter().enumerate();
        let texts = texts.filter(|(_, column)| column.raw_type == RawType::Text);
        let condition =
            Condition::SayNames(texts.map(|(at, column)| (at, column.name.clone())).collect());
        rules.push(Rule { name: "repeated_header", condition, note: NoteId::RuleHeaders });
    }
    let mut unseen = false;
    for (place, column) in evidence.columns.iter().enumerate() {
        if column.totals == 0 {
            continue;
        }
        let unique = evidence.columns.iter().filter(|other| other.name == column.name).count() == 1;
        let usable = unique && !column.name.is_empty() && !column.name.contains('"');
        let declared = raw.place(place).map(|at| raw.declared[at].raw_type);
        match declared {
            None if usable => {
                let at = raw.declare(place, RawType::Text);
                rules.push(total(at, &keys));
            }
            Some(RawType::Text) => {
                if let Some(at) = raw.place(place) {
                    rules.push(total(at, &keys));
                }
            }
            // A total in a column of dates or numbers is null for the SQL.
            _ if keys.len() >= 2 => rules.push(Rule {
                name: "totals_row",
                condition: Condition::AllBlank(keys.clone()),
                note: NoteId::RuleTotals,
            }),
            _ => unseen = true,
        }
    }
    if unseen {
        notes.push(Note::new(NoteId::TotalsUnseen, [("rows", &evidence.total_rows)]));
    }
    rules.dedup();
    let headings: Vec<usize> =
        blank_in_headings.iter().filter_map(|place| raw.place(*place)).collect();
    if !headings.is_empty() {
        let condition = Condition::AllBlank(headings);
        rules.push(Rule { name: "group_row", condition, note: NoteId::RuleGroups });
    }
    cancelled(evidence, mapping, raw, &mut rules);
    let client = select.iter().find(|(role, _)| *role == Role::ClientId);
    if let Some((
        _,
        Expression::Column(at) | Expression::Trimmed(at) | Expression::WithoutPointZero(at),
    )) = client
        && options.no_client != Some(NoClient::Reject)
    {
        let condition = Condition::AllBlank(vec![*at]);
        rules.push(Rule { name: no_client::RULE, condition, note: NoteId::RuleNoClient });
    }
    if let Some((_, Expression::Product(_, price))) =
        select.iter().find(|(role, _)| *role == Role::Revenue)
    {
        let condition = Condition::Zero(*price);
        rules.push(Rule { name: "price_zero", condition, note: NoteId::RuleZeroPrice });
    }
    rules
}

fn total(column: usize, keys: &[usize]) -> Rule {
    let others = keys.iter().copied().filter(|key| *key != column).collect();
    Rule {
        name: "totals_row",
        condition: Condition::Total { column, others },
        note: NoteId::RuleTotals,
    }
}

fn cancelled(evidence: &Evidence, mapping: &Mapping, raw: &mut Raw<'_>, rules: &mut Vec<Rule>) {
    let rule = |condition| Rule { name: "cancelled", condition, note: NoteId::RuleCancelled };
    if let Some(place) = mapping.get(Role::CancelledAt) {
        let at = raw.declare(place, RawType::Text);
        rules.push(rule(Condition::Filled(at)));
    }
    if let Some(place) = mapping.get(Role::Status)
        && let Some(values) = &evidence.columns[place].values
    {
        let texts: Vec<String> = values.keys().filter(|text| is_cancelled(text)).cloned().collect();
        if !texts.is_empty() {
            let at = raw.declare(place, RawType::Text);
            rules.push(rule(Condition::OneOf(at, texts)));
        }
    }
}
