//! clientbase: nightly client-base analytics from sales exports.
//!
//! The modules stand in the order in which data flows.

pub mod cli; // what a person types
pub mod commands; // one verb a file
pub mod config; // pipeline file → checked types
pub mod reading; // files of any format → rows of text cells
pub mod inspect; // an unknown export → how it is to be read, and a project
pub mod ingest; // delivered files → canonical rows and rejects
pub mod store; // every path: warehouse tables, staged files, locks
pub mod models; // SQL files → headers, contracts, order, fingerprints
pub mod engine; // binds and executes models, month by month
pub mod audits; // rows that must not exist
pub mod publish; // staged → audited → committed → published
pub mod report; // what a run says of itself, for people and machines
pub mod compare; // what differs between two runs, and why

pub mod clock; // the only reader of the wall clock
pub mod console; // talk to stderr, data to stdout
pub mod error; // errors by whose fault they are
pub mod exit_code; // what a scheduler reacts to
pub mod month; // calendar months

/// The system's allocator keeps what dozens of threads of a run have freed: with it the peak is
/// twice as high. See `docs/performance.md`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
