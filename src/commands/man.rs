//! `clientbase man`: manual pages made from the help texts.

use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;

/// Prints the manual page, or writes one page a command to a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(output: Option<&Path>, console: &Console) -> Result<ExitCode> {
    let Some(folder) = output else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        console.data(String::from_utf8_lossy(&page).trim_end())?;
        return Ok(ExitCode::Ok);
    };
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| {
        Error::store(format!("cannot write manual pages to {}", folder.display())).because(error)
    })?;
    console.talk(format_args!("manual pages are in {}", folder.display()));
    Ok(ExitCode::Ok)
}
