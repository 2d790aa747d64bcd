//! The way from a finished build to published files, as types:
//!
//! ```text
//! Staged ──audit──▶ Audited ──commit──▶ Committed ──publish──▶ Published
//!    └── failed audits: nothing is committed, offending rows are kept
//! ```
//!
//! Only an audited state can be committed and only a committed one published: no other
//! code can make these values.

mod commit;
mod manifest;
mod published;

pub use commit::{Audited, Committed, Staged};
pub use manifest::{Manifest, PublishedFile, PublishedTable};
pub use published::Published;
