//! Delivered files of any format → rows of text cells.
//!
//! [`members()`] lists the tables in a file, [`Table`] finds the header of one and delivers its
//! rows in [`RowBlock`]s. What cells mean is decided above: [`parse_decimal`],
//! [`parse_integer`] and [`DateParser`] read their text strictly.

mod block;
mod bytes;
mod compound;
mod dates;
mod delimited;
mod header;
mod json_lines;
mod layout;
mod members;
mod month_names;
mod numbers;
mod ods_size;
mod parquet_rows;
mod parquet_text;
mod rows;
mod sniff;
mod spreadsheet;
mod table;
mod workbook;
mod workbook_check;
mod xls_size;
mod xml_nesting;
mod zip_file;

#[cfg(test)]
mod tests;

pub use block::{Cell, CellKind, RowBlock};
pub use dates::{DateParser, SALE_YEARS};
pub use header::header_name;
pub use layout::{Format, Layout, ReadLimits};
pub use members::{Member, members};
pub use month_names::{MonthName, RUSSIAN, russian_month};
pub use numbers::{NumberFormat, parse_decimal, parse_integer};
pub use table::Table;
