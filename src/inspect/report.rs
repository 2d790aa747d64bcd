//! The report for people.

use super::distinct::Distinct;
use super::mapping::Reason;
use super::notes::Level;
use super::preview::Preview;
use super::shown::{cut, day_text, decimals_of, money};
use super::texts::{Texts, Words, fill};
use super::{Decision, Evidence, Inspection, Mapping};
use crate::report::{plain_table, thousands};

/// Rows of lists that are shown.
const MOST_LISTED: usize = 12;

/// The report as text; `next` are the commands to type next, with what they do.
pub fn report(inspection: &Inspection, texts: &Texts, next: &[(String, String)]) -> String {
    let words = &texts.words;
    let mut sections = vec![opening(inspection, words)];
    sections.push(notes(inspection, texts, Level::Fact, &words.how_read));
    if let Some((evidence, mapping, _)) = &inspection.columns {
        sections.push(columns(evidence, mapping, words));
    }
    sections.push(notes(inspection, texts, Level::Choice, &words.choices));
    if let (Some((_, _, decision)), Some(preview)) = (&inspection.columns, &inspection.preview) {
        sections.push(first_lines(decision, preview, words));
        sections.push(fates(decision, preview, words));
        sections.push(months(preview, words));
        if inspection.files.len() > 1 {
            sections.push(files(inspection, preview, words));
        }
    }
    sections.push(notes(inspection, texts, Level::Warning, &words.warnings));
    sections.push(notes(inspection, texts, Level::Question, &words.questions));
    if !next.is_empty() {
        let mut text = words.next.clone();
        let mut told = "";
        for (what, command) in next {
            // Several commands that do the same are alternatives.
            if what != told {
                text.push_str(&format!("\n  {what}"));
            }
            told = what;
            text.push_str(&format!("\n      {command}"));
        }
        sections.push(text);
    }
    sections.retain(|section| !section.is_empty());
    plain(&sections.join("\n\n"))
}

/// Delivered text must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter })
        .collect()
}

fn opening(inspection: &Inspection, words: &Words) -> String {
    let rows = inspection.preview.as_ref().map(|preview| preview.rows);
    let rows = rows.or(inspection.columns.as_ref().map(|(evidence, ..)| evidence.rows));
    let mut text = fill(
        &words.inspected,
        &[
            ("files", &thousands(inspection.files.len() as u64)),
            ("tables", &thousands(inspection.tables.tables.len() as u64)),
            ("rows", &rows.map_or_else(|| "?".to_owned(), thousands)),
        ],
    );
    let shown = |file: &super::DeliveredFile| format!("\n  {}", file.shown);
    match inspection.files.as_slice() {
        [first, _, .., last] if inspection.files.len() > 4 => {
            text.push_str(&format!("{}\n  …{}", shown(first), shown(last)));
        }
        few => few.iter().for_each(|file| text.push_str(&shown(file))),
    }
    text
}

fn notes(inspection: &Inspection, texts: &Texts, level: Level, title: &str) -> String {
    let lines: Vec<String> = inspection
        .of_level(level)
        .map(|note| {
            let mark = if level == Level::Question { "?" } else { "-" };
            format!("  {mark} {}", texts.note(note))
        })
        .collect();
    if lines.is_empty() { String::new() } else { format!("{title}\n{}", lines.join("\n")) }
}

/// Why a column is used or not, in words.
pub(super) fn reason_text(reason: Reason, words: &Words) -> &str {
    match reason {
        Reason::Given => &words.reason_given,
        Reason::Header => &words.reason_header,
        Reason::Unfit => &words.reason_unfit,
        Reason::Behind => &words.reason_behind,
        Reason::Unknown => &words.reason_unknown,
        Reason::Unusable => &words.reason_unusable,
    }
}

fn columns(evidence: &Evidence, mapping: &Mapping, words: &Words) -> String {
    let rows: Vec<Vec<String>> = evidence
        .columns
        .iter()
        .zip(&mapping.uses)
        .filter(|(column, _)| column.filled > 0 || !column.name.is_empty())
        .map(|(column, (role, reason))| {
            let used = matches!(reason, Reason::Given | Reason::Header);
            let role = role.filter(|_| used).map_or("", |role| role.name());
            let percent = (column.share_of_rows() * 100.0).floor();
            let examples: Vec<String> =
                column.examples.iter().take(2).map(|example| cut(&example.text, 28)).collect();
            vec![
                cut(&column.name, 40),
                role.to_owned(),
                format!("{percent} %"),
                examples.join(" | "),
                reason_text(*reason, words).to_owned(),
            ]
        })
        .collect();
    let header = [&words.column, &words.means, &words.filled, &words.examples, &words.why];
    table(&words.columns, &header, &[2], rows)
}

fn table(title: &str, header: &[&String], numeric: &[usize], rows: Vec<Vec<String>>) -> String {
    let header: Vec<&str> = header.iter().map(|name| name.as_str()).collect();
    format!("{title}\n{}", indented(&plain_table(&header, numeric, rows)))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n")
}

