//! Every path: folders behind URLs, durable local writes, the warehouse and its tables.

mod counting;
mod data_file;
mod delta;
mod durable;
mod location;
mod lock;
mod maintenance;
mod parquet_file;
mod retention;
mod scratch;
mod warehouse;

pub use counting::Requests;
pub use data_file::{DataFile, Slot};
pub use delta::TableVersion;
pub use durable::is_left_over;
pub use location::{AT_ONCE, Location};
pub use lock::Lock;
pub use maintenance::{LeftOvers, TableUpkeep, plan_upkeep};
pub use parquet_file::{EncodedFile, FileBody, ParquetEncoder, is_sorted_by};
pub use retention::RetentionMark;
pub use scratch::{SPILL, Scratch};
pub use warehouse::{RunStamp, STAGING, TableState, Warehouse};
