//! The written project: a pipeline file and a staging file, commented for people.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::periods::Period;
use super::report_json::format_name;
use super::source_files::{by_ending, file_name, name_of, source_files};
use super::texts::{Texts, fill};
use super::{Decision, Inspection};
use crate::error::{Error, Result};
use crate::reading::Format;

/// A file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// Its path below the project folder.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

/// The files of a project that reads what was inspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Name of pipeline, source and staging.
    pub name: String,
    /// `pipelines/NAME.toml` and `sql/staging/NAME.sql`.
    pub files: Vec<ProjectFile>,
}

impl Project {
    /// Puts a project together; none while a question is open. `folder` is where it is to be written: files below it are named from there.
    ///
    /// # Errors
    /// When the name is not one, or a path is no text.
    pub fn new(
        inspection: &Inspection,
        name: Option<&str>,
        folder: Option<&Path>,
        texts: &Texts,
    ) -> Result<Option<Self>> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => name_of(inspection.files.first()),
        };
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(Error::configuration(format!("--name {name}: is no name for a source"))
                .hint("use letters, digits, `_` or `-`, because folders are named after it"));
        }
        let Some((_, _, decision)) = &inspection.columns else { return Ok(None) };
        if inspection.questions().next().is_some() {
            return Ok(None);
        }
        let pipeline = pipeline(inspection, decision, (&name, folder), texts)?;
        let staging = staging(inspection, decision, texts);
        let file = |folder: &str, ending: &str, text| ProjectFile {
            path: Path::new(folder).join(format!("{name}.{ending}")),
            text,
        };
        let files = vec![file("pipelines", "toml", pipeline), file("sql/staging", "sql", staging)];
        Ok(Some(Self { name, files }))
    }

    /// Writes the files.
    ///
    /// # Errors
    /// When one is there already and `force` is not set, or the disk does not take them.
    pub fn write(&self, folder: &Path, force: bool) -> Result<Vec<PathBuf>> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| folder.join(&file.path)).collect();
        if let Some(there) = paths.iter().find(|path| !force && path.exists()) {
            return Err(Error::configuration(format!("{}: is there already", there.display()))
                .hint("give another --name, or --force to replace it"));
        }
        for (file, path) in self.files.iter().zip(&paths) {
            let failed = |error: std::io::Error| {
                Error::store(format!("{}: cannot be written", path.display())).because(error)
            };
            let folder = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(folder).map_err(failed)?;
            let mut written = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
            written.write_all(file.text.as_bytes()).map_err(failed)?;
            written.as_file().sync_all().map_err(failed)?;
            if force {
                written.persist(path).map_err(|error| failed(error.error))?;
            } else {
                written.persist_noclobber(path).map_err(|error| failed(error.error))?;
            }
            readable(path).map_err(failed)?;
        }
        Ok(paths)
    }
}

