//! One delivered file, read to its end: typed, staged, checked, its rows by month.
//!
//! One thread unpacks, decodes and splits the file into rows; others type and stage them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;

use super::canonical::row_schema;
use super::coverage::DayRange;
use super::lines::{Fate, LineMaker, Provenance};
use super::observed::{ColumnObserver, ObservedColumn};
use super::parts::{Parts, RowsBudget};
use super::rejects::{Reject, RejectedRows};
use super::staging::StagingPlan;
use super::typed_rows::RowTyper;
use crate::config::{Delivery, Source};
use crate::error::{Error, Result};
use crate::models::Staging;
use crate::reading::{ReadLimits, RowBlock, Table, members};
use crate::store::{EncodedFile, Scratch};

/// Rows that are worked on at once.
const BLOCK_ROWS: usize = 16_384;
/// Blocks that wait for a worker.
const WAITING_BLOCKS: usize = 4;

/// What one file turned into.
pub struct ReadFile {
    /// Accepted rows by month.
    pub parts: Parts,
    /// Rejected rows, if there are any.
    pub rejects: Option<EncodedFile>,
    /// What happened to the file's rows.
    pub counts: Counts,
    /// The first rejects, for messages.
    pub reject_examples: Vec<String>,
    /// The file's columns.
    pub columns: Vec<ObservedColumn>,
}

/// Rows of a file by their fate: `lines = accepted + excluded + rejected`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Rows left out, by rule.
    pub excluded: BTreeMap<String, u64>,
    /// Rejected rows, by column and reason.
    pub reject_reasons: BTreeMap<String, u64>,
}

/// Name under which rows above the header are counted as left out.
pub const ABOVE_HEADER: &str = "above_header";

/// What reading one file needs.
pub struct ReadJob<'a> {
    /// The file on a local disk.
    pub path: &'a Path,
    /// Its name in messages and in the history.
    pub shown: &'a str,
    pub source: &'a Source,
    pub staging: &'a Staging,
    pub plan: &'a StagingPlan,
    /// The only days that rows may lie in.
    pub period: Option<DayRange>,
    pub scratch: &'a Scratch,
    pub budget: &'a RowsBudget,
    /// Threads that type rows.
    pub workers: usize,
}

/// Consecutive rows on their way to a worker.
struct Block {
    /// Place in the file.
    number: usize,
    rows: RowBlock,
    typer: Arc<RowTyper>,
    /// The file, with the sheet or archived file the rows lie in.
    file: Arc<str>,
}

/// What became of a block.
struct Worked {
    number: usize,
    rows: RecordBatch,
    total: u64,
    excluded: BTreeMap<String, u64>,
    rejects: Vec<Reject>,
}

/// Reads one file to its end. Blocks; runs on a thread of its own.
///
/// # Errors
/// Data errors when the file cannot be read; they name file and line.
pub fn read_file(job: &ReadJob<'_>) -> Result<ReadFile> {
    let maker = LineMaker {
        table: job.source.table,
        schema: row_schema(job.source.table),
        source: job.source.name.clone(),
        key: match &job.source.delivery {
            Delivery::Increment { key } => key.clone(),
            Delivery::Period(_) | Delivery::Full => Vec::new(),
        },
        period: job.period,
    };
    let mut collected = Collected {
        parts: Parts::new(job.source.table, job.scratch, job.budget),
        counts: Counts::default(),
        rejects: RejectedRows::new(&job.source.name, job.scratch)?,
        early: BTreeMap::new(),
        next: 0,
    };
    let (columns, above) = std::thread::scope(|scope| {
        let (to_work, blocks) = sync_channel::<Block>(WAITING_BLOCKS);
        let (done, worked) = sync_channel::<Result<Worked>>(WAITING_BLOCKS);
        let blocks = Arc::new(Mutex::new(blocks));
        let reader = scope.spawn(move || split_rows(job, &to_work));
        for _ in 0..job.workers {
            let (blocks, done, maker) = (Arc::clone(&blocks), done.clone(), &maker);
            scope.spawn(move || work(job, maker, &blocks, &done));
        }
        drop((blocks, done));
        let collecting = collected.take_all(&worked);
        // Workers and reader must not wait for a collector that has given up.
        drop(worked);
        let reading = reader.join().map_err(|_| Error::bug("reading a file broke off"))?;
        collecting?;
        reading
    })?;
    let Collected { mut parts, mut counts, rejects, .. } = collected;
    parts.finish()?;
    if above > 0 {
        counts.lines += above;
        *counts.excluded.entry(ABOVE_HEADER.to_owned()).or_default() += above;
    }
    let (encoded, reject_examples) = rejects.finish()?;
    let rejects = (counts.rejected > 0).then_some(encoded);
    Ok(ReadFile { parts, rejects, counts, reject_examples, columns })
}

