//! What the user says instead of leaving it to be worked out.

use std::path::PathBuf;

use super::date_shape::DateOrder;
use super::dictionary::Role;

/// What becomes of lines without a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoClient {
    /// They are left out by a rule, and counted.
    Exclude,
    /// They are rejected, and the run is refused when they are too many.
    Reject,
}

/// What the user says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Order of day and month where it cannot be seen.
    pub date_order: Option<DateOrder>,
    /// Decimal separator, `.` or `,`.
    pub decimal: Option<char>,
    /// Encoding of the text.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Delimiter of the text.
    pub delimiter: Option<u8>,
    /// Globs on the names of sheets.
    pub sheets: Option<Vec<String>>,
    /// Line or row of the header.
    pub header_row: Option<u64>,
    /// Columns and the headers they come from.
    pub columns: Vec<(Role, String)>,
    /// Headers of columns whose blank cells take the value above.
    pub fill_down: Vec<String>,
    /// What becomes of lines without a client.
    pub no_client: Option<NoClient>,
    /// Where the project is to be written.
    pub project: Option<PathBuf>,
}
