//! The readers of clientbase as they stand in `../src`, for the fuzz targets.

#[path = "../../src/config/mod.rs"]
pub mod config;
#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/exit_code.rs"]
pub mod exit_code;
pub mod ingest;
#[path = "../../src/reading/mod.rs"]
pub mod reading;

pub mod delivery;
pub mod panics;
pub mod workbook;
