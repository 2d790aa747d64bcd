//! Exit codes: the part of the interface that schedulers react to.

/// What the process tells its caller. Values follow `sysexits.h`; wrong usage of
/// the command line itself is reported by the argument parser as 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Ok = 0,
    /// The data was refused: too many rejects, conflicting snapshots or a failed audit.
    DataRejected = 65,
    /// A bug in clientbase; please report it.
    Bug = 70,
    /// A store, folder or disk could not be read or written.
    StoreUnavailable = 69,
    /// Another run holds the warehouse; try again later.
    Locked = 75,
    /// The pipeline file, a SQL file or a parameter is wrong.
    Configuration = 78,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code as u8)
    }
}
