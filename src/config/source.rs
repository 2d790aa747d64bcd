//! `[[source]]`: where one system's files lie, how they are written and what they replace.

use std::fmt::Write as _;

use toml::Spanned;
use url::Url;

use super::Project;
use super::delivery::{ClosedMonths, Contract, Delivery};
use super::file::{OneOrMany, Place, Setting, SourceTable};
use super::project::normalize;
use crate::error::{Error, Result};
use crate::ingest::{CANONICAL_TABLES, CanonicalTable, SALES};
use crate::reading::{Format, Layout, NumberFormat};

/// One system that delivers sales or a side feed.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name, part of every line's identity.
    pub name: String,
    /// The history table that it fills.
    pub table: &'static CanonicalTable,
    /// Where its files lie.
    pub places: Vec<FilesPlace>,
    /// Name of the SQL file in `sql/staging`.
    pub staging: String,
    /// How bytes become rows.
    pub layout: Layout,
    /// How numbers are written.
    pub numbers: NumberFormat,
    /// `strftime` patterns tried in order, or `excel`; the whole text must fit.
    pub date_formats: Vec<String>,
    /// Texts that stand for no value in columns of dates and numbers.
    pub null_values: Vec<String>,
    /// What a delivered file replaces.
    pub delivery: Delivery,
    /// Largest share of rejected lines that is tolerated in one file, 0 to 1.
    pub max_reject_share: f64,
    /// Whether columns that the staging does not declare are kept as JSON.
    pub extra: bool,
    /// What happens to files that change months long past.
    pub closed: ClosedMonths,
    /// What is expected of the files.
    pub contract: Contract,
}

/// A folder (or bucket prefix) and a glob below it.
#[derive(Debug, Clone)]
pub struct FilesPlace {
    /// The folder without wildcards.
    pub folder: Url,
    /// Glob below the folder.
    pub glob: String,
    /// Whether a file or folder was named, without wildcards: it must be there.
    pub is_named: bool,
}

impl Source {
    /// All settings that decide what a file's bytes turn into, for fingerprints.
    pub fn reading_settings(&self) -> String {
        let Layout {
            format,
            encoding,
            delimiter,
            quote,
            sheets,
            zip_files,
            header_row,
            header_rows,
            fill_down,
        } = &self.layout;
        let mut settings = format!(
            "{:?}",
            (
                (&self.name, self.table.name, format, encoding.name(), delimiter, quote),
                (sheets, header_row, header_rows, fill_down),
                (&self.delivery, &self.date_formats, self.numbers, self.extra),
            )
        );
        // Nothing is read anew where there are none.
        if let Some(zip_files) = zip_files {
            settings.push_str(&format!(" zip_files {zip_files:?}"));
        }
        if !self.null_values.is_empty() {
            settings.push_str(&format!(" null_values {:?}", self.null_values));
        }
        settings
    }
}

const DEFAULT_MAX_REJECT_SHARE: f64 = 0.01;
const DEFAULT_DATE_FORMATS: [&str; 3] = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
/// Patterns of serial numbers as spreadsheets count days.
const SERIAL_FORMATS: [&str; 2] = ["excel", "excel1904"];

pub(super) fn check_all(
    project: &Project,
    raw: Vec<Spanned<SourceTable>>,
    place: &Place<'_>,
) -> Result<Vec<Source>> {
    let mut sources: Vec<Source> = Vec::new();
    for table in raw {
        let table = table.into_inner();
        let source = check(project, &table, place)?;
        if sources.iter().any(|other| other.name == source.name) {
            return Err(place.error("source.name", &table.name, "is used twice"));
        }
        sources.push(source);
    }
    if !sources.iter().any(|source| source.table.name == SALES) {
        return Err(Error::configuration(format!(
            "{}: there is no [[source]] of sales",
            place.shown
        ))
        .hint("a pipeline needs at least one [[source]] whose `table` is \"sales\", the default"));
    }
    Ok(sources)
}

fn check(project: &Project, table: &SourceTable, place: &Place<'_>) -> Result<Source> {
    let name = table.name.get_ref();
    let plain = |text: &str| {
        !text.is_empty()
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    };
    if !plain(name) {
        return Err(place.error(
            "source.name",
            &table.name,
            "must be letters, digits, `_` or `-`, because folders are named after it",
        ));
    }
    if !plain(table.staging.get_ref()) {
        return Err(place.error(
            "source.staging",
            &table.staging,
            "must be the name of a file in sql/staging, without .sql",
        ));
    }
    let names: Vec<&str> = CANONICAL_TABLES.iter().map(|table| table.name).collect();
    let fills = place.word("source.table", &table.table, &names)?;
    let fills = CANONICAL_TABLES
        .iter()
        .find(|canonical| canonical.name == fills)
        .ok_or_else(|| Error::bug(format!("there is no table {fills}")))?;
    Ok(Source {
        name: name.clone(),
        table: fills,
        places: places(project, &table.files, place)?,
        staging: table.staging.get_ref().clone(),
        layout: layout(table, place)?,
        numbers: numbers(table, place)?,
        date_formats: date_formats(table, place)?,
        null_values: null_values(table, place)?,
        delivery: Delivery::check(table, fills, place)?,
        max_reject_share: place.number(
            "source.max_reject_share",
            &table.max_reject_share,
            DEFAULT_MAX_REJECT_SHARE,
            0.0..=1.0,
        )?,
        extra: table.extra.as_ref().is_some_and(|extra| *extra.get_ref()),
        closed: ClosedMonths::check(table, place)?,
        contract: Contract::check(&table.contract, place)?,
    })
}

