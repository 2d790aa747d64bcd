//! The files that were read, folded month by month into the history; files that change
//! closed months may be set aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::canonical::CanonicalTable;
use super::coverage::Coverage;
use super::discover::LocalFile;
use super::fold::{Folded, Ingredients, fold};
use super::ledger::Ledger;
use super::parts::{Parts, RowsBudget};
use super::plan::{PlannedSnapshot, WorkReason};
use super::record::{DeliveryState, SnapshotRecord};
use super::restatement::{Restatement, RestatementKind, Restatements, TwoVersions};
use super::state::{Ingested, TableSlots};
use super::survival::{KeyIndex, KnownFiles, Survival};
use super::work::{IngestContext, as_of_data, source_of};
use crate::config::{ClosedPolicy, Delivery, Source};
use crate::engine::AsOf;
use crate::error::{Error, Result};
use crate::models::FingerprintBuilder;
use crate::month::Month;
use crate::store::{DataFile, EncodedFile, Scratch, Slot};

/// A file that was read.
pub struct Delivered {
    pub planned: PlannedSnapshot,
    pub record: SnapshotRecord,
    pub parts: Arc<Parts>,
    pub rejects: Option<EncodedFile>,
    pub local: LocalFile,
    pub notes: Vec<String>,
    pub reject_examples: Vec<String>,
}

impl Delivered {
    /// Whether it changes the history. A file that has become the twin of another one adds
    /// nothing, but what it delivered before goes.
    fn counts(&self) -> bool {
        self.record.is_accepted() || self.record.state == DeliveryState::Duplicate
    }

    /// Takes back what was read: the rows are there already, by another file.
    pub fn become_duplicate(&mut self) {
        self.record.become_duplicate();
        self.parts = Arc::new(self.parts.emptied());
        self.rejects = None;
    }
}

/// The history after folding.
pub struct FoldedHistory {
    pub history: BTreeMap<&'static str, TableSlots>,
    pub restatements: Restatements,
    pub notes: Vec<String>,
}

/// Folding all months that the files of a run touch.
pub struct Fold<'a> {
    pub context: &'a IngestContext<'a>,
    pub scratch: &'a Scratch,
    pub budget: &'a RowsBudget,
}

