//! What the tables of a build share: their files as they come, and word of it to those who wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::build::BuildContext;
use super::staleness::{TableFiles, input_months};
use crate::error::Result;
use crate::models::{Fingerprint, Model, Read};
use crate::month::Month;
use crate::store::{DataFile, Slot};

/// Staged files of an interrupted run by table, slot and fingerprint.
type Resumable = BTreeMap<(String, Slot, Fingerprint), DataFile>;

pub(super) struct Workshop<'a> {
    pub(super) context: &'a BuildContext<'a>,
    resumable: Resumable,
    files: Mutex<TableFiles>,
    /// Told whenever a file of the table has come.
    arrivals: BTreeMap<&'a str, Notify>,
    is_stopped: AtomicBool,
}

impl<'a> Workshop<'a> {
    /// Looks for what an interrupted run has left.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub(super) async fn new(context: &'a BuildContext<'a>) -> Result<Self> {
        let mut resumable = Resumable::new();
        for (table, files) in context.warehouse.staged().await? {
            for file in files {
                resumable.insert((table.clone(), file.slot.clone(), file.fingerprint), file);
            }
        }
        let names = context.catalog.models.iter().map(|model| model.name.as_str());
        let files = names.clone().map(|name| (name.to_owned(), BTreeMap::new())).collect();
        Ok(Self {
            context,
            resumable,
            files: Mutex::new(files),
            arrivals: names.map(|name| (name, Notify::new())).collect(),
            is_stopped: AtomicBool::new(false),
        })
    }

    /// Nothing more is begun, and nobody waits any longer.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.arrivals.values().for_each(Notify::notify_waiters);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// The files of all tables.
    pub(super) fn into_files(self) -> TableFiles {
        self.files.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn files(&self) -> MutexGuard<'_, TableFiles> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of what a model reads.
    pub(super) fn inputs(&self, model: &Model) -> TableFiles {
        let files = self.files();
        let names = model.reads.iter().map(|read| &read.table);
        names.filter_map(|name| Some((name.clone(), files.get(name)?.clone()))).collect()
    }

    /// A file of a table, and whether it is only staged: whoever waits for it is told.
    pub(super) fn put(&self, table: &str, file: (DataFile, bool)) {
        self.files().entry(table.to_owned()).or_default().insert(file.0.slot.clone(), file);
        if let Some(arrivals) = self.arrivals.get(table) {
            arrivals.notify_waiters();
        }
    }

    /// A file that an interrupted run has left, when it is what is to be made.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn resumable(
        &self,
        table: &str,
        slot: &Slot,
        fingerprint: Fingerprint,
    ) -> Result<Option<DataFile>> {
        match self.resumable.get(&(table.to_owned(), slot.clone(), fingerprint)) {
            Some(file) => self.context.warehouse.verify_staged(table, file).await,
            None => Ok(None),
        }
    }

    /// Waits until all is there that a month (or the whole) of a table is made of, but for its own
    /// earlier months; false when the build was stopped before.
    pub(super) async fn inputs_arrive(&self, model: &Model, month: Option<Month>) -> bool {
        for read in model.reads.iter().filter(|read| read.table != model.name) {
            // History and feeds are there.
            let Some(arrivals) = self.arrivals.get(read.table.as_str()) else { continue };
            loop {
                // Heard from here on, so that no file is missed between the look and the wait.
                let arrived = arrivals.notified();
                if self.is_stopped() {
                    return false;
                }
                if self.has(read, month) {
                    break;
                }
                arrived.await;
            }
        }
        !self.is_stopped()
    }

    /// Whether all files are there that a window shows to a month.
    fn has(&self, read: &Read, month: Option<Month>) -> bool {
        let BuildContext { history, parameters, catalog, .. } = self.context;
        let files = self.files();
        let has = |month| files[&read.table].contains_key(&Slot::of_result(month));
        if catalog.model(&read.table).is_some_and(|model| !model.is_monthly()) {
            return has(None);
        }
        let (first, last) = month.map_or((history.first, history.last), |month| (month, month));
        let window = read.window.months(first, last, parameters);
        input_months(self.context, &read.table, window).all(|month| has(Some(month)))
    }
}
