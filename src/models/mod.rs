//! SQL files → headers, contracts, order and fingerprints. Nothing here touches data.

mod catalog;
mod columns;
mod fingerprint;
mod header;
mod model;
mod sql_file;
mod window;

pub use catalog::Catalog;
pub use columns::{Column, same_type};
pub use fingerprint::{Fingerprint, FingerprintBuilder};
pub use model::{Audit, Definition, Layer, Model, RUN_PARAMETERS, RawColumn, SEGMENTS, Staging};
pub use sql_file::SqlFile;
pub use window::{Read, Window};
