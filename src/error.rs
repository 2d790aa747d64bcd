//! Errors, split by whose fault they are, because that decides what to do next.

use std::fmt;

use crate::exit_code::ExitCode;

/// What every fallible function of the crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault an error is. Each kind has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The pipeline file, a SQL file, a parameter or an argument is wrong.
    Configuration,
    /// The delivered data is not acceptable.
    Data,
    /// A store, folder or disk failed.
    Store,
    /// Someone else holds the warehouse.
    Locked,
    /// clientbase broke one of its own rules.
    Bug,
}

/// An error a person can act on: what failed, why, and what to do about it.
pub struct Error(Box<Inner>);

struct Inner {
    fault: Fault,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    hint: Option<String>,
}

impl Error {
    fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { fault, message: message.into(), source: None, hint: None }))
    }

    /// The pipeline file, a SQL file, a parameter or an argument is wrong (exit 78).
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Fault::Configuration, message)
    }

    /// The delivered data is not acceptable (exit 65).
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Fault::Data, message)
    }

    /// A store, folder or disk failed (exit 69).
    pub fn store(message: impl Into<String>) -> Self {
        Self::new(Fault::Store, message)
    }

    /// Someone else holds the warehouse (exit 75).
    pub fn locked(message: impl Into<String>) -> Self {
        Self::new(Fault::Locked, message)
    }

    /// clientbase broke one of its own rules (exit 70).
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Fault::Bug, message)
            .hint("this is a bug in clientbase: please report it with the run report")
    }

    /// Adds the error that caused this one.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the reader can do about it; printed on a line of its own.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The code the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        match self.0.fault {
            Fault::Configuration => ExitCode::Configuration,
            Fault::Data => ExitCode::DataRejected,
            Fault::Store => ExitCode::StoreUnavailable,
            Fault::Locked => ExitCode::Locked,
            Fault::Bug => ExitCode::Bug,
        }
    }

    /// The hint, if there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The message followed by its causes, one line.
    pub fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let part = error.to_string();
            // Libraries repeat their cause in their own text; say it once.
            if !text.contains(&part) {
                text.push_str(": ");
                text.push_str(&part);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.0.fault, self.chain())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Whether the operating system is behind an error, rather than what was read.
pub fn is_of_store(error: &(dyn std::error::Error + 'static)) -> bool {
    any_cause(error, &|cause| {
        // Damaged compressed files come as other kinds; an operating system has a number.
        let error = cause.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.raw_os_error().is_some())
    })
}

/// Whether something holds of an error or of what is behind it.
pub fn any_cause(
    error: &(dyn std::error::Error + 'static),
    holds: &dyn Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An input or output error wraps another without naming it as its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if holds(error) || wrapped.is_some_and(|inner| any_cause(inner, holds)) {
            return true;
        }
        cause = error.source();
    }
    false
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::store("input or output failed").because(error)
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::store("a Parquet file could not be read or written").because(error)
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        match error {
            // Rows on their way to disk.
            arrow::error::ArrowError::IoError(_, cause) => cause.into(),
            error => Self::bug("columns do not fit together").because(error),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::bug("a document could not be written as JSON").because(error)
    }
}
