//! `clientbase tables`: the catalogue, from the headers of the SQL files.

use arrow::datatypes::Schema;
use serde_json::json;

use crate::cli::TablesArguments;
use crate::config::{Parameters, Project};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::ingest::{SNAPSHOTS, history_tables, ledger_schema};
use crate::models::{Catalog, Layer, Model};
use crate::report::plain_table;

/// One table as the catalogue shows it.
#[derive(Debug, serde::Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
    description: String,
    grain: Vec<String>,
    reads: Vec<String>,
    columns: Vec<EntryColumn>,
}

#[derive(Debug, serde::Serialize)]
struct EntryColumn {
    name: String,
    r#type: String,
    nullable: bool,
    meaning: String,
}

/// Lists all tables, or explains one.
///
/// # Errors
/// When a SQL file is wrong, or there is no such table.
pub fn tables(
    project: &Project,
    arguments: &TablesArguments,
    console: &Console,
) -> Result<ExitCode> {
    let catalog = Catalog::load(project, &Parameters::default())?;
    let mut entries: Vec<Entry> = history_tables()
        .iter()
        .map(|table| base(table.name, table.description, table.grain, &table.schema))
        .collect();
    entries.push(base(
        SNAPSHOTS,
        "Delivered files and what became of their lines, one row per file.",
        &["source", "file"],
        &ledger_schema(),
    ));
    entries.extend(catalog.models.iter().map(of_model));
    // Results first: they are what people come for.
    entries
        .sort_by_key(|entry| (entry.kind != "result", entry.kind != "history", entry.name.clone()));
    match &arguments.name {
        None if arguments.json => {
            console.data(serde_json::to_string_pretty(&json!({ "tables": entries }))?)?;
        }
        None => {
            let row = |entry: &Entry| {
                vec![
                    entry.name.clone(),
                    entry.kind.to_owned(),
                    entry.grain.join(", "),
                    first_sentence(&entry.description),
                ]
            };
            let rows = entries.iter().map(row).collect();
            console.data(plain_table(
                &["table", "kind", "one row per", "what it is"],
                &[],
                rows,
            ))?;
        }
        Some(name) => {
            let entry = entries.iter().find(|entry| entry.name == *name).ok_or_else(|| {
                Error::configuration(format!("there is no table `{name}`"))
                    .hint("`clientbase tables` lists them")
            })?;
            if arguments.json {
                console.data(serde_json::to_string_pretty(entry)?)?;
            } else {
                console.data(explain(entry))?;
            }
        }
    }
    Ok(ExitCode::Ok)
}

fn of_model(model: &Model) -> Entry {
    Entry {
        name: model.name.clone(),
        kind: match model.layer {
            Layer::Mart => "result",
            Layer::Intermediate => "helper",
            Layer::Segment => "segment",
        },
        description: model.description.clone(),
        grain: model.grain.clone(),
        reads: model.reads.iter().map(ToString::to_string).collect(),
        columns: model
            .columns
            .iter()
            .map(|column| EntryColumn {
                name: column.name.clone(),
                r#type: column.column_type.text.clone(),
                nullable: column.nullable,
                meaning: column.meaning.clone(),
            })
            .collect(),
    }
}

fn base(name: &str, description: &str, grain: &[&str], schema: &Schema) -> Entry {
    use arrow::datatypes::DataType;
    let type_name = |data_type: &DataType| match data_type {
        DataType::Utf8 => "text".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    };
    Entry {
        name: name.to_owned(),
        kind: "history",
        description: description.to_owned(),
        grain: grain.iter().map(|name| (*name).to_owned()).collect(),
        reads: Vec::new(),
        columns: schema
            .fields()
            .iter()
            .map(|field| EntryColumn {
                name: field.name().clone(),
                r#type: type_name(field.data_type()),
                nullable: true,
                meaning: field.metadata().get("comment").cloned().unwrap_or_default(),
            })
            .collect(),
    }
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_owned()
}

fn explain(entry: &Entry) -> String {
    let rows = entry
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { "not null" };
            vec![
                column.name.clone(),
                column.r#type.clone(),
                null.to_owned(),
                column.meaning.clone(),
            ]
        })
        .collect();
    let reads = if entry.reads.is_empty() {
        String::new()
    } else {
        format!("\nreads       {}", entry.reads.join(", "))
    };
    format!(
        "{}: {}\none row per {}{reads}\n\n{}",
        entry.name,
        entry.description,
        entry.grain.join(", "),
        plain_table(&["column", "type", "", "meaning"], &[], rows)
    )
}
