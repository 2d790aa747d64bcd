//! Committed → published: byte copies of warehouse files under names for people.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::Committed;
use super::manifest::{Manifest, PublishedFile, PublishedTable};
use crate::engine::{AsOf, Built};
use crate::error::{Error, Result};
use crate::models::{Catalog, Layer};
use crate::month::Month;
use crate::store::{DataFile, Location, RunStamp, TableVersion, Warehouse, is_left_over};

/// A published state. Only [`Committed::publish`] makes one.
#[derive(Debug)]
pub struct Published {
    /// Files that were written.
    pub written: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Versions of all warehouse tables.
    pub versions: BTreeMap<String, TableVersion>,
}

impl Committed {
    /// What was built, for reports.
    pub fn built(&self) -> &Built {
        &self.built
    }

    /// Makes the published folder equal to the committed results. Files that are right
    /// already are left alone; missing or foreign ones are mended.
    ///
    /// # Errors
    /// When a store fails; the next run mends what is missing.
    pub async fn publish(
        self,
        catalog: &Catalog,
        warehouse: &Warehouse,
        to: &Location,
        as_of: AsOf,
        run: &RunStamp,
        pipeline: &str,
    ) -> Result<Published> {
        let before = Manifest::load(to).await?.unwrap_or_default();
        let present: BTreeMap<String, u64> = to
            .list("")
            .await?
            .into_iter()
            .map(|object| (to.relative(&object.location), object.size))
            .collect();
        let mut manifest = Manifest {
            pipeline: pipeline.to_owned(),
            run: run.id.clone(),
            as_of: as_of.date.to_string(),
            tables: BTreeMap::new(),
        };
        let mut wanted = BTreeSet::new();
        let mut copies: Vec<(&str, &DataFile, String)> = Vec::new();
        // What the old manifest may still say while files are being replaced.
        let mut interim = before.clone();
        for model in catalog.models.iter().filter(|model| model.layer == Layer::Mart) {
            let known = before.tables.get(&model.name);
            let mut table = PublishedTable {
                version: self.versions.get(&model.name).copied(),
                files: BTreeMap::new(),
            };
            let files = self.built.files.get(&model.name);
            for (file, _) in files.into_iter().flat_map(BTreeMap::values) {
                let name = published_name(&model.name, file.slot.month);
                let path = format!("{}/{name}", model.name);
                let entry =
                    PublishedFile { content: file.content, bytes: file.bytes, rows: file.rows };
                let is_there = present.get(&path) == Some(&file.bytes)
                    && known.and_then(|known| known.files.get(&name)) == Some(&entry);
                if !is_there {
                    if let Some(table) = interim.tables.get_mut(&model.name) {
                        table.files.remove(&name);
                    }
                    copies.push((&model.name, file, path.clone()));
                }
                table.files.insert(name, entry);
                wanted.insert(path);
            }
            manifest.tables.insert(model.name.clone(), table);
        }
        if interim != before {
            interim.save(to).await?;
        }
        for (table, file, path) in &copies {
            copy(warehouse, table, file, to, path).await?;
        }
        let written = copies.len();
        let mut removed = 0;
        let ours: BTreeSet<&str> =
            manifest.tables.keys().chain(before.tables.keys()).map(String::as_str).collect();
        for path in present.keys().filter(|path| !wanted.contains(*path)) {
            // A bare glob over a table's folder must find its files and no others.
            let of_ours = path.split_once('/').is_some_and(|(table, _)| ours.contains(table));
            let is_left_over = path.rsplit('/').next().is_some_and(is_left_over);
            if of_ours && (path.ends_with(".parquet") || is_left_over) {
                to.delete(path).await?;
                removed += 1;
            }
        }
        let settled = Manifest { run: before.run.clone(), ..manifest.clone() } == before;
        if !settled || written + removed > 0 {
            manifest.save(to).await?;
        }
        Ok(Published { written, removed, versions: self.versions })
    }
}

async fn copy(
    warehouse: &Warehouse,
    table: &str,
    file: &DataFile,
    to: &Location,
    path: &str,
) -> Result<()> {
    let from = warehouse.relative_path(table, file, false);
    let there = warehouse.location().size(&from).await?;
    if there != Some(file.bytes) {
        return Err(Error::store(format!(
            "{from} in {} is damaged: {} bytes, should be {}",
            warehouse.location().shown(),
            there.unwrap_or(0),
            file.bytes
        ))
        .hint(format!(
            "restore the file, or remove the folder {table} of the warehouse: the next run builds it anew"
        )));
    }
    warehouse.location().copy_to(&from, to, path).await
}

/// `entity_month_2024-03.parquet`, or `churn.parquet` for a table without months.
fn published_name(table: &str, month: Option<Month>) -> String {
    match month {
        Some(month) => format!("{table}_{month}.parquet"),
        None => format!("{table}.parquet"),
    }
}
