//! What every format does alike: deliver its rows from the top.

use super::block::RowBlock;
use crate::error::{Error, Result};

/// Text of a block from which on it is full, in bytes.
pub(super) const BLOCK_BYTES: usize = 1 << 20;

/// The rows of a table from the top.
pub(super) trait Rows: Send {
    /// Adds at most `most_rows` rows to the block; nothing at the end.
    fn fill(&mut self, block: &mut RowBlock, most_rows: usize) -> Result<()>;

    /// Blank rows passed over so far.
    fn blank_rows(&self) -> u64;

    /// Says the names of the columns, once they are known.
    fn set_header(&mut self, _names: &[String]) {}

    /// Names of the columns, where the format has them apart from its rows.
    fn schema(&self) -> Option<&[String]> {
        None
    }

    /// Why a column cannot be read, if it cannot.
    fn refused_column(&self, _column: usize) -> Option<&'static str> {
        None
    }

    /// Merged ranges of a sheet, asked for while its header is put together.
    fn merged(&mut self) -> Result<Vec<Merged>> {
        Ok(Vec::new())
    }
}

/// A merged range: rows count from 1, columns from 0, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub first_row: u64,
    pub last_row: u64,
    pub first_column: usize,
    pub last_column: usize,
}

/// Runs a parser of foreign bytes that may panic on damaged ones.
pub(super) fn guarded<T>(shown: &str, parse: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(parse)).unwrap_or_else(|_| {
        Err(Error::data(format!("{shown}: the file is damaged"))
            .hint("open it in the program that made it and save it again"))
    })
}
