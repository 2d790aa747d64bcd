//! `clientbase completions`: a script for the shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Result;
use crate::exit_code::ExitCode;

/// Prints the completion script of a shell.
///
/// # Errors
/// Never; the signature is that of every command.
pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "clientbase", &mut script);
    // A reader that has gone away is no error.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), &script);
    Ok(ExitCode::Ok)
}