/// Sends the rows of all tables of the file; gives back its columns and the number of rows
/// above the headers.
fn split_rows(
    job: &ReadJob<'_>,
    to_work: &SyncSender<Block>,
) -> Result<(Vec<ObservedColumn>, u64)> {
    let limits = ReadLimits {
        temporary_folder: Some(job.scratch.path().to_owned()),
        ..ReadLimits::default()
    };
    let layout = &job.source.layout;
    let required = job.staging.raw.iter().filter(|raw| !raw.optional);
    let wanted: Vec<&str> = required.map(|raw| raw.name.as_str()).collect();
    let mut observer = ColumnObserver::new(job.source);
    let mut number = 0;
    let mut above = 0;
    for member in members(job.path, job.shown, layout, &limits)? {
        let file: Arc<str> = match member.label() {
            Some(label) => format!("{}#{label}", job.shown).into(),
            None => job.shown.into(),
        };
        let mut table = Table::open(job.path, job.shown, &member, layout, &limits, &wanted)?;
        let typer = Arc::new(RowTyper::new(&file, table.header(), job.source, job.staging)?);
        let places = observer.header(table.header());
        above += table.rows_above();
        loop {
            let mut rows = RowBlock::new();
            if !table.next_block(&mut rows, BLOCK_ROWS)? {
                break;
            }
            observer.look(&rows, &places);
            let block = Block { number, rows, typer: Arc::clone(&typer), file: Arc::clone(&file) };
            number += 1;
            if to_work.send(block).is_err() {
                // Whoever stopped taking rows says why.
                return Ok((Vec::new(), 0));
            }
        }
    }
    Ok((observer.finish(), above))
}

fn work(
    job: &ReadJob<'_>,
    maker: &LineMaker,
    blocks: &Mutex<Receiver<Block>>,
    done: &SyncSender<Result<Worked>>,
) {
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = next else { return };
        if done.send(work_on(job, maker, block)).is_err() {
            return;
        }
    }
}

fn work_on(job: &ReadJob<'_>, maker: &LineMaker, block: Block) -> Result<Worked> {
    let Block { number, rows, typer, file } = block;
    let mut dates = typer.dates();
    let typed = typer.read(&rows, &mut dates)?;
    let staged = job.plan.evaluate(typed.batch)?;
    let lines: Vec<u64> = (0..rows.len()).map(|row| rows.line(row)).collect();
    let from = Provenance { file: &file, lines: &lines, extra: typed.extra };
    let (accepted, fates) = maker.make(&staged, from, typed.problems)?;
    let mut worked = Worked {
        number,
        rows: accepted,
        total: rows.len() as u64,
        excluded: BTreeMap::new(),
        rejects: Vec::new(),
    };
    for (row, fate) in fates.into_iter().enumerate() {
        match fate {
            Fate::Accepted => {}
            Fate::Excluded(rule) => *worked.excluded.entry(rule).or_default() += 1,
            Fate::Rejected(problem) => worked.rejects.push(Reject {
                file: file.to_string(),
                line: lines[row],
                problem,
                text: rows.text(row),
            }),
        }
    }
    Ok(worked)
}

struct Collected {
    parts: Parts,
    counts: Counts,
    rejects: RejectedRows,
    /// Blocks that were finished before an earlier one.
    early: BTreeMap<usize, Worked>,
    next: usize,
}

impl Collected {
    fn take_all(&mut self, worked: &Receiver<Result<Worked>>) -> Result<()> {
        while let Ok(block) = worked.recv() {
            let block = block?;
            self.early.insert(block.number, block);
            // In the order of the file, so that rejects stand in it too.
            while let Some(block) = self.early.remove(&self.next) {
                self.next += 1;
                self.take(block)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, block: Worked) -> Result<()> {
        let counts = &mut self.counts;
        counts.lines += block.total;
        counts.accepted += block.rows.num_rows() as u64;
        for (rule, count) in block.excluded {
            *counts.excluded.entry(rule).or_default() += count;
        }
        for reject in block.rejects {
            counts.rejected += 1;
            let problem = &reject.problem;
            let reason = match problem.column.as_str() {
                "" => "wrong number of cells".to_owned(),
                column => format!("{column} {}", problem.reason),
            };
            *counts.reject_reasons.entry(reason).or_default() += 1;
            self.rejects.push(reject)?;
        }
        self.parts.push(block.rows)
    }
}
