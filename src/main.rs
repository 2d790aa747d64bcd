//! `clientbase`: parse → run → exit code.

use clap::Parser as _;
use clientbase::cli::Cli;
use clientbase::commands;
use clientbase::console::{Console, Verbosity};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    commands::start_logging(cli.global.verbose);
    let console = Console::new(verbosity);
    let code = match commands::execute(cli, &console) {
        Ok(code) => code,
        Err(error) => {
            console.error(&error);
            error.exit_code()
        }
    };
    code.into()
}