fn layout(table: &SourceTable, place: &Place<'_>) -> Result<Layout> {
    let formats = ["delimited", "workbook", "json_lines", "parquet"];
    let format = match table.format {
        None => None,
        Some(_) => Some(match place.word("source.format", &table.format, &formats)? {
            "workbook" => Format::Workbook,
            "json_lines" => Format::JsonLines,
            "parquet" => Format::Parquet,
            _ => Format::Delimited,
        }),
    };
    let delimiter = match &table.delimiter {
        None => b',',
        Some(given) => single_byte("source.delimiter", given, place)?,
    };
    let quote = match &table.quote {
        None => Some(b'"'),
        Some(given) if given.get_ref().is_empty() => None,
        Some(given) => Some(single_byte("source.quote", given, place)?),
    };
    if quote == Some(delimiter) {
        return Err(Error::configuration(format!(
            "{}: source `{}` has the same delimiter and quote",
            place.shown,
            table.name.get_ref()
        )));
    }
    let encoding = match &table.encoding {
        None => encoding_rs::UTF_8,
        Some(label) => {
            encoding_rs::Encoding::for_label(label.get_ref().as_bytes()).ok_or_else(|| {
                let problem = "is no known encoding; write it like \"utf-8\" or \"windows-1251\"";
                place.error("source.encoding", label, problem)
            })?
        }
    };
    let header_rows = place.whole_number("source.header_rows", &table.header_rows, 1, 1..=5)?;
    let header_row = match &table.header_row {
        None => None,
        given => Some(place.whole_number("source.header_row", given, 1, 1..=1_000_000)? as u64),
    };
    let sheets = names(&table.sheets, "source.sheets", place)?;
    let zip_files = names(&table.zip_files, "source.zip_files", place)?;
    for (key, given) in [("source.sheets", &table.sheets), ("source.zip_files", &table.zip_files)] {
        let wrong = given.as_ref().filter(|list| {
            list.get_ref().iter().any(|pattern| globset::Glob::new(pattern).is_err())
        });
        if let Some(list) = wrong {
            return Err(place.error(key, list, "holds what is no pattern"));
        }
    }
    let fill_down = table.fill_down.as_ref().map(|names| names.get_ref().clone());
    Ok(Layout {
        format,
        encoding,
        delimiter,
        quote,
        sheets,
        zip_files,
        header_row,
        header_rows: header_rows as u8,
        fill_down: fill_down.unwrap_or_default(),
    })
}

/// Names or patterns of names, at least one where the setting is given.
pub(super) fn names(
    given: &Setting<Vec<String>>,
    key: &str,
    place: &Place<'_>,
) -> Result<Option<Vec<String>>> {
    match given {
        Some(list) if list.get_ref().is_empty() => {
            Err(place.error(key, list, "must name at least one"))
        }
        given => Ok(given.as_ref().map(|list| list.get_ref().clone())),
    }
}

fn numbers(table: &SourceTable, place: &Place<'_>) -> Result<NumberFormat> {
    let decimal =
        match place.word("source.decimal_separator", &table.decimal_separator, &[".", ","])? {
            "," => ',',
            _ => '.',
        };
    let group = match &table.group_separator {
        None => None,
        Some(given) => {
            match place.word("source.group_separator", &table.group_separator, &[".", ","])? {
                "." if decimal != '.' => Some('.'),
                "," if decimal != ',' => Some(','),
                _ => {
                    let problem =
                        "is the decimal separator too; set `decimal_separator` to the other one";
                    return Err(place.error("source.group_separator", given, problem));
                }
            }
        }
    };
    Ok(NumberFormat { decimal, group })
}

fn date_formats(table: &SourceTable, place: &Place<'_>) -> Result<Vec<String>> {
    let Some(given) = &table.date_formats else {
        return Ok(DEFAULT_DATE_FORMATS.map(str::to_owned).to_vec());
    };
    if given.get_ref().is_empty() {
        return Err(place.error("source.date_formats", given, "must name at least one"));
    }
    for format in given.get_ref() {
        if SERIAL_FORMATS.contains(&format.as_str()) {
            continue;
        }
        let items: Vec<_> = chrono::format::StrftimeItems::new(format).collect();
        let has_offset = ["%z", "%:z", "%::z", "%#z", "%Z", "%s", "%+"]
            .iter()
            .any(|pattern| format.contains(pattern));
        if has_offset {
            let problem = format!("has `{format}`: times with an offset or zone are not converted");
            return Err(place.error("source.date_formats", given, &problem));
        }
        if items.contains(&chrono::format::Item::Error) {
            let problem = format!("has `{format}`, which is no strftime pattern");
            return Err(place.error("source.date_formats", given, &problem));
        }
        let is_russian = format.starts_with(crate::reading::RUSSIAN);
        if is_russian && !(format.contains("%B") || format.contains("%b")) {
            let problem = format!("has `{format}`, which names no month by `%B` or `%b`");
            return Err(place.error("source.date_formats", given, &problem));
        }
        if !format.contains('%') {
            let problem = format!(
                "has `{format}`, which is neither a strftime pattern nor one of {}",
                SERIAL_FORMATS.join(", ")
            );
            return Err(place.error("source.date_formats", given, &problem));
        }
    }
    refuse_two_readings(given, place)?;
    Ok(given.get_ref().clone())
}

