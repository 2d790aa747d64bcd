//! A file under `sql/`: shipped inside the binary or lying in the project, which wins.

use std::path::Path;

use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::resolve::resolve_table_references;

use crate::config::Project;
use crate::error::{Error, Result};

/// `(folder, name, text)` of every shipped file.
const SHIPPED: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/sql_files.rs"));

/// One SQL file: its text and the name it has in messages.
#[derive(Debug, Clone)]
pub struct SqlFile {
    /// File name without `.sql`: the name of the table, audit or staging.
    pub name: String,
    /// As messages show it.
    pub shown: String,
    /// The whole text.
    pub text: String,
    /// The text is that of a file inside the binary.
    pub is_shipped: bool,
}

impl SqlFile {
    /// All files of one folder under `sql/`, sorted by name. A project's file
    /// replaces the shipped file of the same name.
    ///
    /// # Errors
    /// When the project's folder exists but cannot be read.
    pub fn all(project: &Project, folder: &str) -> Result<Vec<Self>> {
        let own = Self::of_project(project, folder)?;
        let mut files = Self::shipped(folder);
        files.retain(|file| own.iter().all(|other| other.name != file.name));
        files.extend(own);
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    fn shipped(folder: &str) -> Vec<Self> {
        let shipped = SHIPPED.iter().filter(|(of, ..)| *of == folder);
        let file = |(of, name, text): &(&str, &str, &str)| Self {
            name: (*name).to_owned(),
            shown: format!("sql/{of}/{name}.sql (shipped)"),
            text: (*text).to_owned(),
            is_shipped: true,
        };
        shipped.map(file).collect()
    }

    /// The files of one folder under `sql/` of the project itself, sorted by name.
    ///
    /// # Errors
    /// When the folder exists but cannot be read.
    pub fn of_project(project: &Project, folder: &str) -> Result<Vec<Self>> {
        let shipped = Self::shipped(folder);
        let mut files = Vec::new();
        let own = project.sql_folder().join(folder);
        if own.is_dir() {
            let unreadable = |path: &Path, error: std::io::Error| {
                Error::configuration(format!("cannot read {}", project.shown(path))).because(error)
            };
            for entry in std::fs::read_dir(&own).map_err(|error| unreadable(&own, error))? {
                let path = entry.map_err(|error| unreadable(&own, error))?.path();
                if path.extension().is_none_or(|extension| extension != "sql") {
                    continue;
                }
                let text =
                    std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let is_shipped = shipped.iter().any(|file| file.name == name && file.text == text);
                files.push(Self { name, shown: project.shown(&path), text, is_shipped });
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    /// The file's one statement, parsed.
    ///
    /// # Errors
    /// When the text is no SQL, or holds anything but one query.
    pub fn statement(&self) -> Result<Statement> {
        let mut statements = DFParser::parse_sql(&self.text).map_err(|error| {
            Error::configuration(format!("{}: this is not valid SQL", self.shown)).because(error)
        })?;
        let only_query = || {
            Error::configuration(format!("{}: a file holds exactly one select", self.shown))
                .hint("DDL, DML, COPY, SET and several statements in one file are refused")
        };
        let statement = statements.pop_front().ok_or_else(only_query)?;
        let is_query = matches!(
            &statement,
            Statement::Statement(inner)
                if matches!(**inner, datafusion::sql::sqlparser::ast::Statement::Query(_))
        );
        if !is_query || !statements.is_empty() {
            return Err(only_query());
        }
        Ok(statement)
    }

    /// Names of the tables that the statement reads, sorted, without its own CTEs.
    ///
    /// # Errors
    /// See [`SqlFile::statement`].
    pub fn tables(&self) -> Result<Vec<String>> {
        let (tables, _ctes) =
            resolve_table_references(&self.statement()?, true).map_err(|error| {
                Error::configuration(format!("{}: cannot tell its tables", self.shown))
                    .because(error)
            })?;
        let mut names: Vec<String> =
            tables.into_iter().map(|table| table.table().to_owned()).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The statement without comments and layout: what a fingerprint sees of it.
    ///
    /// # Errors
    /// See [`SqlFile::statement`].
    pub fn normalized(&self) -> Result<String> {
        Ok(self.statement()?.to_string())
    }
}
