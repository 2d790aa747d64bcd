//! `[[source]]`: where one system's sales snapshots lie and how they are written.

use toml::Spanned;
use url::Url;

use super::Project;
use super::file::{Place, SourceTable};
use super::project::normalize;
use crate::error::{Error, Result};

/// One system that delivers sales snapshots.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name, part of every line's identity.
    pub name: String,
    /// Folder (or bucket prefix) that holds the files.
    pub folder: Url,
    /// Glob below the folder.
    pub glob: String,
    /// Name of the SQL file in `sql/staging`.
    pub staging: String,
    /// Field separator.
    pub delimiter: u8,
    /// Quote character.
    pub quote: u8,
    /// Text encoding of the files.
    pub encoding: Encoding,
    /// How the period of a snapshot is known.
    pub period: Period,
    /// `strftime` patterns tried in order; the whole text must fit.
    pub date_formats: Vec<String>,
    /// `.` or `,`.
    pub decimal_separator: char,
    /// Largest share of rejected lines that is tolerated in one snapshot, 0 to 1.
    pub max_reject_share: f64,
}

/// Text encoding of a source's files.
pub type Encoding = &'static encoding_rs::Encoding;

/// How the months that a snapshot replaces are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// The months its accepted lines lie in.
    Data,
    /// One month, written in the file's name like `2024-03`, `2024_03` or `202403`.
    FileName,
}

impl Source {
    /// All settings that decide what a file's bytes turn into, for fingerprints.
    pub fn reading_settings(&self) -> String {
        format!(
            "{:?}",
            (
                &self.name,
                self.delimiter,
                self.quote,
                self.encoding.name(),
                self.period,
                &self.date_formats,
                self.decimal_separator,
            )
        )
    }
}

const DEFAULT_MAX_REJECT_SHARE: f64 = 0.01;
const DEFAULT_DATE_FORMATS: [&str; 3] = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];

pub(super) fn check_all(
    project: &Project,
    raw: Vec<Spanned<SourceTable>>,
    place: &Place<'_>,
) -> Result<Vec<Source>> {
    if raw.is_empty() {
        return Err(Error::configuration(format!("{}: there is no [[source]]", place.shown))
            .hint("a pipeline needs at least one source of sales"));
    }
    let mut sources: Vec<Source> = Vec::new();
    for table in raw {
        let table = table.into_inner();
        let source = check(project, &table, place)?;
        if sources.iter().any(|other| other.name == source.name) {
            return Err(place.error("source.name", &table.name, "is used twice"));
        }
        sources.push(source);
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
    let (folder, glob) = split_glob(project, &table.files, place)?;
    let delimiter = single_byte("source.delimiter", &table.delimiter, b',', place)?;
    let quote = single_byte("source.quote", &table.quote, b'"', place)?;
    if delimiter == quote {
        return Err(Error::configuration(format!(
            "{}: source `{name}` has the same delimiter and quote",
            place.shown
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
    let period = match place.word("source.period", &table.period, &["data", "file_name"])? {
        "file_name" => Period::FileName,
        _ => Period::Data,
    };
    let decimal_separator =
        match place.word("source.decimal_separator", &table.decimal_separator, &[".", ","])? {
            "," => ',',
            _ => '.',
        };
    Ok(Source {
        name: name.clone(),
        folder,
        glob,
        staging: table.staging.get_ref().clone(),
        delimiter,
        quote,
        encoding,
        period,
        date_formats: date_formats(table, place)?,
        decimal_separator,
        max_reject_share: reject_share(table, place)?,
    })
}

fn date_formats(table: &SourceTable, place: &Place<'_>) -> Result<Vec<String>> {
    let Some(given) = &table.date_formats else {
        return Ok(DEFAULT_DATE_FORMATS.map(str::to_owned).to_vec());
    };
    if given.get_ref().is_empty() {
        return Err(place.error("source.date_formats", given, "must name at least one"));
    }
    for format in given.get_ref() {
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
    }
    Ok(given.get_ref().clone())
}

fn reject_share(table: &SourceTable, place: &Place<'_>) -> Result<f64> {
    let Some(given) = &table.max_reject_share else { return Ok(DEFAULT_MAX_REJECT_SHARE) };
    if (0.0..=1.0).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    Err(place.error("source.max_reject_share", given, "must lie between 0 and 1"))
}

fn single_byte(
    key: &str,
    setting: &Option<Spanned<String>>,
    default: u8,
    place: &Place<'_>,
) -> Result<u8> {
    let Some(given) = setting else { return Ok(default) };
    match given.get_ref().as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(place.error(key, given, "must be one ASCII character")),
    }
}

/// Splits `data/sales/*.csv` into the folder without wildcards and the glob below it.
fn split_glob(
    project: &Project,
    files: &Spanned<String>,
    place: &Place<'_>,
) -> Result<(Url, String)> {
    let text = files.get_ref().as_str();
    let wild = |part: &str| part.contains(['*', '?', '[', '{']);
    let parts: Vec<&str> = text.split('/').collect();
    let fixed =
        parts.iter().position(|part| wild(part)).unwrap_or(parts.len() - 1).min(parts.len() - 1);
    let mut folder = parts[..fixed].join("/");
    let glob = parts[fixed..].join("/");
    if glob.is_empty() {
        return Err(place.error("source.files", files, "names a folder; add a glob like `/*.csv`"));
    }
    globset::GlobBuilder::new(&glob).literal_separator(true).build().map_err(|error| {
        place.error("source.files", files, "is not a valid glob").because(error)
    })?;
    if text.starts_with('/') && folder.is_empty() {
        folder.push('/');
    }
    let url = if folder.contains("://") {
        project.resolve_folder(&folder)?
    } else {
        // Globs are matched against decoded paths, so a plain path must stay plain.
        Url::from_directory_path(normalize(&project.root().join(&folder)))
            .map_err(|()| place.error("source.files", files, "is not a path"))?
    };
    Ok((url, glob))
}
