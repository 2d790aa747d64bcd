//! Rows that are no lines of sales: totals, group headings, lines without a client, without a
//! price, of cancelled orders.

use super::condition::Condition;
use super::decision::Raw;
use super::dictionary::Role;
use super::evidence::{Evidence, name_parts};
use super::expression::{Expression, RawColumn, RawType};
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
        !matches!(self.name, "totals_row" | "group_row" | "repeated_header" | "ruler_row")
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
        let condition = match raw.declared.iter().any(|raw| name_parts(&raw.name).count() > 1) {
            false => Condition::SayNames(texts.map(|(at, raw)| (at, raw.name.clone())).collect()),
            true => say_parts(&raw.declared),
        };
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
                rules.push(total(at, &keys, column.total_ends > 0));
            }
            Some(RawType::Text) => {
                if let Some(at) = raw.place(place) {
                    rules.push(total(at, &keys, column.total_ends > 0));
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
    if evidence.ruler_rows > 0 && keys.len() >= 2 {
        let condition = Condition::AllBlank(keys);
        rules.push(Rule { name: "ruler_row", condition, note: NoteId::RuleRulers });
    }
    cancelled(evidence, mapping, raw, &mut rules);
    if options.no_client != Some(NoClient::Reject)
        && let Some((_, client)) = select.iter().find(|(role, _)| *role == Role::ClientId)
        && let [at] = client.columns()[..]
    {
        let condition = match client {
            Expression::WithoutWords(_, words) => Condition::NoValue(at, words.clone()),
            _ => Condition::AllBlank(vec![at]),
        };
        rules.push(Rule { name: no_client::RULE, condition, note: NoteId::RuleNoClient });
    }
    if let Some((_, Expression::Product(_, price))) =
        select.iter().find(|(role, _)| *role == Role::Revenue)
        && let [price] = price.columns()[..]
    {
        let condition = Condition::Zero(price);
        rules.push(Rule { name: "price_zero", condition, note: NoteId::RuleZeroPrice });
    }
    rules
}

/// One row of a header of several: texts are parts of names, and nothing else can be read.
fn say_parts(declared: &[RawColumn]) -> Condition {
    let of = |is_text: bool| {
        let columns = declared.iter().enumerate();
        columns.filter(move |(_, raw)| (raw.raw_type == RawType::Text) == is_text)
    };
    let parts = |name: &str| name_parts(name).map(str::to_owned).collect();
    Condition::SayParts {
        texts: of(true).map(|(at, raw)| (at, parts(&raw.name))).collect(),
        blank: of(false).map(|(at, _)| at).collect(),
    }
}

fn total(column: usize, keys: &[usize], at_end: bool) -> Rule {
    let others: Vec<usize> = keys.iter().copied().filter(|key| *key != column).collect();
    // A client may be called so: then only the blanks beside the name tell.
    let at_end = at_end && !others.is_empty();
    Rule {
        name: "totals_row",
        condition: Condition::Total { column, others, at_end },
        note: NoteId::RuleTotals,
    }
}

fn cancelled(evidence: &Evidence, mapping: &Mapping, raw: &mut Raw<'_>, rules: &mut Vec<Rule>) {
    let rule = |condition| Rule { name: "cancelled", condition, note: NoteId::RuleCancelled };
    if let Some(place) = mapping.get(Role::CancelledAt) {
        let at = raw.declare(place, RawType::Text);
        let words = evidence.columns[place].no_texts();
        rules.push(rule(Condition::Filled(at, words)));
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
