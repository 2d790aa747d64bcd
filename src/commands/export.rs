//! `clientbase export`: the clients of a target segment with their contacts, as CSV.

use datafusion::scalar::ScalarValue;

use super::load;
use super::results::Results;
use crate::cli::ExportArguments;
use crate::config::Project;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::models::Catalog;
use crate::month::Month;
use crate::report::{RunReference, RunReport};

/// Everything that the list is made from.
const TABLES: [&str; 5] =
    ["segment_members", "client_contacts", "client_identity", "client_state", "client_revenue_12m"];

/// The largest client first: that is the order of calls. Who is in charge stands in the master
/// data, or else sold the last purchase.
const ROWS: &str = "\
select
    members.client_id,
    client_identity.client_name,
    client_contacts.client_type,
    coalesce(client_contacts.manager, nullif(client_state.manager, '(unknown)')) as manager,
    coalesce(client_contacts.branch, nullif(client_state.branch, '(unknown)')) as branch,
    coalesce(client_contacts.region, nullif(client_state.region, '(unknown)')) as region,
    clients.contact_person,
    clients.phones,
    clients.emails,
    members.member_since,
    members.is_entered,
    client_state.last_purchase_date,
    client_state.purchases,
    client_revenue_12m.revenue_12m,
    coalesce(client_contacts.do_not_contact, false) as do_not_contact,
    coalesce(client_contacts.is_closed, false) as is_closed
from segment_members as members
left join clients
    on members.client_id = clients.client_id
left join client_contacts
    on members.client_id = client_contacts.client_id
left join client_identity
    on members.client_id = client_identity.client_id
left join client_state
    on members.client_id = client_state.client_id
    and members.month = client_state.month
    and client_state.month = $month
left join client_revenue_12m
    on members.client_id = client_revenue_12m.client_id
    and members.month = client_revenue_12m.month
    and client_revenue_12m.month = $month
where members.month = $month and members.segment = $segment
order by client_revenue_12m.revenue_12m desc nulls last, members.client_id";

/// Columns of the file, in the order of the query, and what their cells hold.
const COLUMNS: [(&str, Kind); 16] = [
    ("client_id", Kind::Text),
    ("client_name", Kind::Text),
    ("client_type", Kind::Text),
    ("manager", Kind::Text),
    ("branch", Kind::Text),
    ("region", Kind::Text),
    ("contact_person", Kind::Text),
    ("phones", Kind::Text),
    ("emails", Kind::Text),
    ("member_since", Kind::Plain),
    ("is_entered", Kind::Plain),
    ("last_purchase_date", Kind::Plain),
    ("purchases", Kind::Plain),
    ("revenue_12m", Kind::Money),
    ("do_not_contact", Kind::Plain),
    ("is_closed", Kind::Plain),
];
const IS_ENTERED: usize = 10;
const DO_NOT_CONTACT: usize = 14;
const IS_CLOSED: usize = 15;

/// How a spreadsheet is to take a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As it stands, whatever it looks like.
    Text,
    /// A date, a count, true or false: every spreadsheet reads these.
    Plain,
    /// A number with decimals.
    Money,
}

type Row = Vec<Option<String>>;

/// Writes the members of a segment at the end of a month.
///
/// # Errors
/// When there is no such segment or month, or the file cannot be written.
pub async fn export(
    project: &Project,
    arguments: &ExportArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let segment = known_segment(&catalog, &arguments.segment)?;
    let wanted = arguments.as_of.clone().unwrap_or(RunReference::Last(0));
    let results = Results::open(&pipeline, &catalog, &wanted).await?;
    let report = &results.known.report;
    if !report.versions.contains_key(&catalog_table(&catalog, segment)?) {
        return Err(Error::configuration(format!(
            "run {} did not compute segment `{segment}`",
            report.run
        ))
        .hint("run the pipeline: the segment is newer than its last results"));
    }
    let month = month_of(report, arguments.month)?;
    let values = vec![
        ("month".to_owned(), ScalarValue::Date32(Some(month.epoch_day()))),
        ("segment".to_owned(), ScalarValue::Utf8(Some(segment.to_owned()))),
    ];
    let mut rows = results.cells_with(&TABLES, ROWS, values).await?;
    rows.retain(|row| !arguments.entered || holds(row, IS_ENTERED));
    let is_barred = |row: &&Row| holds(row, DO_NOT_CONTACT);
    let is_closed = |row: &&Row| holds(row, IS_CLOSED) && !is_barred(row);
    let barred = rows.iter().filter(is_barred).count();
    let closed = rows.iter().filter(is_closed).count();
    if !arguments.all {
        rows.retain(|row| !is_barred(&row) && !is_closed(&row));
    }
    let bytes = written(&rows, arguments.excel)?;
    match &arguments.output {
        Some(path) => {
            let unwritten = |error: std::io::Error| {
                Error::store(format!("cannot write {}", path.display())).because(error)
            };
            // A failed write spoils no file that is there.
            let mut partial = path.as_os_str().to_owned();
            partial.push(".partial");
            std::fs::write(&partial, &bytes).map_err(unwritten)?;
            std::fs::rename(&partial, path).map_err(unwritten)?;
        }
        None => console.raw(&bytes)?,
    }
    let of_whom = if arguments.entered { "entered in" } else { "members at the end of" };
    let mut said = format!(
        "segment {segment} of {}, {of_whom} {month}: {}",
        pipeline.name,
        counted(rows.len())
    );
    let fate = if arguments.all { "of them" } else { "left out" };
    if barred + closed > 0 {
        said.push_str(&format!("; {fate}: {barred} not to be contacted, {closed} closed down"));
    }
    console.talk(said);
    Ok(ExitCode::Ok)
}

