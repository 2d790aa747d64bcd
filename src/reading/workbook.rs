//! Sheets of workbooks → rows. A sheet is read on a thread of its own: the reader of its cells
//! borrows the workbook, and taking XML apart runs beside what is done with the rows.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use calamine::{Data, DataRef, Dimensions, Ods, Range, Reader, Sheet, Xls, Xlsb, Xlsx};

use super::block::RowBlock;
use super::bytes::{LocalFile, Stored};
use super::layout::ReadLimits;
use super::rows::{BLOCK_BYTES, Merged, Rows, guarded};
use super::spreadsheet::{Handed, SheetWriter, borrowed};
use super::workbook_check::{Kind, kind_of};
use crate::error::{Error, Result};

/// Blocks that wait between the thread of a sheet and its table.
const WAITING_BLOCKS: usize = 2;

/// What LibreOffice writes where a formula fails.
const ODS_ERRORS: [&str; 7] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"];

type Book = BufReader<File>;

/// A workbook whose sheets can be listed and read.
pub(super) enum Workbook {
    Xlsx(Box<Xlsx<Book>>),
    Xlsb(Box<Xlsb<Book>>),
    Xls(Box<Xls<Book>>),
    Ods(Box<Ods<Book>>),
}

impl Workbook {
    /// Opens a workbook. `.xls` and `.ods` are read into memory by it.
    ///
    /// # Errors
    /// When it is damaged or encrypted.
    pub fn open(path: &Path, kind: Kind, shown: &str) -> Result<Self> {
        let file = File::open(path)
            .map_err(|error| Error::store(format!("{shown}: cannot be opened")).because(error))?;
        let book = BufReader::new(file);
        guarded(shown, || {
            Ok(match kind {
                Kind::Xlsx => Self::Xlsx(Box::new(opened(Xlsx::new(book), shown)?)),
                Kind::Xlsb => Self::Xlsb(Box::new(opened(Xlsb::new(book), shown)?)),
                Kind::Xls => Self::Xls(Box::new(opened(Xls::new(book), shown)?)),
                Kind::Ods => Self::Ods(Box::new(opened(Ods::new(book), shown)?)),
            })
        })
    }

    /// Its sheets, in their order.
    pub fn sheets(&self) -> &[Sheet] {
        match self {
            Self::Xlsx(book) => book.sheets_metadata(),
            Self::Xlsb(book) => book.sheets_metadata(),
            Self::Xls(book) => book.sheets_metadata(),
            Self::Ods(book) => book.sheets_metadata(),
        }
    }

    /// Whether a sheet has a cell with a value.
    ///
    /// # Errors
    /// When the sheet is damaged.
    pub fn has_cells(&mut self, sheet: &str, shown: &str) -> Result<bool> {
        guarded(shown, || {
            Ok(match self {
                Self::Xlsx(book) => {
                    let mut cells = opened(book.worksheet_cells_reader(sheet), shown)?;
                    while let Some(cell) = opened(cells.next_cell(), shown)? {
                        if *cell.get_value() != DataRef::Empty {
                            return Ok(true);
                        }
                    }
                    false
                }
                Self::Xlsb(book) => {
                    let mut cells = opened(book.worksheet_cells_reader(sheet), shown)?;
                    opened(cells.next_cell(), shown)?.is_some()
                }
                Self::Xls(book) => !opened(book.worksheet_range(sheet), shown)?.is_empty(),
                Self::Ods(book) => !opened(book.worksheet_range(sheet), shown)?.is_empty(),
            })
        })
    }

    fn read(&mut self, sheet: &str, mut writer: SheetWriter) -> Result<()> {
        let shown = writer.shown.clone();
        match self {
            Self::Xlsx(book) => {
                writer.is_1904 = book.has_1904_epoch();
                let mut cells = opened(book.worksheet_cells_reader(sheet), &shown)?;
                while let Some(cell) = opened(cells.next_cell_with_formula_metadata(), &shown)? {
                    if !writer.cell(cell.pos, &cell.value, cell.formula.is_some())? {
                        return Ok(());
                    }
                }
            }
            Self::Xlsb(book) => {
                writer.is_1904 = book.has_1904_epoch();
                let mut cells = opened(book.worksheet_cells_reader(sheet), &shown)?;
                while let Some(cell) = opened(cells.next_cell(), &shown)? {
                    if !writer.cell(cell.get_position(), cell.get_value(), false)? {
                        return Ok(());
                    }
                }
            }
            Self::Xls(book) => {
                writer.is_1904 = book.has_1904_epoch();
                let range = opened(book.worksheet_range(sheet), &shown)?;
                if !write_range(&mut writer, &range, &Range::empty())? {
                    return Ok(());
                }
            }
            Self::Ods(book) => {
                let range = opened(book.worksheet_range(sheet), &shown)?;
                let formulas = opened(book.worksheet_formula(sheet), &shown)?;
                if !write_range(&mut writer, &range, &formulas)? {
                    return Ok(());
                }
            }
        }
        writer.finish()
    }

    fn merged(&mut self, sheet: &str, shown: &str) -> Result<Vec<Dimensions>> {
        guarded(shown, || match self {
            Self::Xlsx(book) => opened(book.merge_cells_by_sheet_name(sheet), shown),
            Self::Xls(book) => opened(book.merge_cells_by_sheet_name(sheet), shown),
            Self::Xlsb(_) | Self::Ods(_) => Ok(Vec::new()),
        })
    }
}