/// Temporary files are for their owner alone; project files are for everybody who may read.
#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn pipeline(
    inspection: &Inspection,
    decision: &Decision,
    (name, folder): (&str, Option<&Path>),
    texts: &Texts,
) -> Result<String> {
    let words = &texts.project;
    let files = source_files(&inspection.files, folder)?;
    let first = inspection.files.first().map_or("", |file| file_name(&file.shown));
    let mut text = String::new();
    let mut line = |key: &str, value: toml::Value| {
        let _ = writeln!(text, "{key} = {value}");
    };
    let comment = |text: &str| format!("\n# {}", text.replace(['\n', '\r'], " "));
    let string = |text: &str| toml::Value::String(text.to_owned());
    let list =
        |texts: &[String]| toml::Value::Array(texts.iter().map(|text| string(text)).collect());
    line("name", string(name));
    line("staging", string(name));
    line(
        &format!("{}\nfiles", comment(&words.files).trim_start_matches(' ')),
        match files.as_slice() {
            [one] => string(one),
            several => list(several),
        },
    );
    let layout = &inspection.tables.layout;
    let format = inspection.tables.format;
    let mut told = false;
    let mut layout_line =
        |key: &str, value: toml::Value, line: &mut dyn FnMut(&str, toml::Value)| {
            let key =
                if told { key.to_owned() } else { format!("{}\n{key}", comment(&words.encoding)) };
            told = true;
            line(&key, value);
        };
    if inspection.files.iter().any(|file| by_ending(&file.shown) != Some(format)) {
        layout_line("format", string(format_name(format)), &mut line);
    }
    if matches!(format, Format::Delimited | Format::JsonLines) {
        layout_line("encoding", string(&layout.encoding.name().to_lowercase()), &mut line);
    }
    if format == Format::Delimited {
        let delimiter = char::from(layout.delimiter).to_string();
        layout_line("delimiter", string(&delimiter), &mut line);
        if layout.quote.is_none() {
            layout_line("quote", string(""), &mut line);
        }
    }
    if let Some(sheets) = &layout.sheets {
        layout_line("sheets", list(sheets), &mut line);
    }
    if layout.header_rows > 1 {
        let key = format!("{}\nheader_rows", comment(&words.header));
        line(&key, toml::Value::Integer(i64::from(layout.header_rows)));
    }
    if !decision.fill_down.is_empty() {
        line(&format!("{}\nfill_down", comment(&words.fill_down)), list(&decision.fill_down));
    }
    let key = format!("{}\ndecimal_separator", comment(&words.numbers));
    line(&key, string(&decision.numbers.decimal.to_string()));
    if let Some(group) = decision.numbers.group {
        line("group_separator", string(&group.to_string()));
    }
    if !decision.date_formats.is_empty() {
        line("date_formats", list(&decision.date_formats));
    }
    if !decision.null_values.is_empty() {
        let key = format!("{}\nnull_values", comment(&words.null_values));
        line(&key, list(&decision.null_values));
    }
    let period = match inspection.period {
        Period::Data => &words.period_data,
        Period::Days => &words.period_days,
        Period::FileName => &words.period_file_name,
    };
    line(&format!("{}\nperiod", comment(period)), string(inspection.period.name()));
    line(
        &format!("{}\nmax_reject_share", comment(&words.rejects)),
        toml::Value::Float(super::MOST_REJECTS),
    );
    let title = fill(&words.pipeline, &[("file", first)]).replace(['\n', '\r'], " ");
    let description = string(&fill(&words.description, &[("file", first)]));
    Ok(format!("# {title}\ndescription = {description}\n\n[[source]]\n{text}"))
}

fn staging(inspection: &Inspection, decision: &Decision, texts: &Texts) -> String {
    let words = &texts.project;
    let first = inspection.files.first().map_or("", |file| file_name(&file.shown));
    let mut text = String::new();
    let title = fill(&words.staging, &[("file", first)]).replace(['\n', '\r'], " ");
    let _ = writeln!(text, "-- {title}\n-- {}", words.staging_raw);
    for raw in &decision.raw {
        let name =
            match raw.name.contains(|letter: char| !letter.is_alphanumeric() && letter != '_') {
                true => format!("\"{}\"", raw.name),
                false => raw.name.clone(),
            };
        let optional = if raw.is_optional { " optional" } else { "" };
        let _ = writeln!(text, "-- raw: {name} {}{optional}", raw.raw_type.sql());
    }
    text.push_str("select\n");
    let columns: Vec<String> = decision
        .select
        .iter()
        .map(|(role, expression)| {
            let sql = expression.sql(&decision.raw);
            let name = role.name();
            let comment = match expression.takes_dust_away() {
                true => format!("    -- {}\n", words.staging_dust),
                false => String::new(),
            };
            if sql == name {
                format!("    {name}")
            } else {
                format!("{comment}    {sql} as {name}")
            }
        })
        .collect();
    text.push_str(&columns.join(",\n"));
    if !decision.rules.is_empty() {
        let _ = write!(text, ",\n    -- {}\n    case\n", words.staging_rules);
        for rule in &decision.rules {
            let _ = writeln!(
                text,
                "        when {} then '{}'",
                rule.condition.sql(&decision.raw),
                rule.name
            );
        }
        text.push_str("    end as excluded");
    }
    text.push_str("\nfrom raw\n");
    text
}
