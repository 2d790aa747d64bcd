//! What the user says instead of leaving it to be worked out.

use super::date_shape::DateOrder;
use super::dictionary::Role;

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
}