/// Writes a sheet that stands in memory; false when nobody wants more rows.
fn write_range(
    writer: &mut SheetWriter,
    range: &Range<Data>,
    formulas: &Range<String>,
) -> Result<bool> {
    let start = range.start().unwrap_or_default();
    let formula_start = formulas.start().unwrap_or_default();
    let at = |start: (u32, u32), row: usize, column: usize| {
        (start.0.saturating_add(row as u32), start.1.saturating_add(column as u32))
    };
    let mut uncomputed = formulas
        .used_cells()
        .map(|(row, column, _)| at(formula_start, row, column))
        .filter(|place| range.get_value(*place).is_none_or(|value| *value == Data::Empty))
        .peekable();
    for (row, column, value) in range.used_cells() {
        let place = at(start, row, column);
        while let Some(formula) = uncomputed.next_if(|formula| *formula < place) {
            if !writer.cell(formula, &DataRef::Empty, true)? {
                return Ok(false);
            }
        }
        let value = match value {
            Data::String(text) => ods_error(text).unwrap_or(DataRef::SharedString(text)),
            other => borrowed(other),
        };
        if !writer.cell(place, &value, false)? {
            return Ok(false);
        }
    }
    for formula in uncomputed {
        if !writer.cell(formula, &DataRef::Empty, true)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn ods_error(text: &str) -> Option<DataRef<'static>> {
    let is_error = ODS_ERRORS.contains(&text) || text.starts_with("Err:5");
    if is_error { text.parse().ok().map(DataRef::Error) } else { None }
}

fn opened<T, E>(result: Result<T, E>, shown: &str) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    result.map_err(|error| {
        if crate::error::is_of_store(&error) {
            return Error::store(format!("{shown}: reading broke off")).because(error);
        }
        if error.to_string().contains("assword") {
            return Error::data(format!("{shown}: the workbook is encrypted"))
                .hint("save it without a password");
        }
        Error::data(format!("{shown}: the workbook cannot be read"))
            .because(error)
            .hint("open it in a spreadsheet program and save it again")
    })
}

/// The rows of one sheet.
pub(super) struct WorkbookRows {
    /// None only while it is dropped.
    receiver: Option<Receiver<Handed>>,
    thread: Option<JoinHandle<()>>,
    sheet: String,
    shown: String,
    kind: Kind,
    file: Arc<LocalFile>,
    block: RowBlock,
    next: usize,
    at_end: bool,
    blank_rows: u64,
}

impl WorkbookRows {
    /// Starts to read a sheet.
    ///
    /// # Errors
    /// When the workbook is none, or no thread can be started.
    pub fn open(stored: &Stored, sheet: &str, limits: &ReadLimits) -> Result<Self> {
        let file = Arc::new(stored.local()?);
        let kind = kind_of(stored, &file, limits)?;
        let shown = format!("{}/{sheet}", stored.shown);
        let (sender, receiver) = sync_channel(WAITING_BLOCKS);
        let writer = SheetWriter::new(sender.clone(), shown.clone(), limits.clone());
        let work = {
            let (file, sheet, shown) = (Arc::clone(&file), sheet.to_owned(), shown.clone());
            move || {
                let result = guarded(&shown, || {
                    Workbook::open(&file.path, kind, &shown)?.read(&sheet, writer)
                });
                if let Err(error) = result {
                    // Nobody is left to hear it when the table was dropped.
                    let _ = sender.send(Handed::Failed(error));
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("sheet".to_owned())
            .spawn(work)
            .map_err(|error| Error::store("a thread cannot be started").because(error))?;
        Ok(Self {
            receiver: Some(receiver),
            thread: Some(thread),
            sheet: sheet.to_owned(),
            shown,
            kind,
            file,
            block: RowBlock::new(),
            next: 0,
            at_end: false,
            blank_rows: 0,
        })
    }

    /// Waits for the next rows; false at the end.
    fn receive(&mut self) -> Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        let handed = self.receiver.as_ref().and_then(|receiver| receiver.recv().ok());
        let Some(handed) = handed else {
            return Err(Error::bug(format!("{}: the sheet's thread is gone", self.shown)));
        };
        match handed {
            Handed::Rows(block, blank_rows) => {
                (self.block, self.next, self.blank_rows) = (block, 0, blank_rows);
                Ok(true)
            }
            Handed::End(blank_rows) => {
                (self.at_end, self.blank_rows) = (true, blank_rows);
                Ok(false)
            }
            Handed::Failed(error) => {
                self.at_end = true;
                Err(error)
            }
        }
    }
}

impl Drop for WorkbookRows {
    /// Waits for the thread, so that the workbooks in memory are never more than those being
    /// read, and a temporary copy is gone when its folder is.
    fn drop(&mut self) {
        // It ends at the next rows that nobody takes.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // A panic in it was told as an error.
            let _ = thread.join();
        }
    }
}

impl Rows for WorkbookRows {
    fn fill(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<()> {
        while block.len() < most_rows && block.text_bytes() < BLOCK_BYTES {
            if self.next < self.block.len() {
                block.push_row_of(&self.block, self.next);
                self.next += 1;
            } else if !self.receive()? {
                break;
            }
        }
        Ok(())
    }

    fn blank_rows(&self) -> u64 {
        self.blank_rows
    }

    fn merged(&mut self) -> Result<Vec<Merged>> {
        let mut book = Workbook::open(&self.file.path, self.kind, &self.shown)?;
        let merged = book.merged(&self.sheet, &self.shown)?;
        Ok(merged
            .into_iter()
            .map(|range| Merged {
                first_row: u64::from(range.start.0) + 1,
                last_row: u64::from(range.end.0) + 1,
                first_column: range.start.1 as usize,
                last_column: range.end.1 as usize,
            })
            .collect())
    }
}
