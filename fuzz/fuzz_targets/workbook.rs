//! Any bytes as a workbook. Gets deep into `.xls`; for what is in zip files see
//! `workbook_parts`.
//!
//! Input: a byte of options, then the file.
#![no_main]

use clientbase_fuzz::{panics, workbook};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(init: panics::allow_in_workbook_parsers(), |data: &[u8]| -> Corpus {
    let [options, bytes @ ..] = data else { return Corpus::Reject };
    workbook::read(bytes, *options);
    Corpus::Keep
});
