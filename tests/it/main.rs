//! The one integration-test binary: linking the query engine once is enough.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on stops, and says so when it skips"
)]

mod commands; // one end-to-end snapshot per command and exit code
mod faults; // killed runs, locks, broken stores
mod files; // how delivered files may be written
mod history; // as known then, differences, the chain of runs
mod incremental; // fingerprints decide all work
mod maintain; // nothing that a kept run refers to is ever removed
mod oracle; // results on real data against independent ones
mod sample; // the stories of the sample data
mod slt; // model logic on tiny inputs
mod support;
mod windows; // declared windows against full inputs, slices, threads
