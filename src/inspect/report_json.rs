//! The report for programs.

use serde_json::{Value, json};

use super::preview::Preview;
use super::shown::{MONEY_SCALE, day_text, decimal_text};
use super::texts::Texts;
use super::{Decision, Evidence, Inspection, Mapping};
use crate::reading::Format;

/// Everything that was worked out, as JSON.
pub fn report_json(inspection: &Inspection, texts: &Texts, next: &[(String, String)]) -> Value {
    let notes: Vec<Value> = inspection
        .notes
        .iter()
        .map(|note| {
            json!({
                "id": note.id, "level": note.level, "values": note.values, "text": texts.note(note),
            })
        })
        .collect();
    let commands: Vec<&String> = next.iter().map(|(_, command)| command).collect();
    let mut report = json!({
        "files": inspection.files.iter().map(|file| &file.shown).collect::<Vec<_>>(),
        "tables": inspection.tables.tables.iter().map(|table| &table.shown).collect::<Vec<_>>(),
        "decided": inspection.questions().next().is_none(),
        "notes": notes,
        "layout": layout(inspection),
        "next": commands,
    });
    if let Some((evidence, mapping, decision)) = &inspection.columns {
        report["columns"] = columns(evidence, mapping);
        report["reading"] = reading(decision);
        report["staging"] = staging(decision);
        if let Some(preview) = &inspection.preview {
            report["period"] = json!(inspection.period);
            report["preview"] = previewed(inspection, decision, preview);
        }
    }
    report
}

/// A format as in the pipeline file.
pub(super) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Delimited => "delimited",
        Format::Workbook => "workbook",
        Format::JsonLines => "json_lines",
        Format::Parquet => "parquet",
    }
}

fn layout(inspection: &Inspection) -> Value {
    let tables = &inspection.tables;
    let delimited = tables.delimiter.map(|choice| char::from(choice.delimiter).to_string());
    let quote = tables.layout.quote.filter(|_| tables.delimiter.is_some()).map(char::from);
    json!({
        "format": format_name(tables.format),
        "encoding": tables.encoding.map(|choice| choice.encoding.name().to_lowercase()),
        "delimiter": delimited,
        "quote": quote.map(|quote| quote.to_string()),
        "header_row": tables.layout.header_row,
        "header_rows": tables.layout.header_rows,
        "sheets": tables.layout.sheets,
    })
}

fn columns(evidence: &Evidence, mapping: &Mapping) -> Value {
    let columns = evidence.columns.iter().zip(&mapping.uses).map(|(column, (role, reason))| {
        json!({
            "name": column.name, "role": role, "reason": reason, "rows": column.rows,
            "filled": column.filled,
            "examples": column.examples.iter().map(|example| &example.text).collect::<Vec<_>>(),
        })
    });
    columns.collect()
}

fn reading(decision: &Decision) -> Value {
    json!({
        "date_formats": decision.date_formats,
        "decimal_separator": decision.numbers.decimal.to_string(),
        "group_separator": decision.numbers.group.map(|group| group.to_string()),
        "fill_down": decision.fill_down,
    })
}

fn staging(decision: &Decision) -> Value {
    let raw: Vec<Value> = decision
        .raw
        .iter()
        .map(|raw| json!({ "name": raw.name, "type": raw.raw_type.sql() }))
        .collect();
    let select: Vec<Value> = decision
        .select
        .iter()
        .map(|(role, expression)| json!({ "column": role, "sql": expression.sql(&decision.raw) }))
        .collect();
    let rules: Vec<Value> = decision
        .rules
        .iter()
        .map(|rule| json!({ "name": rule.name, "sql": rule.condition.sql(&decision.raw) }))
        .collect();
    json!({ "raw": raw, "select": select, "rules": rules })
}

fn previewed(inspection: &Inspection, decision: &Decision, preview: &Preview) -> Value {
    let excluded = preview.excluded.iter().map(|(rule, group)| {
        let rule = decision.rules.get(*rule);
        let name = rule.map(|rule| rule.name);
        let revenue = rule
            .filter(|rule| rule.leaves_out_lines())
            .map(|_| decimal_text(group.revenue, MONEY_SCALE));
        json!({ "rule": name, "rows": group.rows, "revenue": revenue, "examples": group.examples })
    });
    let rejected = preview.rejected.iter().map(|((column, reason), group)| {
        json!({ "column": column, "reason": reason, "rows": group.rows, "examples": group.examples })
    });
    let months = preview.months.iter().map(|(month, totals)| {
        let (clients, exact) = totals.clients.count();
        json!({
            "month": month, "lines": totals.lines,
            "revenue": decimal_text(totals.revenue, MONEY_SCALE),
            "clients": clients, "clients_exact": exact,
        })
    });
    let files = inspection.files.iter().zip(&preview.files).map(|(file, totals)| {
        json!({
            "file": file.shown, "rows": totals.rows, "accepted": totals.accepted,
            "rejected": totals.rejected, "months": totals.months.keys().collect::<Vec<_>>(),
        })
    });
    json!({
        "rows": preview.rows, "accepted": preview.accepted,
        "above_header": preview.above_header,
        "first_day": preview.days.map(|(first, _)| day_text(first)),
        "last_day": preview.days.map(|(_, last)| day_text(last)),
        "excluded": excluded.collect::<Vec<_>>(), "rejected": rejected.collect::<Vec<_>>(),
        "months": months.collect::<Vec<_>>(), "files": files.collect::<Vec<_>>(),
        "columns": decision.select.iter().map(|(role, _)| role).collect::<Vec<_>>(),
        "first_lines": preview.first_rows,
    })
}
