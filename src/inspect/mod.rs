//! How an unknown export is to be read: worked out from all of its rows, shown for comparison,
//! and written as a ready project.
//!
//! Three passes, each in bounded memory: bytes → encoding and delimiter (`tables`), cells →
//! counts by column (`evidence`), rows as a run would read them → totals (`preview`).
//! Decisions are pure functions of the counts: what is not proven becomes a question.

mod answers;
mod beside;
mod byte_evidence;
mod column;
mod condition;
mod counts;
mod currencies;
mod date_shape;
mod decide_amounts;
mod decide_dates;
mod decide_kinds;
mod decide_numbers;
mod decision;
mod dictionary;
mod distinct;
mod encoding;
mod evidence;
mod expression;
mod fill_down;
mod given_files;
mod grand_totals;
mod header;
mod layout_notes;
mod mapping;
mod named_day;
mod no_client;
mod no_values;
mod notes;
mod number_shape;
mod options;
mod periods;
mod precision;
mod preview;
mod project;
mod records;
mod report;
mod report_json;
mod rules;
mod shown;
mod source_files;
mod table_headers;
mod tables;
mod text_layout;
mod texts;
mod typed;
mod unpacked;
mod words;

pub use answers::answers;
pub use date_shape::DateOrder;
pub use dictionary::{Dictionary, ROLES, Role};
pub use given_files::given_files;
pub use notes::{Level, Note, NoteId};
pub use options::{NoClient, Options};
pub use project::{Project, ProjectFile};
pub use report::report;
pub use report_json::report_json;
pub use tables::DeliveredFile;
pub use texts::{Language, Texts, fill};

use decide_kinds::negate_returns;
use decision::Decision;
use evidence::Evidence;
use mapping::{Mapping, map_columns};
use periods::{Period, decide_period};
use preview::{Preview, preview};
use tables::{Tables, find_tables};

use crate::error::Result;
use crate::reading::ReadLimits;

/// Largest share of rejected rows of a file that a run accepts unless told otherwise.
const MOST_REJECTS: f64 = 0.01;

/// Everything that was worked out about files.
#[derive(Debug, Clone)]
pub struct Inspection {
    files: Vec<DeliveredFile>,
    tables: Tables,
    /// Missing where a question about the layout is open.
    columns: Option<(Evidence, Mapping, Decision)>,
    /// Missing where any question is open before it.
    preview: Option<Preview>,
    period: Period,
    notes: Vec<Note>,
}

impl Inspection {
    /// What is left for the user to say.
    pub fn questions(&self) -> impl Iterator<Item = &Note> {
        self.of_level(Level::Question)
    }

    fn of_level(&self, level: Level) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.level == level)
    }
}

/// Works out how files are to be read.
///
/// # Errors
/// When a file cannot be read, or the user names a column that is not there.
pub fn inspect(
    files: Vec<DeliveredFile>,
    options: &Options,
    dictionary: &Dictionary,
    most_rows: usize,
) -> Result<Inspection> {
    let limits = ReadLimits::default();
    let tables = find_tables(&files, options, dictionary, &limits)?;
    let mut inspection = Inspection {
        notes: tables.notes.clone(),
        files,
        tables,
        columns: None,
        preview: None,
        period: Period::Data,
    };
    if inspection.questions().next().is_some() {
        return Ok(inspection);
    }
    let evidence = inspection.tables.evidence(&inspection.files, &limits)?;
    let mapping = map_columns(&evidence, dictionary, options)?;
    let mut decision = decision::decide(&evidence, &mapping, options);
    let missing = inspection.tables.missing_columns();
    decision::allow_missing(&mut decision, &mapping, &evidence, &missing);
    inspection.notes.append(&mut decision.notes);
    if inspection.questions().next().is_none() {
        let mut found =
            preview(&inspection.files, &inspection.tables, &decision, &limits, most_rows)?;
        if found.positive_returns > 0 && found.negative_returns == 0 {
            let count = found.positive_returns;
            inspection.notes.push(Note::new(NoteId::ReturnsNegated, [("count", &count)]));
            negate_returns(&mut decision);
            found = preview(&inspection.files, &inspection.tables, &decision, &limits, most_rows)?;
        } else if found.positive_returns > 0 {
            inspection.notes.push(Note::new(
                NoteId::ReturnsMixed,
                [("positive", &found.positive_returns), ("negative", &found.negative_returns)],
            ));
        }
        keep_used_rules(&mut decision, &mut found, &mut inspection.notes);
        if options.no_client.is_none()
            && let Some(question) = no_client::question(&found, &decision, &evidence, &mapping)
        {
            inspection.notes.retain(|note| note.id != NoteId::RuleNoClient);
            inspection.notes.push(question);
        }
        inspection.notes.extend(beside::note(&inspection.files, options.project.as_deref()));
        inspection.notes.extend(grand_totals::compare(&found.tables, &evidence));
        inspection.judge(&found);
        inspection.preview = Some(found);
    }
    inspection.columns = Some((evidence, mapping, decision));
    Ok(inspection)
}

impl Inspection {
    fn judge(&mut self, preview: &Preview) {
        for (file, totals) in self.files.iter().zip(&preview.files) {
            if totals.rejected as f64 > MOST_REJECTS * totals.rows as f64 {
                self.notes.push(Note::new(
                    NoteId::ManyRejects,
                    [("rejected", &totals.rejected), ("rows", &totals.rows), ("file", &file.shown)],
                ));
            }
        }
        if preview.accepted == 0 {
            self.notes.push(Note::new(NoteId::NothingAccepted, []));
            return;
        }
        let (period, found) = decide_period(&self.files, preview);
        self.period = period;
        self.notes.extend(found);
        let estimated = preview.months.values().any(|month| !month.clients.count().1)
            || !preview.clients.count().1;
        if estimated {
            self.notes.push(Note::new(NoteId::ClientsEstimated, []));
        }
    }
}

/// Rules that hold nowhere are not written: a later file in which they would hold is better
/// rejected with a reason than left out by a rule that nobody has seen at work.
fn keep_used_rules(decision: &mut Decision, preview: &mut Preview, notes: &mut Vec<Note>) {
    let rules = std::mem::take(&mut decision.rules);
    let mut excluded = std::mem::take(&mut preview.excluded);
    for (place, rule) in rules.into_iter().enumerate() {
        let Some(group) = excluded.remove(&place) else { continue };
        notes.push(Note::new(rule.note, [("rows", &group.rows)]));
        preview.excluded.insert(decision.rules.len(), group);
        decision.rules.push(rule);
    }
    // Columns that only a dropped rule looked at stand last.
    let of_select = decision.select.iter().flat_map(|(_, expression)| expression.columns());
    let of_rules = decision.rules.iter().flat_map(|rule| rule.condition.columns());
    let used = of_select.chain(of_rules).max().map_or(0, |last| last + 1);
    decision.raw.truncate(used);
}