/// One canonical column a row, so that wide lines stay readable.
fn first_lines(decision: &Decision, preview: &Preview, words: &Words) -> String {
    if preview.first_rows.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = decision
        .select
        .iter()
        .enumerate()
        .map(|(place, (role, _))| {
            let values =
                preview.first_rows.iter().map(|row| cut(row.get(place).map_or("", |v| v), 24));
            std::iter::once(role.name().to_owned()).chain(values).collect()
        })
        .collect();
    let numbers: Vec<String> = (1..=preview.first_rows.len()).map(|n| n.to_string()).collect();
    let header: Vec<&String> = std::iter::once(&words.column).chain(&numbers).collect();
    table(&words.first_lines, &header, &[], rows)
}

fn fates(decision: &Decision, preview: &Preview, words: &Words) -> String {
    let by_rules: u64 = preview.excluded.values().map(|group| group.rows).sum();
    let excluded = by_rules + preview.above_header;
    let rejected: u64 = preview.rejected.values().map(|group| group.rows).sum();
    let mut text = format!("{}\n  ", words.fates);
    text.push_str(&fill(
        &words.fates_sum,
        &[
            ("rows", &thousands(preview.rows)),
            ("accepted", &thousands(preview.accepted)),
            ("excluded", &thousands(excluded)),
            ("rejected", &thousands(rejected)),
        ],
    ));
    if preview.above_header > 0 {
        let count = thousands(preview.above_header);
        text.push_str(&format!("\n  {} above_header: {count}", words.excluded));
    }
    for (place, group) in &preview.excluded {
        let name = decision.rules.get(*place).map_or("", |rule| rule.name);
        text.push_str(&format!("\n  {} {name}: {}", words.excluded, thousands(group.rows)));
        if decision.rules.get(*place).is_some_and(|rule| rule.leaves_out_lines()) {
            let decimals = decimals_of(group.revenue);
            text.push_str(&format!(", {} {}", words.revenue, money(group.revenue, decimals)));
        }
        for example in &group.examples {
            text.push_str(&format!("\n      {} {example}", words.example));
        }
    }
    let mut reasons: Vec<_> = preview.rejected.iter().collect();
    reasons.sort_by_key(|(_, group)| std::cmp::Reverse(group.rows));
    for ((column, reason), group) in reasons.iter().take(MOST_LISTED) {
        let column = if column.is_empty() { &words.row_is } else { column };
        text.push_str(&format!(
            "\n  {} {column} {reason}: {}",
            words.rejected,
            thousands(group.rows)
        ));
        for example in &group.examples {
            text.push_str(&format!("\n      {} {example}", words.example));
        }
    }
    if let Some(more) = reasons.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
        text.push_str(&format!("\n  {}", fill(&words.more, &[("count", &more.to_string())])));
    }
    text
}

fn months(preview: &Preview, words: &Words) -> String {
    // One number of decimals for all, so that they stand below each other.
    let revenues = preview.months.values().map(|month| month.revenue);
    let decimals = revenues.map(decimals_of).max().unwrap_or(2);
    let row = |name: String, lines: u64, revenue: i128, clients: &Distinct| {
        vec![name, thousands(lines), money(revenue, decimals), clients_text(clients)]
    };
    let mut rows: Vec<Vec<String>> = preview
        .months
        .iter()
        .map(|(month, totals)| {
            row(month.to_string(), totals.lines, totals.revenue, &totals.clients)
        })
        .collect();
    let lines = preview.months.values().map(|month| month.lines).sum();
    let revenue = preview.months.values().map(|month| month.revenue).sum();
    rows.push(row(words.all.clone(), lines, revenue, &preview.clients));
    let header = [&words.month, &words.lines, &words.revenue, &words.clients];
    let mut text = table(&words.months, &header, &[1, 2, 3], rows);
    if let Some((first, last)) = preview.days {
        let days = fill(&words.days, &[("first", &day_text(first)), ("last", &day_text(last))]);
        text.push_str(&format!("\n  {days}"));
    }
    text
}

fn clients_text(clients: &Distinct) -> String {
    let (count, exact) = clients.count();
    format!("{}{}", if exact { "" } else { "≈" }, thousands(count))
}

fn files(inspection: &Inspection, preview: &Preview, words: &Words) -> String {
    let rows: Vec<Vec<String>> = inspection
        .files
        .iter()
        .zip(&preview.files)
        .map(|(file, totals)| {
            let months = crate::month::describe_ranges(totals.months.keys().copied());
            let name = file.shown.rsplit('/').next().unwrap_or(&file.shown);
            vec![
                name.to_owned(),
                thousands(totals.rows),
                thousands(totals.accepted),
                thousands(totals.rejected),
                months,
            ]
        })
        .collect();
    let header = [&words.file, &words.rows, &words.accepted, &words.rejected, &words.month];
    table(&words.files, &header, &[1, 2, 3], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_letters_do_not_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a [31mb\nc");
    }
}