fn null_values(table: &SourceTable, place: &Place<'_>) -> Result<Vec<String>> {
    let Some(given) = &table.null_values else { return Ok(Vec::new()) };
    for word in given.get_ref() {
        if word.is_empty() || word.trim() != word {
            let problem = format!(
                "has {word:?}: blank cells have no value anyway, and blanks around a text do not count"
            );
            return Err(place.error("source.null_values", given, &problem));
        }
    }
    Ok(given.get_ref().clone())
}

/// Two patterns that read one text as different days would guess row by row.
fn refuse_two_readings(given: &Spanned<Vec<String>>, place: &Place<'_>) -> Result<()> {
    use chrono::format::{Parsed, StrftimeItems, parse};
    let moment =
        chrono::NaiveDate::from_ymd_opt(2001, 2, 3).and_then(|day| day.and_hms_opt(4, 5, 6));
    let Some(moment) = moment else { return Ok(()) };
    let patterns = || given.get_ref().iter().filter(|format| format.contains('%'));
    for written in patterns() {
        let mut text = String::new();
        if write!(text, "{}", moment.format(written)).is_err() {
            continue;
        }
        for other in patterns() {
            let mut parsed = Parsed::new();
            let read = parse(&mut parsed, &text, StrftimeItems::new(other)).ok();
            let Some(day) = read.and_then(|()| parsed.to_naive_date().ok()) else { continue };
            if day != moment.date() {
                let problem = format!(
                    "has `{written}` and `{other}`, which read {text} as different days; keep one"
                );
                return Err(place.error("source.date_formats", given, &problem));
            }
        }
    }
    Ok(())
}

fn single_byte(key: &str, given: &Spanned<String>, place: &Place<'_>) -> Result<u8> {
    match given.get_ref().as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(place.error(key, given, "must be one ASCII character")),
    }
}

fn places(
    project: &Project,
    files: &Spanned<OneOrMany>,
    place: &Place<'_>,
) -> Result<Vec<FilesPlace>> {
    let texts = match files.get_ref() {
        OneOrMany::One(text) => std::slice::from_ref(text),
        OneOrMany::Many(texts) => texts.as_slice(),
    };
    if texts.is_empty() {
        return Err(place.error(
            "source.files",
            files,
            "must name at least one file, folder or glob",
        ));
    }
    texts.iter().map(|text| split_glob(project, text, files, place)).collect()
}

/// Splits `data/sales/*.csv` into the folder without wildcards and the glob below it. A path
/// that ends in `/`, or is a local folder, means every file in it.
fn split_glob(
    project: &Project,
    text: &str,
    files: &Spanned<OneOrMany>,
    place: &Place<'_>,
) -> Result<FilesPlace> {
    let given = text;
    let is_url = text.contains("://");
    let is_folder = text.ends_with('/') || (!is_url && project.root().join(text).is_dir());
    let text = match is_folder {
        true => format!("{}/*", text.trim_end_matches('/')),
        false => text.to_owned(),
    };
    let wild = |part: &str| part.contains(['*', '?', '[', '{']);
    // A file whose own name has such letters is that file.
    let is_file = !is_url && project.root().join(&text).is_file();
    let parts: Vec<&str> = text.split('/').collect();
    let last = parts.len() - 1;
    let fixed =
        if is_file { last } else { parts.iter().position(|part| wild(part)).unwrap_or(last) };
    let mut folder = parts[..fixed.min(last)].join("/");
    let glob = parts[fixed.min(last)..].join("/");
    let glob = if is_file { globset::escape(&glob) } else { glob };
    globset::GlobBuilder::new(&glob).literal_separator(true).build().map_err(|error| {
        place.error("source.files", files, "is not a valid glob").because(error)
    })?;
    if text.starts_with('/') && folder.is_empty() {
        folder.push('/');
    }
    let folder = if is_url {
        project
            .resolve_folder(&folder)
            .map_err(|error| place.error("source.files", files, "is not a URL").because(error))?
    } else {
        // Globs are matched against decoded paths, so a plain path must stay plain.
        Url::from_directory_path(normalize(&project.root().join(&folder)))
            .map_err(|()| place.error("source.files", files, "is not a path"))?
    };
    let is_named = !is_url && !given.split('/').any(wild);
    Ok(FilesPlace { folder, glob, is_named })
}
