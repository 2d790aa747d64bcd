//! All models, audits and stagings of a project, in the order in which they run.

mod segments;

use std::collections::BTreeSet;

use crate::config::{Parameters, Project};
use crate::error::{Error, Result};
use crate::ingest::{CANONICAL_TABLES, SNAPSHOTS, canonical_table, history_tables};

use super::model::{Audit, Layer, Model, SEGMENTS, Staging};
use super::sql_file::SqlFile;
use super::window::{Read, Window};

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
                add(Model::parse(file, layer, parameters)?, &mut models)?;
            }
        }
        // Segments are the project's own; those of the program's project are examples.
        for file in SqlFile::of_project(project, "segments")? {
            add(Model::parse_segment(file, parameters)?, &mut models)?;
        }
        let mut audits = SqlFile::all(project, "audits")?
            .into_iter()
            .map(|file| Audit::parse(file, parameters))
            .collect::<Result<Vec<_>>>()?;
        segments::tell_readers(&mut models, &mut audits)?;
        let stagings = SqlFile::all(project, "staging")?
            .into_iter()
            .map(Staging::parse)
            .collect::<Result<Vec<_>>>()?;
        let models = in_order(models)?;
        let catalog = Self { models, audits, stagings };
        catalog.check_audits()?;
        catalog.check_hindsight()?;
        catalog.check_ordered()?;
        Ok(catalog)
    }

    /// Keeps some tables, what they are computed from, and the audits that need no other;
    /// `place` is where they are named.
    ///
    /// # Errors
    /// When no model makes one of them.
    pub fn keep_only(&mut self, tables: &[String], place: &str) -> Result<()> {
        let mut wanted = Vec::new();
        for table in tables {
            let model = self.model(table).ok_or_else(|| {
                let names: Vec<&str> =
                    self.models.iter().map(|model| model.name.as_str()).collect();
                Error::configuration(format!(
                    "{place}: tables names `{table}`, but no model makes it"
                ))
                .hint(format!("the tables are: {}", names.join(", ")))
            })?;
            wanted.push(model.name.clone());
        }
        let kept = self.upstream(wanted);
        self.models.retain(|model| kept.contains(&model.name));
        self.drop_audits();
        Ok(())
    }

    /// Tables and all models that they are made from, by name.
    pub fn upstream(&self, mut tables: Vec<String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        while let Some(table) = tables.pop() {
            let Some(model) = self.model(&table) else { continue };
            if found.insert(table) {
                tables.extend(model.reads.iter().map(|read| read.table.clone()));
            }
        }
        found
    }

    /// Keeps the audits whose tables are all made.
    fn drop_audits(&mut self) {
        let Self { models, audits, .. } = self;
        let is_there =
            |table: &str| is_input(table) || models.iter().any(|model| model.name == table);
        audits.retain(|audit| {
            is_there(&audit.table) && audit.reads.iter().all(|read| is_there(&read.table))
        });
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

    /// A month may read a whole table only when nothing in it comes with later months.
    fn check_hindsight(&self) -> Result<()> {
        let monthly = self.models.iter().filter(|model| model.is_monthly());
        for model in monthly {
            for read in model.reads.iter().filter(|read| read.window == Window::All) {
                if !self.is_timeless(&read.table) {
                    return Err(Error::configuration(format!(
                        "{}: {read} reads every month, so the model must not have a month column",
                        model.file.shown
                    ))
                    .hint("a finished month must not change when a later month arrives; [all] is for tables without months that depend on no dated table"));
                }
            }
        }
        Ok(())
    }

    /// Only monthly tables of models have files with one order.
    fn check_ordered(&self) -> Result<()> {
        let of_models = self.models.iter().map(|model| (&model.file, &model.reads));
        let of_audits = self.audits.iter().map(|audit| (&audit.file, &audit.reads));
        for (file, reads) in of_models.chain(of_audits) {
            let is_sorted = |read: &Read| self.model(&read.table).is_some_and(Model::is_monthly);
            if let Some(read) = reads.iter().find(|read| read.is_ordered && !is_sorted(read)) {
                return Err(Error::configuration(format!(
                    "{}: {read}: only monthly tables of models can be read in order",
                    file.shown
                ))
                .hint("write it without `ordered`"));
            }
        }
        Ok(())
    }

    /// Whether a table has no months and is made of such tables only.
    fn is_timeless(&self, table: &str) -> bool {
        match (canonical_table(table), self.model(table)) {
            (Some(canonical), _) => canonical.day_column.is_none(),
            (None, Some(model)) => {
                !model.is_monthly() && model.reads.iter().all(|read| self.is_timeless(&read.table))
            }
            (None, None) => false,
        }
    }

    fn check_audits(&self) -> Result<()> {
        for audit in &self.audits {
            let known = |table: &str| is_input(table) || self.model(table).is_some();
            let guards_history = canonical_table(&audit.table).is_some();
            if guards_history && audit.reads.iter().any(|read| read.table != audit.table) {
                return Err(Error::configuration(format!(
                    "{}: an audit of `{}` may read that table only",
                    audit.file.shown, audit.table
                ))
                .hint("it runs over the rows that a delivery brought; audit a result table to compare it with others"));
            }
            if !guards_history && self.model(&audit.table).is_none() {
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

/// Whether no model makes the table: history, feeds, or all segments together.
fn is_input(table: &str) -> bool {
    canonical_table(table).is_some() || table == SEGMENTS
}

/// Adds a model that makes a table of its own.
fn add(model: Model, models: &mut Vec<Model>) -> Result<()> {
    refuse_reserved(&model)?;
    if let Some(other) = models.iter().find(|other| other.name == model.name) {
        return Err(Error::configuration(format!(
            "{} and {} make the same table, {}",
            other.file.shown, model.file.shown, model.name
        )));
    }
    models.push(model);
    Ok(())
}

/// A model must not take the place of what the warehouse keeps beside result tables.
fn refuse_reserved(model: &Model) -> Result<()> {
    let mut reserved: Vec<&str> = history_tables().iter().map(|table| table.name).collect();
    reserved.extend([SNAPSHOTS, SEGMENTS, "runs", "set_aside"]);
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let Model { name, file, .. } = model;
    let is_name = file.name.starts_with(|first: char| first.is_ascii_lowercase())
        && file.name.chars().all(plain);
    if reserved.contains(&name.as_str()) || !is_name {
        return Err(Error::configuration(format!(
            "{}: `{name}` cannot be the name of a table",
            file.shown
        ))
        .hint(format!(
            "use lower-case letters, digits and _, and none of {}",
            reserved.join(", ")
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
            if !is_input(&read.table) && !all.contains(&read.table) {
                return Err(Error::configuration(format!(
                    "{}: reads `{}`, but there is no such table",
                    model.file.shown, read.table
                ))
                .hint(format!(
                    "the tables are: {}, {}",
                    CANONICAL_TABLES.each_ref().map(|table| table.name).join(", "),
                    all.iter().cloned().collect::<Vec<_>>().join(", ")
                )));
            }
        }
    }
    let mut ordered: Vec<Model> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|model| {
            model.reads.iter().all(|read| {
                is_input(&read.table)
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
