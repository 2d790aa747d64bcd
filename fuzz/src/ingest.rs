//! The part of `ingest` that pipeline files speak of: the canonical tables.

#[path = "../../src/ingest/canonical.rs"]
mod canonical;

pub use canonical::*;