fn counted(clients: usize) -> String {
    format!("{clients} {}", if clients == 1 { "client" } else { "clients" })
}

/// The name of a segment as the project has it.
fn known_segment<'c>(catalog: &'c Catalog, wanted: &str) -> Result<&'c str> {
    catalog.segments().into_iter().find(|name| *name == wanted).ok_or_else(|| {
        Error::configuration(format!("there is no segment `{wanted}`"))
            .hint(catalog.segment_hint(wanted))
    })
}

fn catalog_table(catalog: &Catalog, segment: &str) -> Result<String> {
    let model = catalog.models.iter().find(|model| model.segment() == Some(segment));
    model
        .map(|model| model.name.clone())
        .ok_or_else(|| Error::bug(format!("segment `{segment}` lost its table")))
}

/// The month that was asked for, or the newest of the run.
fn month_of(report: &RunReport, wanted: Option<Month>) -> Result<Month> {
    let (first, last) = report
        .months
        .ok_or_else(|| Error::configuration(format!("run {} has no months", report.run)))?;
    match wanted {
        None => Ok(last),
        Some(month) if first <= month && month <= last => Ok(month),
        Some(month) => Err(Error::configuration(format!("there are no results for {month}"))
            .hint(format!("run {} has {first} to {last}", report.run))),
    }
}

fn holds(row: &Row, column: usize) -> bool {
    row.get(column).and_then(Option::as_deref) == Some("true")
}

/// The file: UTF-8 with commas, or what Excel with Russian settings opens by a double click.
fn written(rows: &[Row], excel: bool) -> Result<Vec<u8>> {
    let unwritten = |error: csv::Error| Error::bug("the rows cannot be written").because(error);
    let mut bytes = Vec::new();
    if excel {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut builder = csv::WriterBuilder::new();
    if excel {
        builder.delimiter(b';').terminator(csv::Terminator::CRLF);
    }
    let mut writer = builder.from_writer(&mut bytes);
    writer.write_record(COLUMNS.map(|(name, _)| name)).map_err(unwritten)?;
    for row in rows {
        let cells = row.iter().zip(COLUMNS).map(|(cell, (_, kind))| {
            let cell = cell.as_deref().unwrap_or_default();
            if excel { excel_cell(cell, kind) } else { cell.to_owned() }
        });
        writer.write_record(cells).map_err(unwritten)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// Longest text that Excel takes inside a formula.
const LONGEST_LITERAL: usize = 255;

/// Excel reads a code like 00012 or 3-5 and a phone like +74951234567 as a number or a day, and a
/// name like =1+1 as a formula. A formula that holds the text gives the very text.
fn excel_cell(cell: &str, kind: Kind) -> String {
    match kind {
        Kind::Plain => cell.to_owned(),
        Kind::Money => cell.replace('.', ","),
        Kind::Text => {
            let is_safe = cell.chars().next().is_none_or(|first| {
                first.is_alphabetic() || matches!(first, '"' | '«' | '„' | '“')
            });
            if is_safe {
                cell.to_owned()
            } else if cell.chars().count() <= LONGEST_LITERAL {
                format!("=\"{}\"", cell.replace('"', "\"\""))
            } else {
                format!("'{cell}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excel_takes_texts_for_what_they_are() {
        let text = |cell: &str| excel_cell(cell, Kind::Text);
        assert_eq!(text("ООО «Ромашка»"), "ООО «Ромашка»");
        assert_eq!(text("«Ромашка»"), "«Ромашка»");
        assert_eq!(text("00012"), "=\"00012\"");
        assert_eq!(text("+7 (495) 000-00-00"), "=\"+7 (495) 000-00-00\"");
        assert_eq!(text("=1+1"), "=\"=1+1\"");
        assert_eq!(text("-2 \"a\""), "=\"-2 \"\"a\"\"\"");
        assert_eq!(text("\tx"), "=\"\tx\"");
        assert_eq!(text(&"=".repeat(256)), format!("'{}", "=".repeat(256)));
        assert_eq!(text(""), "");
        assert_eq!(excel_cell("1234.5000", Kind::Money), "1234,5000");
        assert_eq!(excel_cell("2024-03-01", Kind::Plain), "2024-03-01");
    }

    #[test]
    fn a_file_without_rows_has_its_header() {
        let header = COLUMNS.map(|(name, _)| name);
        let plain = String::from_utf8(written(&[], false).expect("written")).expect("text");
        assert_eq!(plain, format!("{}\n", header.join(",")));
        let excel = String::from_utf8(written(&[], true).expect("written")).expect("text");
        assert_eq!(excel, format!("\u{feff}{}\r\n", header.join(";")));
    }
}
