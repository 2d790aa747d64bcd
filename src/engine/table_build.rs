//! Making the stale months of one table, in slices.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use datafusion::common::runtime::SpawnedTask;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::bind::bind;
use super::build::{BuildContext, MonthState, TableBuild};
use super::errors::is_out_of_memory;
use super::execute::{BrokenContract, run_statement};
use super::staleness::fingerprint_of;
use super::tables::{Tables, statement_parameters};
use super::workshop::Workshop;
use crate::console::Progress;
use crate::error::{Error, Result};
use crate::ingest::canonical_table;
use crate::models::{Fingerprint, Model, Read};
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, Slot};

/// Finished files that a statement may be ahead of the store.
const FILES_AHEAD: usize = 2;

/// Memory that a statement needs for a row of its input, roughly: `abc_xyz` takes 2 KiB,
/// `client_periods` 5. The engine does not count all of it, windows cannot go to disk, and what goes
/// there costs time: slices are kept so short that they fit. Results are the same in any slices.
const BYTES_FOR_A_ROW: u64 = 4_096;

/// A statement with so many times less input than there is memory for may have all threads: what it
/// does twice then is little beside what it waits.
const SMALL: u64 = 8;

/// Months of a slice; none for a table without months.
type Range = Option<(Month, Month)>;

/// Builds the stale months of a table, each slice as soon as the months that it reads are there.
/// Contracts that are broken end it.
///
/// # Errors
/// Configuration errors of the model, store errors.
pub(super) async fn build_table(
    workshop: &Workshop<'_>,
    model: &Model,
    urgency: usize,
    progress: &Progress,
) -> Result<(TableBuild, Vec<BrokenContract>)> {
    let context = workshop.context;
    let table = TableBuild { table: model.name.clone(), ..TableBuild::default() };
    let (model_of_all, table) = (Arc::new(model.clone()), Mutex::new(table));
    let work = TableWork { workshop, model: model_of_all, urgency, progress, table };
    let broken = match (model.is_monthly(), model.reads_itself()) {
        (false, _) => work.build_whole().await?,
        (true, false) => work.build_slices().await?,
        (true, true) => work.build_in_order().await?,
    };
    let mut table = work.table.into_inner().unwrap_or_else(PoisonError::into_inner);
    let all_files = workshop.files();
    let files = &all_files[&model.name];
    table.rows = files.values().map(|(file, _)| file.rows).sum();
    let is_built =
        |file: &DataFile| matches!(table.months.get(&file.slot.month), Some(MonthState::Built));
    table.rows_built =
        files.values().filter(|(file, _)| is_built(file)).map(|(file, _)| file.rows).sum();
    table.changed = files
        .values()
        .filter(|(file, _)| {
            let committed = context.warehouse.file(&model.name, &file.slot);
            committed.is_none_or(|committed| committed.content != file.content)
        })
        .map(|(file, _)| file.slot.month)
        .collect();
    Ok((table, broken))
}

struct TableWork<'a> {
    workshop: &'a Workshop<'a>,
    model: Arc<Model>,
    /// How long others wait for it.
    urgency: usize,
    progress: &'a Progress,
    table: Mutex<TableBuild>,
}

/// Looks at the months of a table in order and cuts those that are stale into slices.
struct Cutter {
    /// The month to look at next.
    month: Month,
    /// The slice that may still grow.
    slice: Option<(Month, Month)>,
    /// Rows of input of its months.
    rows: u64,
}

