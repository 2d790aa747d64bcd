//! A project folder: `pipelines/`, `sql/` and, by default, the warehouse and what is published.

use std::path::{Path, PathBuf};

use url::Url;

use crate::error::{Error, Result};

/// A folder with pipeline files and SQL of its own.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// Opens a project folder.
    ///
    /// # Errors
    /// When the folder does not exist.
    pub fn open(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(|error| {
            Error::configuration(format!("project folder {} cannot be opened", root.display()))
                .because(error)
                .hint("give the folder that holds `pipelines/` with --project")
        })?;
        Ok(Self { root })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Folder of the project's own SQL.
    pub fn sql_folder(&self) -> PathBuf {
        self.root.join("sql")
    }

    /// A path as messages show it: relative to the project where possible.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The pipeline file that a name or path on the command line means. Without a
    /// name: the only pipeline of the project.
    ///
    /// # Errors
    /// When there is none, or none of that name, or several to choose from.
    pub fn pipeline_path(&self, name: Option<&str>) -> Result<PathBuf> {
        let known = self.pipelines();
        let list = || {
            if known.is_empty() {
                format!("there is no pipeline in {}", self.root.join("pipelines").display())
            } else {
                format!("the project's pipelines are: {}", known.join(", "))
            }
        };
        let Some(name) = name else {
            return match known.as_slice() {
                [only] => Ok(self.named(only)),
                _ => Err(Error::configuration("which pipeline?")
                    .hint(format!("{}; name one (query and runs: with --pipeline)", list()))),
            };
        };
        if known.iter().any(|pipeline| pipeline == name) {
            return Ok(self.named(name));
        }
        let path = Path::new(name);
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            return Ok(path.to_owned());
        }
        Err(Error::configuration(format!("there is no pipeline `{name}`")).hint(list()))
    }

    /// Names of the pipeline files, sorted.
    pub fn pipelines(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join("pipelines")) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names
    }

    fn named(&self, name: &str) -> PathBuf {
        self.root.join("pipelines").join(format!("{name}.toml"))
    }

    /// A folder setting as a URL: a URL as it is, a path relative to the project.
    ///
    /// # Errors
    /// When the path cannot be written as a URL.
    pub fn resolve_folder(&self, location: &str) -> Result<Url> {
        if location.contains("://") {
            let slashed = format!("{}/", location.trim_end_matches('/'));
            return Url::parse(&slashed).map_err(|error| {
                Error::configuration(format!("`{location}` is not a URL")).because(error)
            });
        }
        Url::from_directory_path(normalize(&self.root.join(location)))
            .map_err(|()| Error::configuration(format!("`{location}` is not a folder path")))
    }
}

/// Takes `.` and `..` out of a path without asking the file system, which may not have it yet.
pub(super) fn normalize(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
