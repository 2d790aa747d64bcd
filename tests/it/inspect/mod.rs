//! Exports as real programs write them, inspected by the program itself.

mod any_bytes; // nothing makes it stop
mod cases; // what is worked out, shown and written
mod exports; // the files
mod next; // what to type next, and where files are named from
mod odd_exports; // the habits of real programs
mod questions; // what cannot be proven is asked
mod rows; // which rows are sales
mod runner;
mod two_commands; // from an unknown file to results
