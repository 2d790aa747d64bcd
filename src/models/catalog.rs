//! All models, audits and stagings of a project, in the order in which they run.

use std::collections::BTreeSet;

use crate::config::{Parameters, Project};
use crate::error::{Error, Result};
use crate::ingest::{REJECTS, SALES, SNAPSHOTS};

use super::model::{Audit, Layer, Model, Staging};
use super::sql_file::SqlFile;

/// Every SQL file of a project, parsed and ordered.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Models, every one after those it reads.
    pub models: Vec<Model>,
    /// SQL audits, by name.
    pub audits: Vec<Audit>,
    /// Stagings, by name.
    pub stagings: Vec<Staging>,
}

impl Catalog {
    /// Loads shipped files and the project's own, which replace shipped ones of the same name.
    ///
    /// # Errors
    /// Configuration errors name file, line and what is wrong.
    pub fn load(project: &Project, parameters: &Parameters) -> Result<Self> {
        let mut models = Vec::new();
        for (folder, layer) in [("intermediate", Layer::Intermediate), ("marts", Layer::Mart)] {
            for file in SqlFile::all(project, folder)? {
                refuse_reserved(&file)?;
                let model = Model::parse(file, layer, parameters)?;
                if let Some(other) = models.iter().find(|other: &&Model| other.name == model.name) {
                    return Err(Error::configuration(format!(
                        "{} and {} make the same table",
                        other.file.shown, model.file.shown
                    )));
                }
                models.push(model);
            }
        }
        let audits = SqlFile::all(project, "audits")?
            .into_iter()
            .map(|file| Audit::parse(file, parameters))
            .collect::<Result<Vec<_>>>()?;
        let stagings = SqlFile::all(project, "staging")?
            .into_iter()
            .map(Staging::parse)
            .collect::<Result<Vec<_>>>()?;
        let models = in_order(models)?;
        let catalog = Self { models, audits, stagings };
        catalog.check_audits()?;
        Ok(catalog)
    }

    /// The model that makes a table.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The staging of a name.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn staging(&self, name: &str) -> Result<&Staging> {
        self.stagings.iter().find(|staging| staging.name == name).ok_or_else(|| {
            let names: Vec<&str> =
                self.stagings.iter().map(|staging| staging.name.as_str()).collect();
            Error::configuration(format!("there is no sql/staging/{name}.sql"))
                .hint(format!("the stagings are: {}", names.join(", ")))
        })
    }

    fn check_audits(&self) -> Result<()> {
        for audit in &self.audits {
            let known = |table: &str| table == SALES || self.model(table).is_some();
            if self.model(&audit.table).is_none() {
                return Err(Error::configuration(format!(
                    "{}: there is no table `{}` to audit",
                    audit.file.shown, audit.table
                )));
            }
            if let Some(read) = audit.reads.iter().find(|read| !known(&read.table)) {
                return Err(Error::configuration(format!(
                    "{}: there is no table `{}`",
                    audit.file.shown, read.table
                )));
            }
        }
        Ok(())
    }
}

/// A model must not take the place of what the warehouse keeps beside result tables.
fn refuse_reserved(file: &SqlFile) -> Result<()> {
    const RESERVED: [&str; 4] = [SALES, REJECTS, SNAPSHOTS, "runs"];
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let is_name = file.name.starts_with(|first: char| first.is_ascii_lowercase())
        && file.name.chars().all(plain);
    if RESERVED.contains(&file.name.as_str()) || !is_name {
        return Err(Error::configuration(format!(
            "{}: `{}` cannot be the name of a table",
            file.shown, file.name
        ))
        .hint(format!(
            "use lower-case letters, digits and _, and none of {}",
            RESERVED.join(", ")
        )));
    }
    Ok(())
}

/// Sorts models so that each follows its inputs; among equals by name.
fn in_order(mut waiting: Vec<Model>) -> Result<Vec<Model>> {
    waiting.sort_by(|one, other| one.name.cmp(&other.name));
    let all: BTreeSet<String> = waiting.iter().map(|model| model.name.clone()).collect();
    for model in &waiting {
        for read in &model.reads {
            if read.table != SALES && !all.contains(&read.table) {
                return Err(Error::configuration(format!(
                    "{}: reads `{}`, but there is no such table",
                    model.file.shown, read.table
                ))
                .hint(format!(
                    "the tables are: {SALES}, {}",
                    all.iter().cloned().collect::<Vec<_>>().join(", ")
                )));
            }
        }
    }
    let mut ordered: Vec<Model> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|model| {
            model.reads.iter().all(|read| {
                read.table == SALES
                    || read.table == model.name
                    || ordered.iter().any(|done| done.name == read.table)
            })
        });
        match ready {
            Some(place) => ordered.push(waiting.remove(place)),
            None => {
                let names: Vec<&str> = waiting.iter().map(|model| model.name.as_str()).collect();
                return Err(Error::configuration(format!(
                    "these models read each other in a circle: {}",
                    names.join(", ")
                )));
            }
        }
    }
    Ok(ordered)
}
