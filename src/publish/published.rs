//! Committed → published: byte copies of warehouse files under names for people.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};

use super::commit::Committed;
use super::manifest::{Manifest, PublishedFile, PublishedTable};
use crate::engine::{AsOf, Built};
use crate::error::{Error, Result};
use crate::models::{Catalog, Layer};
use crate::store::{
    AT_ONCE, DataFile, Location, RunStamp, Slot, TableVersion, Warehouse, is_left_over,
};

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
        let marts = catalog.models.iter().filter(|model| model.layer == Layer::Mart);
        let results = marts.map(|model| (model.name.as_str(), self.built.files.get(&model.name)));
        let history = self.history.iter().map(|(table, files)| (*table, Some(files)));
        for (table_name, files) in results.chain(history) {
            let known = before.tables.get(table_name);
            let mut table = PublishedTable {
                version: self.versions.get(table_name).copied(),
                files: BTreeMap::new(),
            };
            for (file, _) in files.into_iter().flat_map(BTreeMap::values) {
                let name = published_name(table_name, &file.slot);
                let path = format!("{table_name}/{name}");
                let entry =
                    PublishedFile { content: file.content, bytes: file.bytes, rows: file.rows };
                let is_there = present.get(&path) == Some(&file.bytes)
                    && known.and_then(|known| known.files.get(&name)) == Some(&entry);
                if !is_there {
                    if let Some(table) = interim.tables.get_mut(table_name) {
                        table.files.remove(&name);
                    }
                    copies.push((table_name, file, path.clone()));
                }
                table.files.insert(name, entry);
                wanted.insert(path);
            }
            manifest.tables.insert(table_name.to_owned(), table);
        }
        if interim != before {
            interim.save(to).await?;
        }
        let copying =
            copies.iter().map(|(table, file, path)| copy(warehouse, table, file, to, path));
        futures::stream::iter(copying).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
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

/// `entity_month_2024-03.parquet`, `churn.parquet` for a table without months, and
/// `restatements_20241101-020000-123.parquet` for what one run found.
fn published_name(table: &str, slot: &Slot) -> String {
    match (&slot.month, &slot.source) {
        (Some(month), _) => format!("{table}_{month}.parquet"),
        (None, Some(run)) => format!("{table}_{run}.parquet"),
        (None, None) => format!("{table}.parquet"),
    }
}
