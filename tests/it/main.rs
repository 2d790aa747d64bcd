//! The one integration-test binary: linking the query engine once is enough.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on stops, and says so when it skips"
)]

mod bad_input; // the table of docs/bad-input.md, row by row
mod bad_places; // the same: names, links, files that change
mod commands; // one end-to-end snapshot per command and exit code
mod contracts; // what is unlike the deliveries before
mod crossings; // deliveries and dying runs that get in each other's way
mod deliveries; // what a delivered file replaces
mod explain; // plans of the heavy models
mod faults; // killed runs, locks, broken stores
mod feeds; // what is known beside the sales
mod files; // how delivered files may be written
mod history; // as known then, differences, the chain of runs
mod incremental; // fingerprints decide all work
mod independent; // results on real data against programs of their own
mod inspect; // unknown exports are worked out
mod maintain; // nothing that a kept run refers to is ever removed
mod object_store; // sources in S3
mod oracle; // results on real data against independent ones
mod requests; // what a run asks of its stores
mod restatements; // months that were known and changed, and closed months
mod sample; // the stories of the sample data
mod segments; // target segments and their export
mod slt; // model logic on tiny inputs
mod support;
mod windows; // declared windows against full inputs, slices, threads
