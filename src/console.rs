//! Talk goes to stderr, data to stdout; progress only where a person watches.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use crate::error::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows no progress bar.
const QUIET_START: Duration = Duration::from_secs(1);

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Details, month by month.
    Verbose,
}

/// Where a command speaks.
#[derive(Debug, Clone)]
pub struct Console {
    verbosity: Verbosity,
    watched: bool,
}

#[expect(clippy::print_stderr, reason = "the one place that writes to the terminal")]
impl Console {
    /// A console of the given verbosity on the process's terminal.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, watched: std::io::stderr().is_terminal() }
    }

    /// Says something to a person.
    pub fn talk(&self, text: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Normal {
            eprintln!("{text}");
        }
    }

    /// Says something to a person who asked for details.
    pub fn detail(&self, text: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Verbose {
            eprintln!("{text}");
        }
    }

    /// Whether details are wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// Whether even ordinary talk is unwanted.
    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Says what must not be missed; never silenced.
    pub fn alert(&self, text: impl std::fmt::Display) {
        eprintln!("{text}");
    }

    /// Says what went wrong and what to do; never silenced.
    pub fn error(&self, error: &crate::error::Error) {
        eprintln!("error: {}", error.chain());
        if let Some(hint) = error.hint_text() {
            eprintln!("hint: {hint}");
        }
    }

    /// Writes data. A reader that has gone away is no error.
    ///
    /// # Errors
    /// When standard output cannot be written, as on a full disk.
    pub fn data(&self, text: impl std::fmt::Display) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::store("standard output cannot be written").because(error))
            }
            _ => Ok(()),
        }
    }

    /// Writes a file's bytes to standard output. A reader that has gone away is no error.
    ///
    /// # Errors
    /// When standard output cannot be written, as on a full disk.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::store("standard output cannot be written").because(error))
            }
            _ => Ok(()),
        }
    }

    /// Starts a progress bar that shows itself after a second, on a terminal only.
    pub fn progress(&self, what: &'static str, steps: u64) -> Progress {
        let hidden = ProgressDrawTarget::hidden();
        let bar = ProgressBar::with_draw_target(Some(steps), hidden).with_message("");
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        if self.watched && self.verbosity == Verbosity::Normal {
            let shown = bar.downgrade();
            std::thread::spawn(move || {
                std::thread::sleep(QUIET_START);
                if let Some(bar) = shown.upgrade().filter(|bar| !bar.is_finished()) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.tick();
                }
            });
        }
        Progress(bar)
    }
}

/// A running piece of work.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Names the step that starts.
    pub fn begin(&self, step: &str) {
        self.0.set_message(step.to_owned());
    }

    /// One step is done.
    pub fn advance(&self, step: &str) {
        self.0.set_message(step.to_owned());
        self.0.inc(1);
    }

    /// All is done; the bar disappears.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
