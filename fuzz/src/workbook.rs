//! Reads bytes as a workbook.

use crate::delivery::{Opening, read_all};
use crate::reading::{Format, Layout};

/// Reads all sheets. The options: sheets by name, rows of the header, with or without a look
/// for it.
pub fn read(bytes: &[u8], options: u8) {
    let layout = Layout {
        format: Some(Format::Workbook),
        sheets: (options & 1 != 0).then(|| vec!["*".to_owned()]),
        header_rows: 1 + (options >> 1 & 1),
        ..Layout::default()
    };
    let opening = if options & 4 == 0 { Opening::Raw } else { Opening::Header };
    // Without an ending the content decides which kind of workbook it is.
    let _ = read_all("book", bytes, &layout, opening, 7);
}