impl TableWork<'_> {
    async fn build_whole(&self) -> Result<Vec<BrokenContract>> {
        if !self.workshop.inputs_arrive(&self.model, None).await {
            return Ok(Vec::new());
        }
        let fingerprint = self.fingerprint(None)?;
        if self.take_existing(None, fingerprint).await? {
            return Ok(Vec::new());
        }
        self.run(None, true).await
    }

    /// Slices of a table that does not read itself know nothing of each other.
    async fn build_slices(&self) -> Result<Vec<BrokenContract>> {
        let BuildContext { history, lanes, .. } = self.workshop.context;
        let mut cutter = Cutter { month: history.first, slice: None, rows: 0 };
        let mut cut_slices = 0;
        let mut halves: VecDeque<(Month, Month)> = VecDeque::new();
        let mut running = FuturesUnordered::new();
        let mut first_broken: Option<(Month, Vec<BrokenContract>)> = None;
        let mut failure: Option<(Month, Error)> = None;
        loop {
            // As many as can run: the rest is not in the way of other tables' slices.
            let may_begin = |running: usize| {
                running < lanes.count() && first_broken.is_none() && failure.is_none()
            };
            while may_begin(running.len())
                && let Some(slice) = halves.pop_front()
            {
                running.push(self.run_slice(slice, false));
            }
            let may_come = !self.workshop.is_stopped() && cutter.month <= history.last;
            let ((first, last), result) = tokio::select! {
                biased;
                Some(done) = running.next() => done,
                slice = self.cut(&mut cutter), if may_begin(running.len()) && may_come => {
                    if let Some(slice) = slice? {
                        cut_slices += 1;
                        let is_only = cut_slices == 1 && cutter.month > history.last;
                        running.push(self.run_slice(slice, is_only));
                    }
                    continue;
                }
                else => break,
            };
            match result {
                // Fewer months need less memory; results are the same in any slices.
                Err(error) if is_out_of_memory(&error) && last > first => {
                    let months = (last.months_since(first) + 1) / 2;
                    tracing::info!(table = self.model.name, months, "smaller slices");
                    halves.push_front((first.plus(months), last));
                    halves.push_front((first, first.plus(months - 1)));
                }
                Err(error) => {
                    if failure.as_ref().is_none_or(|(month, _)| first < *month) {
                        failure = Some((first, error));
                    }
                }
                Ok(broken) if broken.is_empty() => {}
                Ok(broken) => {
                    if first_broken.as_ref().is_none_or(|(month, _)| first < *month) {
                        first_broken = Some((first, broken));
                    }
                }
            }
        }
        match failure {
            Some((_, error)) => Err(error),
            None => Ok(first_broken.map(|(_, broken)| broken).unwrap_or_default()),
        }
    }

    async fn run_slice(
        &self,
        slice: (Month, Month),
        is_only: bool,
    ) -> ((Month, Month), Result<Vec<BrokenContract>>) {
        (slice, self.run(Some(slice), is_only).await)
    }

    /// The next slice of stale months, as soon as all that it reads is there; takes what exists on
    /// the way. None after the last month, or when the build was stopped. Whoever breaks off the
    /// wait may call again.
    async fn cut(&self, cutter: &mut Cutter) -> Result<Option<(Month, Month)>> {
        let context = self.workshop.context;
        let (longest, most_rows) = (context.limits.slice_months as i64, self.rows_at_a_time());
        while cutter.month <= context.history.last {
            let month = cutter.month;
            if cutter.slice.is_some_and(|(first, _)| month.months_since(first) >= longest) {
                return Ok(cutter.slice.take());
            }
            if !self.workshop.inputs_arrive(&self.model, Some(month)).await {
                return Ok(None);
            }
            let fingerprint = self.fingerprint(Some(month))?;
            if self.take_existing(Some(month), fingerprint).await? {
                cutter.month = month.plus(1);
                if let Some(slice) = cutter.slice.take() {
                    return Ok(Some(slice));
                }
                continue;
            }
            let rows = self.input_rows(month);
            match &mut cutter.slice {
                Some((_, last)) if cutter.rows + rows <= most_rows => {
                    *last = month;
                    cutter.rows += rows;
                }
                // The month begins the next one.
                Some(_) => return Ok(cutter.slice.take()),
                slice => {
                    *slice = Some((month, month));
                    cutter.rows = rows;
                }
            }
            cutter.month = month.plus(1);
        }
        Ok(cutter.slice.take())
    }

    /// Rows of input for which a statement has the memory.
    fn rows_at_a_time(&self) -> u64 {
        let context = self.workshop.context;
        context.limits.memory_bytes as u64 / context.lanes.count() as u64 / BYTES_FOR_A_ROW
    }

    /// Rows that other tables have in the months of a slice.
    fn rows_of(&self, first: Month, last: Month) -> u64 {
        first.through(last).map(|month| self.input_rows(month)).sum()
    }

    /// Rows that other tables have in a month.
    fn input_rows(&self, month: Month) -> u64 {
        let (history, files) = (self.workshop.context.history, self.workshop.files());
        let slot = Slot::of_result(Some(month));
        let rows_of = |table: &str| -> u64 {
            if canonical_table(table).is_some() {
                let of_month = history.files(table, month, month).map(|(file, _)| file);
                return of_month
                    .filter(|file| file.slot.month == Some(month))
                    .map(|file| file.rows)
                    .sum();
            }
            files.get(table).and_then(|slots| slots.get(&slot)).map_or(0, |(file, _)| file.rows)
        };
        // What comes in order is not held in memory, and its own rows are not input.
        let held = |read: &&Read| read.table != self.model.name && !read.is_ordered;
        let others = self.model.reads.iter().filter(held);
        others.map(|read| rows_of(&read.table)).sum()
    }

    /// A table that reads itself: a slice needs the month before it.
    async fn build_in_order(&self) -> Result<Vec<BrokenContract>> {
        let context = self.workshop.context;
        let (mut month, last) = (context.history.first, context.history.last);
        // It may settle again after a correction, so slices start small: one month, two, four …
        let is_committed = |month: Month| {
            let slot = Slot::of_result(Some(month));
            context.warehouse.file(&self.model.name, &slot).is_some()
        };
        let mut length = if is_committed(month) { 1 } else { i64::MAX };
        let mut longest = context.limits.slice_months as i64;
        while month <= last {
            if !self.workshop.inputs_arrive(&self.model, Some(month)).await {
                break;
            }
            let fingerprint = self.fingerprint(Some(month))?;
            if self.take_existing(Some(month), fingerprint).await? {
                month = month.plus(1);
                length = 1;
                continue;
            }
            // Later months are assumed to be stale too: what this one will be is not known yet.
            let mut end = month.plus(length.min(longest) - 1).min(last);
            // Months that never were are stale for certain.
            while end < last && end.months_since(month) + 1 < longest && !is_committed(end.plus(1))
            {
                end = end.plus(1);
            }
            let (most_rows, mut rows) = (self.rows_at_a_time(), self.input_rows(month));
            for later in month.plus(1).through(end) {
                if !self.workshop.inputs_arrive(&self.model, Some(later)).await {
                    return Ok(Vec::new());
                }
                rows += self.input_rows(later);
                if rows > most_rows {
                    end = later.plus(-1);
                    break;
                }
            }
            let broken = match self.run(Some((month, end)), true).await {
                Err(error) if is_out_of_memory(&error) && end > month => {
                    longest = (end.months_since(month) + 1) / 2;
                    tracing::info!(table = self.model.name, months = longest, "smaller slices");
                    continue;
                }
                done => done?,
            };
            if !broken.is_empty() {
                return Ok(broken);
            }
            length = length.saturating_mul(2);
            month = end.plus(1);
        }
        Ok(Vec::new())
    }

    /// Keeps a committed month, or takes over a staged one, when its fingerprint is right.
    async fn take_existing(&self, month: Option<Month>, fingerprint: Fingerprint) -> Result<bool> {
        let (slot, name) = (Slot::of_result(month), &self.model.name);
        let warehouse = self.workshop.context.warehouse;
        let committed = warehouse.file(name, &slot);
        if let Some(file) = committed.filter(|file| file.fingerprint == fingerprint) {
            self.put((file.clone(), false), MonthState::Kept);
            return Ok(true);
        }
        if let Some(file) = self.workshop.resumable(name, &slot, fingerprint).await? {
            self.put((file, true), MonthState::Resumed);
            return Ok(true);
        }
        Ok(false)
    }

    fn put(&self, file: (DataFile, bool), state: MonthState) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.months.insert(file.0.slot.month, state);
        self.workshop.put(&self.model.name, file);
    }

    /// How many statements wait for the slice, one after another: an early one is in front of more.
    fn urgency_of(&self, range: Range) -> usize {
        let BuildContext { history, limits, .. } = self.workshop.context;
        let before = range.map_or(0, |(first, _)| first.months_since(history.first));
        self.urgency.saturating_sub(before as usize / limits.slice_months.max(1))
    }

    /// Runs a slice when there is a lane for it; a single month that found too little memory
    /// beside others, once more alone. A small one that runs beside no other of its table is planned
    /// for all threads first, see `lanes`.
    async fn run(&self, range: Range, is_only: bool) -> Result<Vec<BrokenContract>> {
        let lanes = &self.workshop.context.lanes;
        // Several threads would give up the order.
        let in_order = self.model.reads.iter().any(|read| read.is_ordered);
        let urgency = self.urgency_of(range);
        let is_small = |(first, last)| self.rows_of(first, last) <= self.rows_at_a_time() / SMALL;
        if is_only && lanes.count() > 1 && !in_order && range.is_some_and(is_small) {
            let statement = async || self.run_now(range, lanes.count()).await;
            match lanes.run(urgency, statement).await {
                Err(error) if is_out_of_memory(&error) => {
                    tracing::info!(table = self.model.name, "once more on one thread");
                }
                result => return result,
            }
        }
        let statement = async || self.run_now(range, 1).await;
        if range.is_none_or(|(first, last)| first == last) {
            lanes.run_or_alone(urgency, statement).await
        } else {
            lanes.run(urgency, statement).await
        }
    }

    async fn run_now(&self, range: Range, threads: usize) -> Result<Vec<BrokenContract>> {
        if self.workshop.is_stopped() {
            return Ok(Vec::new());
        }
        let started = Instant::now();
        let context = self.workshop.context;
        self.progress.begin(&self.model.name);
        tracing::info!(table = self.model.name, ?range, "computing");
        let (session, meter) = context.session.metered_context(threads)?;
        let inputs = self.workshop.inputs(&self.model);
        let tables = Tables { build: context, files: &inputs };
        tables.register(&session, &self.model.reads, range).await?;
        let months = self.model.is_monthly().then_some(range).flatten();
        let values = statement_parameters(&self.model.parameters, months, context)?;
        let (sender, mut finished) = mpsc::channel(FILES_AHEAD);
        let (model, scratch) = (Arc::clone(&self.model), context.session.scratch().clone());
        let statement = SpawnedTask::spawn(async move {
            let frame = bind(&session, &model.file, values).await?;
            let mut sender: mpsc::Sender<Finished> = sender;
            run_statement(frame, &model, range, &scratch, &mut sender).await
        });
        while let Some((month, file)) = finished.recv().await {
            self.stage(month, file).await?;
        }
        let done = statement.join().await;
        let done = done.map_err(|error| Error::bug("a statement was broken off").because(error))?;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.seconds += started.elapsed().as_secs_f64();
        table.memory_bytes = table.memory_bytes.max(meter.most());
        let done = done?;
        table.spilled_bytes += done.spilled_bytes;
        Ok(done.broken)
    }

    async fn stage(&self, month: Option<Month>, encoded: EncodedFile) -> Result<()> {
        // Earlier months of the slice are in place by now, so a table that reads itself
        // has everything its fingerprint needs.
        let fingerprint = self.fingerprint(month)?;
        let (name, slot) = (&self.model.name, Slot::of_result(month));
        let warehouse = self.workshop.context.warehouse;
        let file = warehouse.stage(name, slot, fingerprint, encoded, None).await?;
        self.put((file, true), MonthState::Built);
        Ok(())
    }

    fn fingerprint(&self, month: Option<Month>) -> Result<Fingerprint> {
        fingerprint_of(self.workshop.context, &self.workshop.files(), &self.model, month)
    }
}

/// A month (or the whole table) that is ready to be staged.
type Finished = (Option<Month>, EncodedFile);