impl Fold<'_> {
    /// Folds every touched month, and once more without the files that a closed month refuses.
    ///
    /// # Errors
    /// Store errors, and whatever the query engine meets.
    pub async fn fold_all(
        &self,
        delivered: &mut [Delivered],
        state: &Ingested,
    ) -> Result<FoldedHistory> {
        loop {
            let mut folded = self.fold_once(delivered, state).await?;
            let Some(mut as_of) = as_of_data(state, delivered) else { return Ok(folded) };
            // A day that has not come closes nothing; somewhere it is tomorrow already.
            as_of.date =
                as_of.date.min(self.context.run.moment.date_naive() + chrono::Days::new(1));
            let refused =
                self.refused(delivered, &folded.restatements.found, as_of, &mut folded.notes)?;
            if refused.is_empty() {
                return Ok(folded);
            }
            for (place, months) in refused {
                let twin = former_bytes(&state.ledger, &delivered[place].record);
                let file = &mut delivered[place];
                file.record.state = DeliveryState::SetAside;
                file.notes.push(format!(
                    "{} would change {months}, which is closed: it was set aside; accept it with --accept {}",
                    file.record.file, file.record.snapshot
                ));
                let source = file.record.source.clone();
                take_back_twins(delivered, &source, twin.as_deref());
            }
        }
    }

    async fn fold_once(&self, delivered: &[Delivered], state: &Ingested) -> Result<FoldedHistory> {
        let mut after = state.ledger.clone();
        for file in delivered.iter().filter(|file| file.counts()) {
            after.put(file.record.clone());
        }
        let mut history = state.history.clone();
        let mut restatements = Restatements::new(&self.context.run.id, self.scratch)?;
        let mut notes = Vec::new();
        for files in self.context.sources {
            let source = &files.source.name;
            let of_source: Vec<&Delivered> = delivered
                .iter()
                .filter(|file| file.record.source == *source && file.counts())
                .collect();
            if of_source.is_empty() {
                continue;
            }
            let table = files.source.table;
            let slots = history.entry(table.name).or_default();
            let known = Arc::new(KnownFiles::of(&state.ledger, source));
            let mut touched = touched_months(&of_source, &state.ledger, slots, source, table);
            let index = self.key_index(files.source, &of_source, slots, &known)?.map(Arc::new);
            if let Some(index) = &index {
                self.add_months_with_keys(index, slots, files.source, &mut touched)?;
            }
            let work = touched.keys().copied().map(|month| {
                let slot = Slot::of_source(source, month);
                let base = slots.get(&slot).cloned();
                let (after, of_source) = (&after, &of_source);
                let (index, known) = (index.clone(), Arc::clone(&known));
                async move {
                    let survival = match &files.source.delivery {
                        Delivery::Increment { .. } => Survival::Increment {
                            read_again: read_again(of_source),
                            known,
                            key: index,
                        },
                        Delivery::Period(_) | Delivery::Full => {
                            let read = of_source.iter().map(|file| file.record.sequence).collect();
                            let dated = month.zip(table.day_column);
                            Survival::by_owner(source, dated, &state.ledger, after, &read)
                        }
                    };
                    let made = self.fold_month(files.source, month, base, of_source, survival);
                    Ok::<_, Error>((slot, made.await?))
                }
            });
            let threads = self.context.limits.threads;
            let made: Vec<(Slot, Made)> =
                futures::stream::iter(work).buffered(threads).try_collect().await?;
            let mut same = Vec::new();
            let mut same_files = BTreeSet::new();
            for (slot, made) in made {
                let base = slots.get(&slot).cloned();
                let after = match made {
                    Made::Same => {
                        if base.is_some() {
                            same.extend(slot.month);
                            same_files.extend(touched.get(&slot.month).into_iter().flatten());
                        }
                        continue;
                    }
                    Made::Nothing => {
                        slots.remove(&slot);
                        None
                    }
                    Made::File(file) => {
                        slots.insert(slot.clone(), (file.clone(), true));
                        Some((file, true))
                    }
                };
                let (Some(before), Some(month)) = (base, slot.month) else { continue };
                if table.name != super::SALES {
                    continue;
                }
                let behind = names_of(&of_source, touched.get(&Some(month)));
                let versions = self.versions(source, month, before, after, behind);
                restatements.compare(&versions, self.context.session).await?;
            }
            if !same_files.is_empty() {
                let files = names_of(&of_source, Some(&same_files));
                let files = listed(files.iter().map(String::as_str));
                let months = match table.day_column {
                    Some(_) => crate::month::describe_ranges(same),
                    None => "all rows".to_owned(),
                };
                notes.push(format!(
                    "source `{source}`: {months} delivered again without a difference ({files})"
                ));
            }
        }
        // That a month goes on is no news.
        let restated = |found: &&Restatement| found.kind == RestatementKind::Restated;
        notes.extend(restatements.found.iter().filter(restated).map(describe));
        Ok(FoldedHistory { history, restatements, notes })
    }

    async fn fold_month(
        &self,
        source: &Source,
        month: Option<Month>,
        base: Option<(DataFile, bool)>,
        delivered: &[&Delivered],
        survival: Survival,
    ) -> Result<Made> {
        let table = source.table;
        let mut read: Vec<(u64, Arc<Parts>)> = delivered
            .iter()
            .filter(|file| file.parts.month(month).is_some())
            .map(|file| (file.record.sequence, Arc::clone(&file.parts)))
            .collect();
        read.sort_by_key(|(sequence, _)| *sequence);
        let mut identity = FingerprintBuilder::default();
        if let Some((file, _)) = &base {
            identity.part("base", file.content);
        }
        for file in delivered.iter().filter(|file| file.parts.month(month).is_some()) {
            identity.part("file", file.record.snapshot);
        }
        let base = base.map(|(file, staged)| self.local_path(table.name, &file, staged));
        let ingredients = Ingredients { table, month, base: base.transpose()?, read, survival };
        // A task of its own: sorting and encoding keep a core busy.
        let (budget, scratch) = (self.budget.clone(), self.scratch.clone());
        let folding = tokio::spawn(async move { fold(ingredients, &budget, &scratch).await });
        let folded =
            folding.await.map_err(|error| Error::bug("a fold broke off").because(error))??;
        match folded {
            Folded::Unchanged => Ok(Made::Same),
            Folded::Empty => Ok(Made::Nothing),
            Folded::File(encoded, last_day) => {
                let slot = Slot::of_source(&source.name, month);
                let staged = self.context.warehouse.stage(
                    table.name,
                    slot,
                    identity.finish(),
                    encoded,
                    last_day,
                );
                Ok(Made::File(staged.await?))
            }
        }
    }

    /// The keys of all new rows, whatever their month: a document may have moved to another
    /// one.
    fn key_index(
        &self,
        source: &Source,
        delivered: &[&Delivered],
        slots: &TableSlots,
        known: &KnownFiles,
    ) -> Result<Option<KeyIndex>> {
        let Delivery::Increment { key } = &source.delivery else { return Ok(None) };
        if key.is_empty() {
            return Ok(None);
        }
        let mut index = KeyIndex::new(key.clone());
        for file in delivered {
            for rows in file.parts.months().flat_map(|(_, part)| part.runs()).flatten() {
                index.add(&rows?, file.record.sequence)?;
            }
        }
        if delivered.iter().any(|file| file.planned.reason.keeps_place()) {
            let read_again = read_again(delivered);
            for path in self.held_files(source, slots)?.into_values() {
                index.add_later(&path, known, &read_again)?;
            }
        }
        Ok(Some(index))
    }

    /// Months of the history that hold a row of a key that was delivered again.
    fn add_months_with_keys(
        &self,
        index: &KeyIndex,
        slots: &TableSlots,
        source: &Source,
        touched: &mut Touched,
    ) -> Result<()> {
        for (month, path) in self.held_files(source, slots)? {
            let found = index.found_in(&path)?;
            if !found.is_empty() {
                touched.entry(month).or_default().extend(found);
            }
        }
        Ok(())
    }

    /// Files of the history with rows of a source, by month.
    fn held_files(
        &self,
        source: &Source,
        slots: &TableSlots,
    ) -> Result<BTreeMap<Option<Month>, PathBuf>> {
        let of_source =
            slots.iter().filter(|(slot, _)| slot.source.as_deref() == Some(source.name.as_str()));
        let placed = of_source.map(|(slot, (file, staged))| {
            Ok((slot.month, self.local_path(source.table.name, file, *staged)?))
        });
        placed.collect()
    }

    fn local_path(&self, table: &str, file: &DataFile, is_staged: bool) -> Result<PathBuf> {
        let warehouse = self.context.warehouse;
        let folder = warehouse.location().local_path();
        let folder = folder.ok_or_else(|| Error::bug("the warehouse is not local"))?;
        Ok(folder.join(warehouse.relative_path(table, file, is_staged)))
    }

    fn versions(
        &self,
        source: &str,
        month: Month,
        before: (DataFile, bool),
        after: Option<(DataFile, bool)>,
        files: Vec<String>,
    ) -> TwoVersions {
        let placed = |(file, staged): (DataFile, bool)| {
            (self.context.warehouse.relative_path(super::SALES, &file, staged), file)
        };
        TwoVersions {
            source: source.to_owned(),
            month,
            before: placed(before),
            after: after.map(placed),
            files,
        }
    }

    /// Places of the files that change closed months and must not, with those months.
    fn refused(
        &self,
        delivered: &[Delivered],
        restated: &[Restatement],
        as_of: AsOf,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(usize, String)>> {
        let mut refused = Vec::new();
        for (place, file) in delivered.iter().enumerate() {
            let record = &file.record;
            let closed = source_of(self.context.sources, &record.source)?.source.closed;
            let Some(days) = closed.after_days else { continue };
            let reason = file.planned.reason;
            let is_free = reason == WorkReason::AcceptedByName || reason.keeps_place();
            if !record.is_accepted() || closed.policy == ClosedPolicy::Accept || is_free {
                continue;
            }
            let is_closed = |month: Month| {
                as_of.date.signed_duration_since(month.last_day()).num_days() >= days
            };
            let months: Vec<Month> = restated
                .iter()
                .filter(|found| found.source == record.source && is_closed(found.month))
                .filter(|found| found.files.contains(&record.file))
                .map(|found| found.month)
                .collect();
            if months.is_empty() {
                continue;
            }
            let shown = crate::month::describe_ranges(months);
            match closed.policy {
                ClosedPolicy::Refuse => refused.push((place, shown)),
                _ => notes.push(format!("{} changed {shown}, which is closed", record.file)),
            }
        }
        Ok(refused)
    }
}

