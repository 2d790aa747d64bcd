//! Target segments in the catalogue: who reads them all, and which of them are computed.

use std::collections::BTreeSet;

use super::Catalog;
use crate::error::{Error, Result};
use crate::models::model::{Audit, Model, SEGMENTS};
use crate::models::window::Read;

/// Whoever reads `segments` reads the table of every segment, in the same window: so order,
/// fingerprints, plans and causes need not know of segments at all.
pub(super) fn tell_readers(models: &mut [Model], audits: &mut [Audit]) -> Result<()> {
    if let Some(model) = models.iter().find(|model| {
        model.segment().is_some() && model.reads.iter().any(|read| read.table == SEGMENTS)
    }) {
        return Err(Error::configuration(format!(
            "{}: a segment cannot read `{SEGMENTS}`, of which it is one",
            model.file.shown
        ))
        .hint("read the segments you mean by their tables, such as segment_regular[0]"));
    }
    let mut tables: Vec<String> = models
        .iter()
        .filter(|model| model.segment().is_some())
        .map(|model| model.name.clone())
        .collect();
    tables.sort();
    let readers = models.iter_mut().map(|model| &mut model.reads);
    for reads in readers.chain(audits.iter_mut().map(|audit| &mut audit.reads)) {
        let Some(read) = reads.iter().find(|read| read.table == SEGMENTS) else { continue };
        let window = read.window.clone();
        let named: BTreeSet<String> = reads.iter().map(|read| read.table.clone()).collect();
        if let Some(twice) = tables.iter().find(|table| named.contains(*table)) {
            return Err(Error::configuration(format!(
                "a model that reads `{SEGMENTS}` reads `{twice}` beside it, which is in it"
            )));
        }
        reads.extend(tables.iter().map(|table| Read {
            table: table.clone(),
            window: window.clone(),
            is_ordered: false,
        }));
    }
    Ok(())
}

impl Catalog {
    /// Target segments, sorted.
    pub fn segments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.models.iter().filter_map(Model::segment).collect();
        names.sort_unstable();
        names
    }

    /// Keeps some segments, and those that they are made of; `place` is where they are named.
    ///
    /// # Errors
    /// When the project has no such segment; the message tells those it has.
    pub fn keep_segments(&mut self, wanted: &[String], place: &str) -> Result<()> {
        if let Some(unknown) = wanted.iter().find(|name| !self.segments().contains(&name.as_str()))
        {
            return Err(Error::configuration(format!(
                "{place}: there is no segment `{unknown}`, sql/segments/{unknown}.sql is missing"
            ))
            .hint(self.segment_hint(unknown)));
        }
        let is_unwanted = |model: &Model| {
            model.segment().is_some_and(|name| wanted.iter().all(|wanted| wanted != name))
        };
        let unwanted: BTreeSet<String> = self
            .models
            .iter()
            .filter(|model| is_unwanted(model))
            .map(|model| model.name.clone())
            .collect();
        let readers = self.models.iter_mut().map(|model| &mut model.reads);
        for reads in readers.chain(self.audits.iter_mut().map(|audit| &mut audit.reads)) {
            if reads.iter().any(|read| read.table == SEGMENTS) {
                reads.retain(|read| !unwanted.contains(&read.table));
            }
        }
        // What nobody wants may still be what a wanted one is made of.
        loop {
            let others = self
                .models
                .iter()
                .flat_map(|model| model.reads.iter().filter(|read| read.table != model.name));
            let read: BTreeSet<String> = others.map(|read| read.table.clone()).collect();
            let before = self.models.len();
            self.models
                .retain(|model| !unwanted.contains(&model.name) || read.contains(&model.name));
            if self.models.len() == before {
                break;
            }
        }
        self.drop_audits();
        Ok(())
    }

    /// What to say to somebody who named a segment that does not exist.
    pub fn segment_hint(&self, unknown: &str) -> String {
        let names = self.segments();
        if names.is_empty() {
            return "the project has no segments: each is a file in sql/segments, see \
                    docs/segments.md"
                .to_owned();
        }
        let mut near: Vec<(f64, &str)> = names
            .iter()
            .map(|name| (strsim::normalized_damerau_levenshtein(name, unknown), *name))
            .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        let all = format!("the segments are: {}", names.join(", "));
        match near.first() {
            Some((_, nearest)) => format!("did you mean `{nearest}`? {all}"),
            None => all,
        }
    }
}

/// Names that have less in common are no slips of the pen.
const LEAST_LIKENESS: f64 = 0.5;