/// Hash of the bytes that a file had when it was accepted last.
fn former_bytes(before: &Ledger, record: &SnapshotRecord) -> Option<String> {
    let former = before.accepted(&record.source).find(|former| former.file == record.file);
    former.map(|former| former.bytes_hash.clone())
}

/// Copies that were read because a file was to have other bytes: it keeps its former ones, and
/// with them the rows of its copies.
fn take_back_twins(delivered: &mut [Delivered], source: &str, bytes: Option<&str>) {
    for file in delivered {
        let is_twin = file.planned.reason == WorkReason::TwinChanged
            && file.record.is_accepted()
            && file.record.source == source
            && Some(file.record.bytes_hash.as_str()) == bytes;
        if is_twin {
            file.become_duplicate();
        }
    }
}

/// What became of a month.
enum Made {
    Same,
    Nothing,
    File(DataFile),
}

/// Files whose former rows go.
fn read_again(delivered: &[&Delivered]) -> BTreeSet<String> {
    let again = delivered.iter().filter(|file| file.planned.reason != WorkReason::New);
    again.map(|file| file.record.file.clone()).collect()
}

/// Months that files have something to do with, and the places of those files.
type Touched = BTreeMap<Option<Month>, BTreeSet<u64>>;

fn touched_months(
    delivered: &[&Delivered],
    before: &Ledger,
    slots: &TableSlots,
    source: &str,
    table: &CanonicalTable,
) -> Touched {
    if table.day_column.is_none() {
        let all = delivered.iter().map(|file| file.record.sequence).collect();
        return BTreeMap::from([(None, all)]);
    }
    let is_held = |month: &Month| slots.contains_key(&Slot::of_source(source, Some(*month)));
    let mut touched = Touched::new();
    for file in delivered {
        let mut months: BTreeSet<Option<Month>> =
            file.parts.months().map(|(month, _)| month).collect();
        months.extend(file.record.months.iter().filter(|month| is_held(month)).copied().map(Some));
        if file.record.coverage == Coverage::Everything {
            let of_source = slots.keys().filter(|slot| slot.source.as_deref() == Some(source));
            months.extend(of_source.map(|slot| slot.month));
        }
        // A file that is delivered again may have lost a month.
        if let Some(old) = before.find(source, &file.record.file) {
            months.extend(old.months.iter().filter(|month| is_held(month)).copied().map(Some));
        }
        for month in months {
            touched.entry(month).or_default().insert(file.record.sequence);
        }
    }
    touched
}

/// Names of the files with these places.
fn names_of(files: &[&Delivered], places: Option<&BTreeSet<u64>>) -> Vec<String> {
    let is_one =
        |file: &&&Delivered| places.is_some_and(|places| places.contains(&file.record.sequence));
    files.iter().filter(is_one).map(|file| file.record.file.clone()).collect()
}

fn describe(found: &Restatement) -> String {
    format!(
        "{} of source `{}` restated by {}: {} documents added, {} removed, {} changed; revenue {} to {}",
        found.month,
        found.source,
        listed(found.files.iter().map(String::as_str)),
        found.documents_added,
        found.documents_removed,
        found.documents_changed,
        found.revenue_before,
        found.revenue_after
    )
}

/// A few names, and how many more.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> = names.collect();
    match names.len() {
        0..=SHOWN => names.join(", "),
        many => format!("{} and {} more", names[..SHOWN].join(", "), many - SHOWN),
    }
}
